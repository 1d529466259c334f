"""The command ``robust-metric``: a demonstration, and fitting and certifying on one's own data."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from .._version import __version__
from ..io.option_messages import in_options
from . import attack, certify, check, counterfactuals, demo, export_evidence, fit, report

FAILED, ERROR, DAMAGED, INTERRUPTED, PIPE_CLOSED = 1, 2, 3, 130, 141
EXIT_CODES = f"""exit codes:
  0    done, and every check passed
  {FAILED}    a check failed: a certificate that 'check' cannot prove
  {ERROR}    wrong usage or input; one line on standard error says what
  {DAMAGED}    a damaged file, where 'check' is given one
  {INTERRUPTED}  interrupted by Ctrl-C
  {PIPE_CLOSED}  whoever read standard output has gone"""


class _Parser(argparse.ArgumentParser):
    """argparse's parser, with errors of one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(ERROR, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; by default those of the process.

    Returns
    -------
    int
        An exit code, as ``EXIT_CODES`` lists them. Wrong usage and ``--help`` leave through
        SystemExit, as argparse does.
    """
    args = make_parser().parse_args(argv)
    try:
        code = args.run(args) or 0
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("robust-metric: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # what is still in the buffer has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (ValueError, OSError, ImportError, MemoryError) as error:
        reason = in_options(error) or type(error).__name__
        print(f"robust-metric {args.command}: error: {reason}", file=sys.stderr)
        return ERROR


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; ``shtab robust_metric.cli.make_parser`` makes shell completion of it."""
    parser = _Parser(
        prog="robust-metric",
        description="Nearest-neighbour classification with certified radii under a learned metric.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"robust-metric {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo.add_to(commands)
    fit.add_to(commands)
    certify.add_to(commands)
    attack.add_to(commands)
    counterfactuals.add_to(commands)
    check.add_to(commands)
    export_evidence.add_to(commands)
    report.add_to(commands)
    return parser
