"""CSV tables as text: which line is the header, which columns are features, label and id."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np

from .._base.arrays import Floats
from .._base.exact_input import LARGEST_INTEGER
from .csv_doubts import is_lost_integer
from .csv_header import Lines, is_header, is_missing, is_number
from .csv_lines import check_labels_there, check_length, check_no_header, check_wide, repeats_header
from .csv_text import is_decimal_comma, rows_of

# Whether there is a header is decided by so many lines.
LINES_LOOKED_AT = 1000

# What pandas makes of a column without a name, beside none.
_UNNAMED = re.compile(r"(Unnamed: \d+|__index_level_\d+__)?")

# In fewer rows every column might have different numbers.
FEWEST_ROWS = 5


class LabelColumn(NamedTuple):
    """Where the table that a model was fitted to has its labels: by name, if it has names, and number."""

    name: str | None
    number: int


@dataclass(frozen=True)
class Columns:
    """What the columns of a CSV file are; numbers count from 0, or from the end if negative.

    Parameters
    ----------
    label : int or str, LabelColumn or None
        The label column, by number or name; None where there is none. That of a model is found by its
        name where the first line has it, or else by its number.
    drop, only : sequences of int or str
        Columns that are no features, and those that alone are, beside label and id; by default
        every other column is one.
    id : int or str, optional
        The column that says which row is which: no feature, passed through to predictions.
    header : bool, optional
        Whether the first line names the columns; by default the rule of ``csv_header`` decides.
    names : sequence of str, optional
        Feature names of the model that the table is for.
    classes : sequence, optional
        Class labels of the model that the table is for, of the kind that they are.
    """

    label: int | str | LabelColumn | None = -1
    header: bool | None = None
    drop: Sequence[int | str] = ()
    only: Sequence[int | str] = ()
    id: int | str | None = None
    names: Sequence[str] | None = None
    classes: Sequence[Any] | None = None

    @property
    def by_name(self) -> bool:
        """Whether a column is asked for by its name, so that there must be names."""
        wanted = (self.label, self.id, *self.drop, *self.only)
        return any(isinstance(column, str) for column in wanted)


DEFAULT_COLUMNS = Columns()


class Ids(NamedTuple):
    """What the rows of a table are called, under the name of that column."""

    name: str
    values: list[str]


class Table(NamedTuple):
    """A CSV file, read: (n, d) points, labels as they are written (none without a label column)."""

    points: Floats
    labels: list[str]
    feature_names: tuple[str, ...] | None
    ids: Ids | None
    label: LabelColumn | None


class _Places(NamedTuple):
    """Numbers of the columns, from 0."""

    features: list[int]
    label: int | None
    id: int | None


def read_csv_table(path: str | os.PathLike[str], columns: Columns) -> Table:
    """Read a CSV file; ``-`` is standard input.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is malformed, or it is in doubt whether its first line is a header.
    """
    rows = rows_of(path)
    lines = list(islice(rows, LINES_LOOKED_AT))
    if not lines:
        raise ValueError(f"name_or_path must name a CSV file with data, got {path}, which is empty")
    if columns.label is not None:
        check_wide(lines, path)
    first = [cell.strip() for cell in lines[0][1]]
    places = find_places(columns, first, path)
    check_labels_there(first, lines, places.label, path)
    alike = [row for _, row in lines[1:] if len(row) == len(first)]
    alike = [row for row in alike if not repeats_header(row, first, places.features)]
    headed = _is_headed(Lines(first, alike, places.features, places.label), columns, path)
    if headed:
        check_names(first, places.features, path)
        del lines[0]
    points: list[Floats] = []
    labels: list[str] = []
    ids: list[str] = []
    for number, cells in chain(lines, rows):
        check_length(cells, first, number, path)
        if headed:
            check_no_header(cells, first, places.features, number, path)
        points.append(_csv_point(cells, places.features, number, path, first if headed else None))
        if places.label is not None:
            labels.append(_label(cells, places.label, number, path))
        if places.id is not None:
            ids.append(cells[places.id])
    if not points:
        raise ValueError(
            f"name_or_path must name a CSV file with data, got only a header in {path}"
        )
    names = tuple(first[j] for j in places.features) if headed else None
    called = first[places.id] if headed and places.id is not None else ""
    return Table(
        np.stack(points),
        labels,
        names,
        None if places.id is None else Ids(called or "id", ids),
        label_column(places.label, first, headed),
    )


def label_column(place: int | None, first: list[str], headed: bool) -> LabelColumn | None:
    """Return what a model is to remember of its label column; the last one is the last of all tables."""
    if place is None:
        return None
    number = -1 if place == len(first) - 1 else place
    return LabelColumn(first[place] if headed else None, number)


def _is_headed(lines: Lines, columns: Columns, path: object) -> bool:
    """Whether the first line is a header, or ValueError where that is in doubt."""
    if columns.header is not None:
        return columns.header
    if columns.by_name:
        return True
    classes = None if columns.classes is None else [str(label) for label in columns.classes]
    found = is_header(lines, columns.names, classes)
    if found is None:
        raise ValueError(
            f"header must be given, since the first line of {path}, {_few(lines.first)}, may name "
            "the columns or be a row: --header or --no-header (in Python header=True or False)"
        )
    return found


def check_names(first: list[str], features: list[int], path: object) -> None:
    """Refuse features of one name, and such without one: an index, as a rule."""
    names = [first[j] for j in features]
    for j, name in zip(features, names, strict=True):
        if _UNNAMED.fullmatch(name):
            raise ValueError(
                f"name_or_path must name a CSV file whose features have names, got {name!r} for "
                f"column {j} of {path}; if it is an index, leave it out by --drop {j} "
                f"(in Python drop=[{j}]) or hand it through by --id {j}"
            )
        if names.count(name) > 1:
            raise ValueError(
                f"name_or_path must name a CSV file whose columns have different names, got {name!r} "
                f"twice in the first line of {path}; rename one of them, or leave it out by --drop {j}"
            )


def warn_of_ids(table: Table, path: object) -> None:
    """Warn of features that look like numbers of rows or of records: they tell nothing of others."""
    for j, column in enumerate(table.points.T):
        how = _numbers_rows(column)
        if how is not None:
            name = f"column {table.feature_names[j]!r}" if table.feature_names else f"feature {j}"
            warnings.warn(
                f"{name} of {path} {how}: if it is an id, leave it out by --drop or hand it "
                "through by --id (in Python drop=)",
                UserWarning,
                stacklevel=2,
            )


def _numbers_rows(column: Floats) -> str | None:
    """What a column does that counts rows, or numbers them otherwise; None where it does neither."""
    n = len(column)
    if n < FEWEST_ROWS or not np.isfinite(column).all() or (column != np.rint(column)).any():
        return None
    if (np.diff(column) == 1.0).all():
        return "counts the rows"
    return "has another whole number in each row" if len(np.unique(column)) == n else None


def find_places(columns: Columns, first: list[str], path: object) -> _Places:
    """Find the columns that were asked for in the first line."""

    def place(option: str, column: int | str) -> int:
        return _place(option, column, first, columns.header, path)

    if columns.label is not None and len(first) < 2:
        raise ValueError(
            f"name_or_path must name a table of at least two columns, got one in {path}"
        )
    wanted = columns.label
    if isinstance(wanted, LabelColumn):
        wanted = _remembered(wanted, first)
    label = None if wanted is None else place("label", wanted)
    id_ = None if columns.id is None else place("id", columns.id)
    drop = [place("drop", column) for column in columns.drop]
    only = [place("only", column) for column in columns.only]
    if (id_ is not None and id_ == label) or label in (*drop, *only) or id_ in only:
        raise ValueError(
            f"label, id and features must be different columns of {path}, got one of them twice"
        )
    taken = {label, id_, *drop}
    features = [j for j in only or range(len(first)) if j not in taken]
    if not features:
        raise ValueError(f"name_or_path must name a CSV file with features, got none in {path}")
    return _Places(features, label, id_)


def _remembered(label: LabelColumn, first: list[str]) -> int:
    """Return the number of a model's label column in this table."""
    # a number may be a value of a row
    named = label.name is not None and not is_number(label.name) and first.count(label.name) == 1
    return first.index(label.name) if named and label.name is not None else label.number


