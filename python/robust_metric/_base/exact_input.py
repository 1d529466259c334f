"""Input that float64 cannot hold as it is: entries under a mask, integers beyond 2^53."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import Any

import numpy as np

# Beyond this, neighbouring integers become one number.
LARGEST_INTEGER = 2**53


def check_exact(X: Any, name: str = "X") -> None:
    """Raise ValueError where numbers would be lost on the way to float64, of whatever kind X is.

    Parameters
    ----------
    X : array, data frame of pandas or Polars, sequence, or anything else
        What is none of these is let through.
    name : str
        What errors call it.
    """
    check_unmasked(X, name)
    for where, largest in _integers(X):
        if largest > LARGEST_INTEGER:
            raise ValueError(
                f"{name} must have integers of at most 2^53 in size, beyond which float64 takes "
                f"neighbouring ones for one, got {largest}{where}; if they are ids, leave them out, "
                "or else subtract an offset or scale them down"
            )


def check_unmasked(values: Any, name: str) -> None:
    """Raise ValueError for a masked array that hides entries: what lies under a mask is no value."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        hidden = int(np.ma.getmaskarray(values).sum())
        raise ValueError(
            f"{name} must have no masked entries, got {hidden} of {values.size}; fill them "
            "(numpy.ma.filled) or leave those rows out"
        )


def _integers(X: Any) -> Iterator[tuple[str, int]]:
    """Yield where integers stand that may be large, and the largest size of them."""
    if isinstance(X, memoryview) or hasattr(X, "__array_interface__"):
        X = np.asarray(X)
    if isinstance(X, np.ndarray):
        yield from _of_array(X, "")
    elif isinstance(X, Sequence) and not isinstance(X, str | bytes):
        yield "", max(_sizes(X), default=0)
    elif hasattr(X, "get_columns"):  # of Polars
        for column in X.get_columns():
            if column.dtype.is_integer():
                yield from _of_array(column.drop_nulls().to_numpy(), f" in column {column.name!r}")
    elif hasattr(X, "iloc") and hasattr(X, "dtypes") and hasattr(X, "columns"):  # of pandas
        for j, dtype in enumerate(X.dtypes):
            if getattr(dtype, "kind", "O") in "iuO":
                column = X.iloc[:, j].dropna().to_numpy()
                yield from _of_array(column, f" in column {X.columns[j]!r}")


def _of_array(array: Any, where: str) -> Iterator[tuple[str, int]]:
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8 and array.size:
        yield where, max(int(array.max()), -int(array.min()))
    elif array.dtype.kind == "O":
        yield where, max(_sizes(array.ravel().tolist()), default=0)


def _sizes(values: Sequence[Any]) -> Iterator[int]:
    """Sizes of the integers in nested sequences."""
    for value in values:
        if isinstance(value, float | str):
            continue
        if isinstance(value, Integral):
            yield abs(int(value))
        elif isinstance(value, np.ndarray):
            yield from (largest for _, largest in _of_array(value, ""))
        elif isinstance(value, Sequence):
            yield from _sizes(value)
