"""Labelled data as they are found in files: points and labels, checked, and a test part if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats, Indices
from .._base.exact_input import check_exact
from .csv_tables import Ids, LabelColumn


@dataclass(frozen=True)
class Parts:
    """Labelled data as it was found, unscaled; the test part is None where there is none.

    Parameters
    ----------
    X_train : (n, d) float64
    y_train : (n,) int64 or unicode
    X_test : (m, d) float64 or None
    y_test : (m,) int64 or unicode, or None
    feature_names : tuple of str, or None
        From the header of a CSV file, where it has one.
    ids : Ids, optional
        What the rows of a CSV file are called, where that was asked for.
    label : LabelColumn, optional
        Where a CSV file has its labels.
    """

    X_train: Floats
    y_train: NDArray[Any]
    X_test: Floats | None = None
    y_test: NDArray[Any] | None = None
    feature_names: tuple[str, ...] | None = None
    ids: Ids | None = None
    label: LabelColumn | None = None


def checked_points(X: Any, name: str, source: object) -> Floats:
    """Return X as finite float64 of shape (n, d), or raise a ValueError that names it."""
    check_exact(X, f"{name} in {source}")
    given = np.asarray(X)
    if given.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be numeric, got dtype {given.dtype} in {source}")
    if given.ndim != 2 or 0 in given.shape:
        raise ValueError(
            f"{name} must have shape (n, d) with n and d positive, got {given.shape} in {source}"
        )
    points = np.ascontiguousarray(given, dtype=np.float64)
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(
            f"{name} must be finite, got NaN or infinity in row {row}, column "
            f"{int(np.argmin(np.isfinite(points[row])))} of {source}; fill missing values or leave "
            "rows out first"
        )
    return points


def checked_labels(y: Any, n: int, name: str, source: object) -> NDArray[Any]:
    """Return y as (n,) int64 or unicode, or raise a ValueError that names it."""
    labels: NDArray[Any] = np.asarray(y)
    if labels.shape != (n,):
        raise ValueError(
            f"{name} must have shape ({n},), one per point, got {labels.shape} in {source}"
        )
    if labels.dtype.kind == "O" and all(isinstance(value, str) for value in labels):
        labels = labels.astype(np.str_)
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8")
    if labels.dtype.kind == "U":
        return labels
    if labels.dtype.kind in "biuf":
        # The comparison refuses fractions, NaN, and numbers that int64 does not hold.
        with np.errstate(invalid="ignore"):
            whole: Indices = labels.astype(np.int64)
        if np.array_equal(whole, labels) and not (labels.dtype.kind == "u" and (whole < 0).any()):
            return whole
        odd = labels[np.argmax(labels != whole)]
        raise ValueError(
            f"{name} must be class labels, whole numbers or strings, got {odd} in {source}; "
            "is it a regression target, or a column of a file without labels?"
        )
    raise ValueError(
        f"{name} must be whole numbers or strings, got dtype {labels.dtype} in {source}"
    )
