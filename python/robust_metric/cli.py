"""The command ``robust-metric``: a demonstration, and fitting and certifying on one's own data."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from . import __version__, datasets
from .data_files import STANDARD_INPUT, Parts, read_csv

if TYPE_CHECKING:
    from .report import RobustErrorCurve

DATA_HELP = (
    "a .npz file (arrays X_train, y_train, X_test, y_test, or X, y), a LIBSVM file "
    "(.libsvm, .svm, .txt), a .csv file, - for CSV on standard input, one of digits, iris, wine, "
    "breast_cancer, or a name on OpenML"
)

FAILED, ERROR, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141
EXIT_CODES = f"""exit codes:
  0    done, and every check passed
  {FAILED}    a check failed: a certificate that 'check' cannot prove
  {ERROR}    wrong usage or input; one line on standard error says what
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
        reason = " ".join(str(error).split()) or type(error).__name__
        print(f"robust-metric {args.command}: error: {reason}", file=sys.stderr)
        return ERROR


def _demo(args: argparse.Namespace) -> None:
    from . import report
    from .demo import run_demo

    # the story goes to whoever watches, the numbers to whoever reads them
    with redirect_stdout(sys.stderr) if args.json else nullcontext():
        curves = run_demo(args.out, seed=args.seed, n_jobs=args.n_jobs)
    if args.json:
        radii = report.round_radii(curves)
        print_json(
            {
                "folder": args.out,
                "radii": radii.tolist(),
                "curves": [
                    {"metric": curve.method, **curve_values(curve, "certified_robust_error", radii)}
                    for curve in curves
                ],
            }
        )


def _check(args: argparse.Namespace) -> int:
    from . import check

    if not args.json:
        return check.main([args.certificates, args.model])
    found = check.check(args.certificates, args.model)
    print_json(
        {
            "proved": found.proved,
            "radius_0": found.trivial,
            "failures": found.failures,
            "ok": found.ok,
        }
    )
    return int(not found.ok)


def curve_values(curve: RobustErrorCurve, error: str, radii: NDArray[np.float64]) -> dict[str, Any]:
    """Return what ``--json`` prints of a curve, its errors at the radii under a name."""
    return {
        "n_neighbors": curve.n_neighbors,
        "radius": curve.kind,
        "clean_error": curve.clean_error,
        "median_radius": finite(curve.median_radius),
        error: curve.errors(radii).tolist(),
    }


def print_json(values: dict[str, Any]) -> None:
    """Print what ``--json`` promises: one object; infinity, which JSON lacks, is null in it."""
    print(json.dumps(values, allow_nan=False, indent=2))


def finite(value: float) -> float | None:
    """Return the number, or None for infinity."""
    return value if math.isfinite(value) else None