def _place(
    option: str, column: int | str, first: list[str], header: bool | None, path: object
) -> int:
    """Return a column's number, from 0."""
    if isinstance(column, str):
        if header is False:
            raise ValueError(
                f"{option} must be a column number where {path} has no header, got {column!r}"
            )
        if first.count(column) != 1:
            raise ValueError(
                f"{option} must name one column of {path}, got {column!r}; "
                f"its first line is {_few(first)}"
            )
        return first.index(column)
    if not -len(first) <= column < len(first):
        raise ValueError(
            f"{option} must be a column number from {-len(first)} to {len(first) - 1}, got {column}"
        )
    return column % len(first)


def _label(cells: list[str], place: int, number: int, path: object) -> str:
    label = cells[place].strip()
    if not label:
        raise ValueError(
            f"y must be given for every point, got an empty label in line {number}, column {place} of "
            f"{path}; fill it or leave the line out"
        )
    return label


def _csv_point(
    row: list[str], features: list[int], number: int, path: object, names: list[str] | None
) -> Floats:
    cells = [row[j] for j in features]
    text = "".join(cells)
    try:
        if "_" in text or not text.isascii():  # Python's own numbers may hold such digits
            raise ValueError
        point = np.array(cells, dtype=np.float64)
        if np.abs(point).max() < LARGEST_INTEGER:  # which NaN and infinity are not
            return point
    except ValueError:
        pass
    for j in features:
        reason = _what_is_wrong(row[j])
        if reason is not None:
            called = f" ({names[j]!r})" if names else ""
            raise ValueError(
                f"name_or_path must name a CSV file of numbers (and a label), got {row[j]!r} in line "
                f"{number}, column {j}{called} of {path}; {reason}, or --drop {j}"
            )
    return np.array([cell.strip() for cell in cells], dtype=np.float64)


def _what_is_wrong(cell: str) -> str | None:
    """What is to be done with a cell that is no finite number of float64, or None where it is one."""
    if is_missing(cell):
        return "fill missing values or leave rows out first"
    if is_decimal_comma(cell):
        return "write a decimal point for the comma first, or no separator of thousands"
    if not is_number(cell):
        return "turn text into numbers first"
    if not np.isfinite(float(cell)):
        return "leave out what is not finite first"
    if is_lost_integer(cell):
        return (
            "beyond 2^53 float64 takes neighbouring integers for one: subtract an offset first if it "
            "is no id"
        )
    return None


def _few(cells: Sequence[str]) -> str:
    return ", ".join(cells[:20]) + ", ..." * (len(cells) > 20)
