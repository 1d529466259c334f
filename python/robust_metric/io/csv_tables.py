"""CSV tables as text: which line is the header, which columns are features, label and id."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._base.arrays import Floats
from .csv_header import Lines, is_header, is_missing, is_number

STANDARD_INPUT = "-"

# Whether there is a header is decided by so many lines.
LINES_LOOKED_AT = 1000


@dataclass(frozen=True)
class Columns:
    """What the columns of a CSV file are; numbers count from 0, or from the end if negative.

    Parameters
    ----------
    label : int or str, or None
        The label column, by number or name; None where there is none.
    header : bool, optional
        Whether the first line names the columns; by default the rule of ``csv_header`` decides.
    names : sequence of str, optional
        Feature names of the model that the table is for.
    classes : sequence of str, optional
        Class labels of the model that the table is for.
    """

    label: int | str | None = -1
    header: bool | None = None
    names: Sequence[str] | None = None
    classes: Sequence[str] | None = None


DEFAULT_COLUMNS = Columns()


class Table(NamedTuple):
    """A CSV file, read: (n, d) points, labels as they are written (none without a label column)."""

    points: Floats
    labels: list[str]
    feature_names: tuple[str, ...] | None


def read_table(path: str | os.PathLike[str], columns: Columns) -> Table:
    """Read a CSV file; ``-`` is standard input.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is malformed, or it is in doubt whether its first line is a header.
    """
    rows = _csv_rows(path)
    lines = list(islice(rows, LINES_LOOKED_AT))
    if not lines:
        raise ValueError(f"name_or_path must name a CSV file with data, got {path}, which is empty")
    first = [cell.strip() for cell in lines[0][1]]
    label = None if columns.label is None else _label_column(columns, first, path)
    features = [j for j in range(len(first)) if j != label]
    looked_at = Lines(
        first, [row for _, row in lines[1:] if len(row) == len(first)], features, label
    )
    headed = _is_headed(looked_at, columns, path)
    if headed:
        _check_names([first[j] for j in features], path)
        del lines[0]
    points: list[Floats] = []
    labels: list[str] = []
    for number, cells in chain(lines, rows):
        if len(cells) != len(first):
            raise ValueError(
                f"name_or_path must name a CSV file of {len(first)} cells a line, as in the first, "
                f"got {len(cells)} in line {number} of {path}"
            )
        if label is not None:
            labels.append(cells[label].strip())
        points.append(_csv_point([cells[j] for j in features], number, path))
    if not points:
        raise ValueError(
            f"name_or_path must name a CSV file with data, got only a header in {path}"
        )
    return Table(np.stack(points), labels, tuple(first[j] for j in features) if headed else None)


def _is_headed(lines: Lines, columns: Columns, path: object) -> bool:
    """Whether the first line is a header, or ValueError where that is in doubt."""
    if columns.header is not None:
        return columns.header
    if isinstance(columns.label, str):
        return True
    found = is_header(lines, columns.names, columns.classes)
    if found is None:
        raise ValueError(
            f"header must be given, since the first line of {path}, {_few(lines.first)}, may name "
            "the columns or be a row: --header or --no-header (in Python header=True or False)"
        )
    return found


def _check_names(names: list[str], path: object) -> None:
    """Refuse features of one name: no column could be told by it."""
    for name in names:
        if name and names.count(name) > 1:
            raise ValueError(
                f"name_or_path must name a CSV file whose columns have different names, got {name!r} "
                f"twice in the first line of {path}; rename one of them"
            )


def _csv_rows(path: str | os.PathLike[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers and cells, without blank lines; a line of empty cells is not blank."""
    if os.fspath(path) != STANDARD_INPUT and not Path(path).is_file():
        raise FileNotFoundError(f"name_or_path must name an existing file, got {path}")
    number = 0
    try:
        with _opened(path) as stream:
            reader = csv.reader(stream, strict=True)
            for cells in reader:
                number = reader.line_num
                if cells and not (len(cells) == 1 and cells[0].isspace()):
                    yield number, cells
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(
            f"name_or_path must name a CSV file in UTF-8, got {path}: {error} after line {number}"
        ) from error


def _opened(path: str | os.PathLike[str]) -> io.TextIOBase:
    if os.fspath(path) == STANDARD_INPUT:  # read whole: whoever owns the stream closes it
        return io.StringIO(sys.stdin.buffer.read().decode("utf-8-sig"), newline="")
    return open(path, newline="", encoding="utf-8-sig")


def _label_column(columns: Columns, first: list[str], path: object) -> int:
    label = columns.label
    if len(first) < 2:
        raise ValueError(
            "name_or_path must name a CSV file of at least two columns separated by commas, "
            f"got one in {path}"
        )
    if isinstance(label, str):
        if columns.header is False:
            raise ValueError(
                f"label must be a column number where {path} has no header, got {label!r}"
            )
        if first.count(label) != 1:
            raise ValueError(
                f"label must name one column of {path}, got {label!r}; its first line is {_few(first)}"
            )
        return first.index(label)
    if label is None or not -len(first) <= label < len(first):
        raise ValueError(
            f"label must be a column number from {-len(first)} to {len(first) - 1}, got {label}"
        )
    return label % len(first)


def _csv_point(cells: list[str], number: int, path: object) -> Floats:
    text = "".join(cells)
    try:
        if "_" in text or not text.isascii():  # Python's own numbers may hold such digits
            raise ValueError
        return np.array(cells, dtype=np.float64)
    except ValueError:
        odd = next(cell for cell in cells if not is_number(cell))
        remedy = (
            "fill missing values or leave rows out" if is_missing(odd) else "turn text into numbers"
        )
        raise ValueError(
            f"name_or_path must name a CSV file of numbers (and a label), got {odd!r} "
            f"in line {number} of {path}; {remedy} first"
        ) from None


def _few(cells: Sequence[str]) -> str:
    return ", ".join(cells[:20]) + ", ..." * (len(cells) > 20)
