"""Options of the command line that say what the columns of a CSV file are."""

from __future__ import annotations

import argparse
from typing import Any

from .csv_tables import Columns, LabelColumn


def add_to(command: Any) -> None:
    """Add the options that say what the columns of a CSV file are."""
    group = command.add_argument_group(
        "columns of a CSV file", "By number, from 0 or from the end if negative, or by name."
    )
    group.add_argument(
        "--label",
        type=_column,
        metavar="COLUMN",
        help="label column (default: that of the table that a model was fitted to, or the last)",
    )
    for option, text in (
        ("--drop", "columns that are no features, such as an index"),
        ("--only", "columns that alone are features, beside label and id"),
    ):
        group.add_argument(option, type=_columns, default=[], metavar="COLUMN,...", help=text)
    group.add_argument(
        "--id",
        type=_column,
        metavar="COLUMN",
        help="column that names the rows: no feature, passed through to --predictions",
    )
    group.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first line names the columns (default: told by the line, or an error)",
    )


def chosen(args: argparse.Namespace, of_model: LabelColumn | None = None) -> Columns:
    """Return what the options say about the columns; a model knows where its labels are."""
    label: int | str | LabelColumn = of_model or -1
    label = label if args.label is None else args.label
    return Columns(label, args.header, args.drop, args.only, args.id)


def _columns(text: str) -> list[int | str]:
    return [_column(part.strip()) for part in text.split(",")]


def _column(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text
