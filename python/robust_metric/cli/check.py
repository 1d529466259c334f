"""The subcommand ``robust-metric check``: the independent checker."""

from __future__ import annotations

import argparse
from typing import Any

from ..checker import program
from .options import add_command


def _run(args: argparse.Namespace) -> int:
    return program.run(args, "robust-metric check")


def add_to(commands: Any) -> None:
    """Add the subcommand to a parser's commands."""
    command = add_command(
        commands,
        "check",
        _run,
        "prove certificates anew in rational arithmetic, without the compiled code",
        "robust-metric check certificates.npz model.npz\n"
        "  robust-metric check certificates.npz model.npz --queries test.csv --label species\n"
        "  robust-metric check other.npz model.npz --norm 1 --feature-cost costs.csv\n\n"
        + program.EXIT_CODES,
    )
    program.add_arguments(command)