def test_part(
    data: str, label: int | str, n_features: int, names: Sequence[str] | None
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return the rows to certify: the test part where there is one, else all rows of the file."""
    parts = _read(data, label, n_features)
    if parts.X_test is not None and parts.y_test is not None:
        X, y = parts.X_test, parts.y_test
    elif is_file(data):
        X, y = parts.X_train, parts.y_train
    else:
        _, X, _, y = datasets.split(parts)
    return as_in_model(X, parts.feature_names, n_features, names), y


def training_part(data: str, label: int | str) -> Parts:
    """Return the rows to fit on: all of a file without a test part, else the training part."""
    parts = _read(data, label, None)
    if is_file(data):
        return parts
    X_train, _, y_train, _ = datasets.split(parts)
    return Parts(X_train, y_train)


def _read(data: str, label: int | str, n_features: int | None) -> Parts:
    if data == STANDARD_INPUT:
        return read_csv(data, label)
    return datasets.read(data, label=label, n_features=n_features)


def is_file(data: str) -> bool:
    """Whether DATA is a file or standard input, and no named data set."""
    return data == STANDARD_INPUT or datasets.is_file(data)


def as_in_model(
    X: NDArray[np.float64],
    given: Sequence[str] | None,
    n_features: int,
    names: Sequence[str] | None,
) -> NDArray[np.float64]:
    """Return the points with the model's features in the model's order, or raise ValueError.

    Columns are told by their names where both the data and the model have some.
    """
    if X.shape[1] != n_features:
        hint = "; is it a file without labels? see --no-label" * (X.shape[1] == n_features - 1)
        raise ValueError(
            f"DATA must have the model's {n_features} features, got {X.shape[1]}{hint}"
        )
    if given is None or names is None or list(given) == list(names):
        return X
    for name in names:
        if name not in given:
            raise ValueError(
                f"DATA must have the model's features, got no column {name!r} among {_few(given)}"
            )
    return np.ascontiguousarray(X[:, [given.index(name) for name in names]])


def check_labels(y: NDArray[Any], classes: NDArray[Any], data: str) -> None:
    """Refuse labels of which none is the model's: every point would count as misclassified."""
    if (y.dtype.kind == "U") != (classes.dtype.kind == "U") or not np.isin(y, classes).any():
        raise ValueError(
            f"DATA must be labelled with the model's classes {_few(classes.tolist())}, "
            f"got {_few(np.unique(y).tolist())} in {data}"
        )


def _few(values: Sequence[Any]) -> str:
    return ", ".join(repr(value) for value in values[:5]) + ", ..." * (len(values) > 5)


def _label(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


def radius_list(text: str) -> list[float]:
    """Parse the value of ``--radii``."""
    try:
        radii = [float(part) for part in text.split(",")]
    except ValueError:
        radii = []
    if not radii or not all(0.0 <= r < math.inf for r in radii):
        raise argparse.ArgumentTypeError(f"wanted numbers like 0,0.1,0.2, got {text!r}")
    return radii


def positive(text: str) -> int:
    """Parse a positive whole number."""
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"wanted a positive whole number, got {text!r}")
    return value


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; ``shtab robust_metric.cli.make_parser`` makes shell completion of it."""
    from . import cli_attack, cli_certify, cli_fit, cli_report

    parser = _Parser(
        prog="robust-metric",
        description="Nearest-neighbour classification with certified radii under a learned metric.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"robust-metric {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    cli_fit.add_to(commands)
    cli_certify.add_to(commands)
    cli_attack.add_to(commands)
    _add_check(commands)
    cli_report.add_to(commands)
    return parser


def add_command(commands: Any, name: str, run: Any, text: str, example: str) -> Any:
    """Add a subcommand with its help."""
    command = commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def add_n_jobs(command: Any) -> None:
    """Add the option ``--n-jobs``."""
    command.add_argument(
        "--n-jobs", type=positive, metavar="N", help="threads (default: all cores)"
    )


def _add_demo(commands: Any) -> None:
    command = add_command(
        commands,
        "demo",
        _demo,
        "learn a metric on handwritten digits, certify, and draw what was gained",
        "robust-metric demo --out digits-demo",
    )
    command.add_argument(
        "--out",
        default="robust-metric-demo",
        metavar="DIR",
        help="folder for pictures, table, models and certificates (default: %(default)s)",
    )
    command.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    add_json(command)
    add_n_jobs(command)


def _add_check(commands: Any) -> None:
    command = add_command(
        commands,
        "check",
        _check,
        "prove certificates anew in rational arithmetic, without the compiled code",
        "robust-metric check certificates.npz model.npz",
    )
    command.add_argument(
        "certificates", metavar="CERTS", help="a file that 'robust-metric certify --evidence' wrote"
    )
    command.add_argument("model", metavar="MODEL", help="the model it was certified with")
    add_json(command)


def add_json(command: Any) -> None:
    """Add the option ``--json``."""
    command.add_argument("--json", action="store_true", help="print JSON instead of text")


def add_label(command: Any) -> None:
    """Add the option ``--label``."""
    command.add_argument(
        "--label",
        type=_label,
        default=-1,
        metavar="COLUMN",
        help="label column of a CSV file, by number or name (default: the last)",
    )


if __name__ == "__main__":
    sys.exit(main())
