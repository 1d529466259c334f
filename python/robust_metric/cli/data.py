"""The data that subcommands work on, with the model's features and classes."""

from __future__ import annotations

import sys
import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats
from ..io import datasets
from ..io.csv_tables import Columns, Ids
from ..io.csv_text import STANDARD_INPUT
from ..io.data_files import read_labelled
from ..io.inputs import as_in_model, few
from ..io.option_messages import in_options
from ..io.parts import Parts


class Rows(NamedTuple):
    """Points to certify or attack, with their classes and their ids where these are known."""

    X: Floats
    y: NDArray[Any] | None = None
    ids: Ids | None = None


def test_part(data: str, columns: Columns, n_features: int) -> Rows:
    """Return the rows to certify: the test part where there is one, else all rows of the file."""
    parts = _read(data, columns, n_features)
    if parts.X_test is not None and parts.y_test is not None:
        X, y = parts.X_test, parts.y_test
    elif is_file(data):
        X, y = parts.X_train, parts.y_train
    else:
        _, X, _, y = datasets.split(parts)
    return Rows(as_in_model(X, parts.feature_names, n_features, columns.names), y, parts.ids)


def training_part(data: str, columns: Columns) -> Parts:
    """Return the rows to fit on: all of a file without a test part, else the training part."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        parts = _read(data, columns, None)
    for warning in caught:
        warn(warning.message)
    if is_file(data):
        return parts
    X_train, _, y_train, _ = datasets.split(parts)
    return Parts(X_train, y_train)


def _read(data: str, columns: Columns, n_features: int | None) -> Parts:
    if data == STANDARD_INPUT:
        return read_labelled(data, columns)
    return datasets.read_columns(data, columns, n_features)


def is_file(data: str) -> bool:
    """Whether DATA is a file or standard input, and no named data set."""
    return data == STANDARD_INPUT or datasets.is_file(data)


def check_labels(y: NDArray[Any], classes: NDArray[Any], data: str) -> None:
    """Refuse labels of which none is the model's, and tell of those that are not: they count as errors."""
    if (y.dtype.kind == "U") != (classes.dtype.kind == "U") or not np.isin(y, classes).any():
        raise ValueError(
            f"DATA must be labelled with the model's classes {few(classes.tolist())}, "
            f"got {few(np.unique(y).tolist())} in {data}"
        )
    unknown = y[~np.isin(y, classes)]
    if len(unknown):
        names, counts = np.unique(unknown, return_counts=True)
        known = [f"{name!r} {n} times" for name, n in zip(names.tolist(), counts, strict=True)]
        warn(
            f"{len(unknown)} of {len(y)} labels in {data} are none of the model's classes, and count "
            f"as misclassified: {', '.join(known[:5]) + ', ...' * (len(known) > 5)}"
        )


def warn(message: object) -> None:
    """Tell people of something that is no error, on standard error."""
    print(f"robust-metric: warning: {in_options(message)}", file=sys.stderr)
