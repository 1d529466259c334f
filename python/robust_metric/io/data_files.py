"""Readers of labelled data files: ``.npz``, LIBSVM text and CSV.

Each reader returns a :class:`Parts`, checked: X is a finite float64 (n, d) array, y an int64 or
unicode (n,) array. Text formats are read row by row, so that an error can name the line.
"""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .archives import read_archive
from .csv_doubts import twins
from .csv_header import is_missing, is_number
from .csv_tables import DEFAULT_COLUMNS, Columns, warn_of_ids
from .csv_text import STANDARD_INPUT
from .parts import Parts, checked_labels, checked_points
from .tables import TABLE_SUFFIXES, read_table, suffix_of

NPZ_SUFFIXES = (".npz",)
LIBSVM_SUFFIXES = (".libsvm", ".svm", ".txt")
SUFFIXES = NPZ_SUFFIXES + LIBSVM_SUFFIXES + TABLE_SUFFIXES

# A sparse file of a few bytes can claim any width; 2**30 float64 values are 8 GiB.
MAX_DENSE_VALUES = 2**30


# An integer in the one way to write it, so that no two labels are one number; int64 holds it.
_CANONICAL = re.compile(r"0|-?[1-9][0-9]{0,17}")


def read_file(
    path: str | os.PathLike[str],
    *,
    columns: Columns = DEFAULT_COLUMNS,
    n_features: int | None = None,
) -> Parts:
    """Read a data file whose suffix says its format.

    Parameters
    ----------
    path : path-like
        Ends in .npz (arrays X_train, y_train, X_test, y_test, or X, y), .libsvm, .svm or .txt
        (LIBSVM, features numbered from 1), .csv or .tsv (cells separated by commas, semicolons, tabs
        or |, header optional), all of these perhaps compressed by gzip (.csv.gz), or .parquet,
        .feather or .arrow, which pyarrow reads.
    columns : Columns
        What the columns of a CSV file are.
    n_features : int, optional
        The width wanted. A LIBSVM file need not mention its last features, so it cannot tell.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the suffix is unknown or the file is malformed.
    """
    path = Path(path)
    suffix = suffix_of(path)
    if not path.is_file():
        raise FileNotFoundError(f"name_or_path must name an existing file, got {path}")
    if suffix not in SUFFIXES:
        raise ValueError(f"name_or_path must end in one of {', '.join(SUFFIXES)}, got {path}")
    if suffix in NPZ_SUFFIXES:
        return _read_npz(path)
    if suffix in LIBSVM_SUFFIXES:
        return _read_libsvm(path, n_features)
    return read_labelled(path, columns)


def _read_npz(path: Path) -> Parts:
    arrays = read_archive(path, ("X_train", "y_train", "X_test", "y_test", "X", "y"))
    if {"X", "y"} == arrays.keys():
        X = checked_points(arrays["X"], "X", path)
        return Parts(X, checked_labels(arrays["y"], len(X), "y", path))
    if {"X_train", "y_train", "X_test", "y_test"} != arrays.keys():
        raise ValueError(
            "name_or_path must name a .npz file with arrays X_train, y_train, X_test, y_test, "
            f"or X, y, got {path} with {', '.join(sorted(arrays)) or 'none of them'}"
        )
    X_train = checked_points(arrays["X_train"], "X_train", path)
    X_test = checked_points(arrays["X_test"], "X_test", path)
    if X_train.shape[1] != X_test.shape[1]:
        raise ValueError(
            f"X_test must have the {X_train.shape[1]} features of X_train, "
            f"got {X_test.shape[1]} in {path}"
        )
    y_train = checked_labels(arrays["y_train"], len(X_train), "y_train", path)
    y_test = checked_labels(arrays["y_test"], len(X_test), "y_test", path)
    if y_train.dtype.kind != y_test.dtype.kind:
        raise ValueError(
            f"y_test must be of y_train's type, got {y_test.dtype} for {y_train.dtype} in {path}"
        )
    return Parts(X_train, y_train, X_test, y_test)


