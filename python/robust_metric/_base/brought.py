"""Frames, arrays and labels as people bring them: what would be misread in silence is refused."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from .arrays import Mask

_TIMES = {"M": "dates", "m": "lengths of time"}
_AS_NUMBERS = "subtract a date, if they are some, and divide by a unit"


def check_table(X: Any) -> None:
    """Refuse columns whose order or values would be taken for something that they are not.

    Raises
    ------
    TypeError
        If there are dates, times, intervals or other objects, which are no numbers, or rows are
        records or mappings.
    ValueError
        If column names have several levels, or are 0, 1, 2, ... in another order: neither could be
        compared with what was fitted. If a column holds text that is no number.
    """
    if isinstance(X, np.ndarray):
        if X.dtype.kind in "mM":
            raise TypeError(f"X must hold numbers, got {_TIMES[X.dtype.kind]}: {_AS_NUMBERS}")
        if X.dtype.names is not None:
            raise TypeError(
                f"X must be an (n, d) array of numbers, got records of {', '.join(X.dtype.names[:5])}; "
                "pandas.DataFrame(X) makes a table of them"
            )
    elif isinstance(X, list | tuple) and len(X) > 0 and isinstance(X[0], Mapping):
        raise TypeError(
            f"X must be a table of numbers, got a {type(X).__name__} of {type(X[0]).__name__}; "
            "pandas.DataFrame(X) makes a table of it"
        )
    elif _is_pandas(X) and hasattr(X, "columns"):
        _check_names(X.columns)
        for j, dtype in enumerate(X.dtypes):
            _check_column(X, j, dtype)


def check_given(y: Any, name: str = "y") -> None:
    """Raise ValueError where a label is None, NaN, NA or NaT: those are no classes."""
    missing = _missing(y)
    if missing is not None and missing.any():
        raise ValueError(
            f"{name} must be given for every row, but contains NaN or nothing in {int(missing.sum())} of "
            f"{missing.size} rows, first in row {int(np.argmax(missing))}; leave those rows out"
        )


def check_kinds(y: Any, name: str = "y") -> None:
    """Refuse lists of numbers and text, which NumPy would turn into text alone."""
    if isinstance(y, list | tuple):
        texts = sum(isinstance(label, str) for label in y)
        if 0 < texts < len(y):
            raise ValueError(
                f"{name} must hold labels of one kind, got {texts} strings among {len(y)} labels; write "
                "all of them as strings or as numbers"
            )


def warn_of_order(X: Any, y: Any) -> None:
    """Warn where rows of a frame and labels of a series have the same index, but in another order."""
    if not (_is_pandas(X) and _is_pandas(y) and hasattr(X, "index") and hasattr(y, "index")):
        return
    a, b = X.index, y.index
    if (
        len(a) == len(b)
        and a.is_unique
        and not a.equals(b)
        and a.sort_values().equals(b.sort_values())
    ):
        warnings.warn(
            "X and y have one index in different orders, but rows and labels are taken as they stand: "
            "y.loc[X.index] brings them together",
            UserWarning,
            stacklevel=4,
        )


def _is_pandas(values: Any) -> bool:
    return type(values).__module__.partition(".")[0] == "pandas"


def _check_names(columns: Any) -> None:
    if columns.nlevels > 1:
        raise ValueError(
            f"X must have column names of one level, got {columns.nlevels} levels; join them, as in "
            "X.columns = ['_'.join(map(str, name)) for name in X.columns]"
        )
    names = columns.tolist()
    if not columns.is_unique:
        raise ValueError(
            "X must have columns of different names, got one of them again: "
            f"{columns[columns.duplicated()][0]!r}"
        )
    if all(type(name) is int for name in names) and names != sorted(names):
        if sorted(names) == list(range(len(names))):
            raise ValueError(
                f"X must have its columns 0, 1, 2, ... in that order, got {names[:5]}: numbers are no "
                "names that could be compared with those seen in fit; sort them or give them names"
            )


def _check_column(X: Any, j: int, dtype: Any) -> None:
    kind = getattr(dtype, "kind", "O")
    called = f"column {X.columns[j]!r}"
    if kind in "mM":
        raise TypeError(
            f"X must hold numbers, got {_TIMES[kind]} in {called}: {_AS_NUMBERS}, or leave it out"
        )
    if kind != "O":
        return
    for row, value in enumerate(X.iloc[:, j].tolist()):
        if isinstance(value, str) and not _is_number(value):
            raise ValueError(
                f"X must hold numbers, got {value!r} in row {row} of {called}; turn text into numbers, "
                "or fold its categories by fold_mixed"
            )
        if not (isinstance(value, str | float | int) or _is_none(value)) and not _has_number(value):
            raise TypeError(
                f"X must hold numbers, got {type(value).__name__} {value!r} in row {row} of {called}; turn "
                "it into numbers, or leave it out"
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _has_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return isinstance(value, complex)  # which scikit-learn refuses in its own words
    return True


def _missing(y: Any) -> Mask | None:
    """Which labels are none; None where they are of a kind that has none."""
    if _is_pandas(y) and hasattr(y, "isna"):
        return np.asarray(y.isna(), dtype=np.bool_).ravel()
    if isinstance(y, np.ndarray) and y.dtype.kind in "fcmM":
        return np.asarray(np.isnat(y) if y.dtype.kind in "mM" else np.isnan(y)).ravel()
    if isinstance(y, np.ndarray) and y.dtype.kind == "O":
        y = y.ravel().tolist()
    if isinstance(y, list | tuple):
        return np.array([_is_none(label) for label in y], dtype=np.bool_)
    return None


def _is_none(label: Any) -> bool:
    if label is None or type(label).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(label, float) and label != label
