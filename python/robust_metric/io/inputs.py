"""Inputs of a model from files: its features, in its order, with or without labels beside them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._base.arrays import Floats
from .archives import read_archive, read_array
from .csv_tables import Columns
from .parts import checked_points
from .tables import TABLE_SUFFIXES, read_table, suffix_of, width_of

_SUFFIXES = (*TABLE_SUFFIXES, ".npy", ".npz")


def read_inputs(path: str | os.PathLike[str], n_features: int, columns: Columns) -> Floats:
    """Read the inputs in a file, without scaling.

    Parameters
    ----------
    path : path-like
        A table (.csv and others), of the features alone or with a column of labels; a matrix in a
        .npy file; or a .npz file, of whose arrays X_test is taken, or else X, or else the only one.
    n_features : int
        Of the model.
    columns : Columns
        What those of a table are, and how the model calls its features. The label column is left
        out where there is one column more than the model has features.

    Returns
    -------
    (m, n_features) float64

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is of another kind, malformed, or of another number of features.
    """
    suffix, given = suffix_of(path), None
    if suffix not in _SUFFIXES:
        raise ValueError(
            f"inputs must be in a file that ends in one of {', '.join(_SUFFIXES)}, got {path}"
        )
    if suffix in TABLE_SUFFIXES:
        others = len(columns.drop) + (columns.id is not None)
        bare = bool(columns.only) or width_of(path) - others == n_features
        table = read_table(path, replace(columns, label=None) if bare else columns)
        points, given = table.points, table.feature_names
    elif suffix == ".npy":
        points = read_array(path)
    else:
        points = _matrix_of(read_archive(path), path)
    X = checked_points(points, "X", path)
    return as_in_model(X, given, n_features, columns.names, str(path))


def _matrix_of(arrays: dict[str, Any], path: object) -> Any:
    for name in ("X_test", "X", *(arrays if len(arrays) == 1 else ())):
        if name in arrays:
            return arrays[name]
    raise ValueError(
        f"inputs must be an array X_test or X, or the only one of a file, got {few(list(arrays))} in {path}"
    )


def as_in_model(
    X: Floats,
    given: Sequence[str] | None,
    n_features: int,
    names: Sequence[str] | None,
    source: str = "DATA",
) -> Floats:
    """Return the points with the model's features in the model's order, or raise ValueError.

    Columns are matched by name where both the data and the model have names. Errors name the source.
    """
    hint = "; is it a file without labels? see --no-label" * (X.shape[1] == n_features - 1)
    if given is not None and names is not None:
        missing = [name for name in names if name not in given]
        if missing:
            raise ValueError(
                f"{source} must have the model's features, got no column {few(missing)} among "
                f"{few(given)}{hint}"
            )
        extra = [name for name in given if name not in names]
        if extra:
            raise ValueError(
                f"{source} must have the model's {n_features} features, got {X.shape[1]}; "
                f"--drop {','.join(extra)} leaves out what it does not know"
            )
    elif X.shape[1] != n_features:
        raise ValueError(
            f"{source} must have the model's {n_features} features, got {X.shape[1]}{hint}"
        )
    if given is None or names is None or list(given) == list(names):
        return X
    return np.ascontiguousarray(X[:, [given.index(name) for name in names]])


def few(values: Sequence[Any]) -> str:
    """Return the first of some values, for messages."""
    return ", ".join(repr(value) for value in values[:5]) + ", ..." * (len(values) > 5)