def _read_libsvm(path: Path, n_features: int | None) -> Parts:
    from sklearn.datasets import load_svmlight_file

    try:
        # zero_based="auto" would number the features by what a file happens to mention.
        X, y = load_svmlight_file(str(path), n_features=n_features, zero_based=False)
    except (ValueError, IndexError, OverflowError, MemoryError) as error:
        raise ValueError(
            "name_or_path must name a LIBSVM file (lines 'label index:value ...', indices "
            f"from 1 upwards), got {path}: {error}"
        ) from error
    if X.shape[0] * X.shape[1] > MAX_DENSE_VALUES:
        raise ValueError(
            f"name_or_path must hold at most {MAX_DENSE_VALUES} values as a dense table, "
            f"got {X.shape[0]} rows of {X.shape[1]} in {path}"
        )
    X = checked_points(X.toarray(), "X", path)
    return Parts(X, checked_labels(y, len(X), "y", path))


def read_points(path: str | os.PathLike[str], columns: Columns) -> Parts:
    """Read a table without labels; ``-`` is standard input. No labels are in what it returns.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no table, or malformed.
    """
    if os.fspath(path) != STANDARD_INPUT and suffix_of(path) not in TABLE_SUFFIXES:
        raise ValueError(
            f"a file without labels must end in {', '.join(TABLE_SUFFIXES)}, got {path}"
        )
    table = read_table(path, replace(columns, label=None))
    X = checked_points(table.points, "X", path)
    return Parts(X, np.empty(0, np.str_), feature_names=table.feature_names, ids=table.ids)


def read_labelled(path: str | os.PathLike[str], columns: Columns) -> Parts:
    """Read a labelled table; ``-`` is standard input. Otherwise as :func:`read_file`.

    Warns
    -----
    UserWarning
        If a feature counts the rows, or has another whole number in each, unless it was asked for
        or the table is for a model that has its features. If labels say that there is none, or look
        alike but are not.
    """
    table = read_table(path, columns)
    if not columns.only and columns.classes is None:
        warn_of_ids(table, path)
    if columns.classes is None:
        warn_of_labels(table.labels, path)
    X = checked_points(table.points, "X", path)
    y = checked_labels(labels_as_written(table.labels, columns.classes, path), len(X), "y", path)
    return Parts(X, y, feature_names=table.feature_names, ids=table.ids, label=table.label)


def warn_of_labels(labels: Sequence[str], path: object) -> None:
    """Warn of labels that say in a usual way that there is none, and of such that only look alike."""
    counts = Counter(labels)
    for label, count in sorted(counts.items()):
        if is_missing(label) and label not in ("", "-", "."):
            warnings.warn(
                f"label {label!r} of {count} points of {path} is taken for a class: if it says that the "
                "label is missing, leave these lines out",
                UserWarning,
                stacklevel=3,
            )
    alike = twins(counts)
    if alike is not None:
        warnings.warn(
            f"labels {alike[0]!a} and {alike[1]!a} of {path} look alike, but are two classes: write "
            "them in one way",
            UserWarning,
            stacklevel=3,
        )


def labels_as_written(
    labels: Sequence[str], classes: Sequence[Any] | None, source: object
) -> NDArray[Any]:
    """Return labels as a (n,) array: int64 where all are canonical integers, else the text they are.

    "01" and "1" are two labels, as are "1e1" and "10". A model that the labels are for knows what
    its classes are: text stays text beside classes of text, whatever a file happens to hold.

    Raises
    ------
    ValueError
        If a label is empty, or they are fractions.
    """
    if "" in labels:
        raise ValueError(
            f"y must be given for every point, got an empty label for point {labels.index('')} "
            f"of {source}"
        )
    text: NDArray[Any] = np.array(labels, dtype=np.str_)
    known: NDArray[Any] | None = None if classes is None else np.asarray(classes)
    if known is not None and np.isin(text, known.astype(np.str_)).any() and known.dtype.kind == "U":
        return text
    if all(map(is_number, labels)):
        values = text.astype(np.float64)
        if not np.isfinite(values).all() or (values != np.rint(values)).any():
            return (
                values  # a regression target, or no label at all: refused where labels are checked
            )
    if known is not None and known.dtype.kind == "U":
        return text
    if known is not None and known.dtype.kind == "f":
        return text.astype(np.float64) if all(map(is_number, labels)) else text
    canonical = all(_CANONICAL.fullmatch(label) for label in labels)
    return text.astype(np.int64) if canonical else text
