"""Whether the first line of a CSV file names its columns: one rule, which refuses where it is in doubt.

A table whose header is taken for a row has one point too many, and one whose first row is taken for
a header loses it; neither is seen in the numbers that come out. The rule (in ``docs/command_line.md``):

1. What was asked for decides: a header or none, or a column by its name.
2. The names that a model knows decide, if all of them stand in the line.
3. A first line whose label is text, and occurs again as a label, is a row.
4. Text above numbers, and no number in the line, is a header; numbers above numbers are a row.
5. Numbers that count 0, 1, 2, ... are a header where two things more speak for it, or text above
   numbers does. Other mixtures, and numbers that look like names, are in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

# Digits are ASCII, and nothing stands between them: Python's float also reads 3_4 and ٣.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf|infinity)", re.A | re.I)
_INTEGER = re.compile(r"[+-]?\d+", re.A)
_MISSING = frozenset({"", "?", "-", ".", "na", "n/a", "nan", "#n/a", "null", "none"})

DOUBTFUL_NUMBERS = 3  # so many that count from 0 are hardly a row by chance


def is_number(cell: str) -> bool:
    """Whether a cell is a decimal number, as tables write them."""
    return _NUMBER.fullmatch(cell.strip()) is not None


def is_integer(cell: str) -> bool:
    """Whether a cell is a number without a point."""
    return _INTEGER.fullmatch(cell.strip()) is not None


def is_missing(cell: str) -> bool:
    """Whether a cell is empty, or says in one of the usual ways that it holds no value."""
    return cell.strip().lower() in _MISSING


class Lines(NamedTuple):
    """The first line of a table, lines below it, and which of their cells are what.

    Parameters
    ----------
    first : list of str, stripped
    below : list of list of str, each as long as ``first``
    features : columns that are to be numbers
    label : the column of labels, or None
    """

    first: Sequence[str]
    below: Sequence[Sequence[str]]
    features: Sequence[int]
    label: int | None


def is_header(
    lines: Lines, names: Sequence[str] | None, classes: Sequence[str] | None
) -> bool | None:
    """Whether the first line names the columns; None where it is in doubt.

    ``names`` and ``classes`` are the feature names and the labels that a model knows.
    """
    first = lines.first
    if names and set(names) <= set(first):
        return True
    if _label_is_a_class(lines, classes):
        return False
    numbers = [j for j in lines.features if is_number(first[j]) and not is_missing(first[j])]
    texts = [j for j in lines.features if not is_number(first[j]) and not is_missing(first[j])]
    if not numbers:
        return bool(texts)
    new = _label_is_new(lines, classes)
    text_above_numbers = any(_holds_numbers(_column(lines, j)) for j in texts)
    if _counts_from_zero(first):
        decimals = all(_holds_decimals(_column(lines, j)) for j in numbers)
        many = len(numbers) >= DOUBTFUL_NUMBERS
        told = text_above_numbers or many + decimals + new >= 2
        return True if told else None
    whole = all(_INTEGER.fullmatch(first[j]) for j in numbers)
    named = whole and all(_holds_decimals(_column(lines, j)) for j in numbers)
    return None if text_above_numbers or named or new else False


def _column(lines: Lines, j: int) -> list[str]:
    """The cells below the first line that hold a value."""
    return [cells[j].strip() for cells in lines.below if not is_missing(cells[j])]


def _holds_numbers(cells: list[str]) -> bool:
    return bool(cells) and all(map(is_number, cells))


def _holds_decimals(cells: list[str]) -> bool:
    """Whether each of several numbers is written with a point or an exponent."""
    return len(cells) > 1 and all(is_number(c) and not _INTEGER.fullmatch(c) for c in cells)


def _label_is_a_class(lines: Lines, classes: Sequence[str] | None) -> bool:
    """Whether the label of the first line is text, and a class of the model or of a line below."""
    if lines.label is None or is_number(lines.first[lines.label]):
        return False
    label = lines.first[lines.label]
    return bool(label) and (label in (classes or ()) or label in _labels(lines))


def _label_is_new(lines: Lines, classes: Sequence[str] | None) -> bool:
    """Whether the labels below are repeated, on average, but the first line's is none of them."""
    if lines.label is None:
        return False
    below = _labels(lines)
    known = {*below, *(classes or ())}
    return lines.first[lines.label] not in known and 0 < 2 * len(set(below)) <= len(below)


def _labels(lines: Lines) -> list[str]:
    return [] if lines.label is None else [cells[lines.label].strip() for cells in lines.below]


def _counts_from_zero(first: Sequence[str]) -> bool:
    """Whether the numbers of a line are 0, 1, 2, ..., beside texts and perhaps an unnamed index."""
    numbers = [cell for cell in first if is_number(cell)]
    counted = numbers == [str(i) for i in range(len(numbers))]
    return counted and not any(is_missing(cell) for cell in first[1:])
