"""Options that several subcommands have."""

from __future__ import annotations

import argparse
import math
from typing import Any

DATA_HELP = (
    "a .npz file (arrays X_train, y_train, X_test, y_test, or X, y), a LIBSVM file "
    "(.libsvm, .svm, .txt), a table (.csv, .tsv, .csv.gz, .parquet, .feather, .arrow), - for CSV on "
    "standard input, one of digits, iris, wine, "
    "breast_cancer, or a name on OpenML"
)


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


def add_model_and_data(command: Any) -> None:
    """Add the arguments of subcommands that take a saved model to data."""
    command.add_argument("model", metavar="MODEL", help="a file that 'robust-metric fit' wrote")
    command.add_argument("data", metavar="DATA", help=DATA_HELP)


def add_no_label(command: Any, done: str) -> None:
    """Add the option ``--no-label``, with what is then done to the predictions."""
    command.add_argument(
        "--no-label",
        action="store_true",
        help=f"DATA is a CSV file without classes: the predictions themselves are {done}",
    )


def add_radii(command: Any) -> None:
    """Add the option ``--radii``."""
    command.add_argument(
        "--radii",
        type=_radii,
        metavar="R,R,...",
        help="radii of the table, in scaled units (default: round numbers that span the data)",
    )


def add_n_jobs(command: Any) -> None:
    """Add the option ``--n-jobs``."""
    command.add_argument(
        "--n-jobs", type=positive, metavar="N", help="threads (default: all cores)"
    )


def add_json(command: Any) -> None:
    """Add the option ``--json``."""
    command.add_argument("--json", action="store_true", help="print JSON instead of text")


def _radii(text: str) -> list[float]:
    try:
        radii = [float(part) for part in text.split(",")]
    except ValueError:
        radii = []
    if not radii or not all(0.0 <= r < math.inf for r in radii):
        raise argparse.ArgumentTypeError(f"wanted numbers like 0,0.1,0.2, got {text!r}")
    return radii


def whole_numbers(text: str) -> list[int]:
    """Parse numbers from 0 between commas."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f"wanted numbers like 0,3, got {text!r}")
    return [int(part) for part in parts]


def positive(text: str) -> int:
    """Parse a positive whole number."""
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"wanted a positive whole number, got {text!r}")
    return value


def seconds(text: str) -> float:
    """Parse a positive number of seconds."""
    return _positive_number(text, "a positive number of seconds")


def radius(text: str) -> float:
    """Parse a positive radius."""
    return _positive_number(text, "a positive number")


def _positive_number(text: str, wanted: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"wanted {wanted}, got {text!r}")
    return value
