"""Lines of CSV files that are no rows of a table: titles, comments, repeated headers, open ends."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .csv_header import is_missing, is_number

_COMMENT = ("#", "%", "//")
_LIBSVM = re.compile(r"\S+( \d+:\S+)+ *")


def check_wide(lines: Sequence[tuple[int, list[str]]], path: object) -> None:
    """Refuse a labelled table whose first line has one cell, with what it seems to be instead."""
    first = lines[0][1]
    if len(first) > 1:
        return
    reason = ""
    if first[0].lstrip().startswith(_COMMENT):
        reason = " whose first line seems to be a comment: leave it out"
    elif any(len(cells) > 1 for _, cells in lines[1:]):
        reason = " whose first line seems to be a title: leave out what stands above the table"
    elif _LIBSVM.fullmatch(first[0]):
        reason = " that seems to be in LIBSVM's format: let its name end in .svm"
    elif " " in first[0]:
        reason = " whose cells seem to be separated by spaces: write commas"
    raise ValueError(
        "name_or_path must name a CSV file of at least two columns separated by commas, semicolons, "
        f"tabs or |, got one in {path}{reason}"
    )


def check_labels_there(
    first: Sequence[str], lines: Sequence[tuple[int, list[str]]], label: int | None, path: object
) -> None:
    """Refuse a table of which every line ends in a separator, so that its last column is empty."""
    if label != len(first) - 1 or len(lines) < 2:
        return
    if not any(cells[-1].strip() for _, cells in lines):
        raise ValueError(
            f"label must be a column that has labels, got column {label} of {path}, which is empty: if "
            "each line ends in a separator, say --label -2 --drop -1 (in Python label=-2, drop=[-1])"
        )


def repeats_header(cells: Sequence[str], first: Sequence[str], features: Sequence[int]) -> bool:
    """Whether a line is the first one again, with names of features where numbers should be."""
    named = not any(is_number(first[j]) or is_missing(first[j]) for j in features)
    return named and [cell.strip() for cell in cells] == list(first)


def check_no_header(
    cells: Sequence[str], first: Sequence[str], features: Sequence[int], number: int, path: object
) -> None:
    """Refuse a line that repeats the first, which is a header."""
    if repeats_header(cells, first, features):
        raise ValueError(
            f"name_or_path must name a CSV file of one header, got it again in line {number} of "
            f"{path}; leave that line out"
        )


def check_length(cells: Sequence[str], first: Sequence[str], number: int, path: object) -> None:
    """Refuse a line that has another number of cells than the first."""
    if len(cells) == len(first):
        return
    remedy = "complete it, or quote cells that hold a separator"
    if cells[0].lstrip().startswith(_COMMENT) and len(cells) < len(first):
        remedy = "it seems to be a comment: leave it out"
    elif len(cells) == len(first) + 1 and not cells[-1].strip():
        remedy = "it ends in a separator: leave that out"
    elif len(cells) + 1 == len(first) and not first[-1]:
        remedy = "the first line ends in a separator: leave that out"
    raise ValueError(
        f"name_or_path must name a CSV file of {len(first)} cells a line, as in the first, got "
        f"{len(cells)} in line {number} of {path}; {remedy}"
    )
