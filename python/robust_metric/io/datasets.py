"""Labelled data by name or from a file, split and scaled the way the benchmarks of the field do."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats
from .csv_tables import Columns
from .data_files import MAX_DENSE_VALUES, SUFFIXES, labels_as_written, read_file
from .parts import Parts, checked_labels, checked_points
from .scaling import Scaling
from .tables import TABLE_SUFFIXES, stem_of, suffix_of

SHIPPED = ("breast_cancer", "digits", "iris", "wine")
TEST_SIZE = 0.25

# Sets of images with bytes for features, as files and OpenML call them, and how many those are.
_IMAGE_SETS = {"mnist": 784, "mnist_784": 784, "fashion-mnist": 784}


def load(
    name_or_path: str | os.PathLike[str],
    *,
    test_size: float | int = TEST_SIZE,
    random_state: int | None = 0,
    scale: bool = True,
    image: bool | None = None,
    label: int | str = -1,
    header: bool | None = None,
    drop: Sequence[int | str] = (),
    only: Sequence[int | str] = (),
) -> tuple[Floats, Floats, NDArray[Any], NDArray[Any]]:
    """Load a data set as training and test part.

    Parameters
    ----------
    name_or_path : str or path-like
        One of scikit-learn's shipped sets (digits, iris, wine, breast_cancer); or the path of a
        ``.npz`` file (arrays X_train, y_train, X_test, y_test, or X, y), a LIBSVM file (.libsvm,
        .svm, .txt) or a table (.csv, .tsv, .csv.gz; .parquet, .feather, .arrow by pyarrow); or else
        a data set's name on OpenML, which is fetched.
    test_size : float or int
        Share or number of points in the test part, stratified by class. Not used where the data
        come with a test part of their own.
    random_state : int or None
        Seed of the split; None for another split each time.
    scale : bool
        Scale the features on the training part to [0, 1], each by its range, and images by 255.
        Test points are not clipped.
    image : bool, optional
        Whether the features are the bytes of images. By default those of MNIST and Fashion-MNIST
        are, told by the name of the set or the file and its 784 features.
    label : int or str
        The label column of a CSV file, by number or by name.
    header : bool, optional
        Whether the first line of a CSV file names its columns. By default the line itself decides,
        by the rule that ``docs/command_line.md`` gives; where it is in doubt, that is an error.
    drop, only : sequences of int or str
        Columns of a CSV file, by number or by name, that are no features (an index, an id), or
        that alone are features.

    Returns
    -------
    X_train : (n, d) float64
    X_test : (m, d) float64
    y_train : (n,) int64 or unicode
    y_test : (m,) int64 or unicode

    Raises
    ------
    FileNotFoundError
        If there is no such file, or no such name that could be fetched.
    ValueError
        If the data are malformed, not finite, or cannot be split.

    Examples
    --------
    >>> from robust_metric import datasets
    >>> X_train, X_test, y_train, y_test = datasets.load("digits")
    >>> X_train.shape, X_test.shape
    ((1347, 64), (450, 64))
    """
    X_train, X_test, y_train, y_test = split(
        read(name_or_path, label=label, header=header, drop=drop, only=only),
        test_size,
        random_state,
    )
    if scale:
        scaling = Scaling.fit(X_train, image=holds_images(name_or_path, X_train, image))
        X_train, X_test = scaling.apply(X_train), scaling.apply(X_test)
    return X_train, X_test, y_train, y_test


def holds_images(
    name_or_path: str | os.PathLike[str], X: Floats, asked: bool | None = None
) -> bool:
    """Whether the points are images: as was asked for, or else if they are of a known set."""
    if asked is not None:
        return asked
    name = Path(name_or_path)
    known = stem_of(name) if suffix_of(name) in SUFFIXES else name.name
    return _IMAGE_SETS.get(known.lower()) == X.shape[1]


def is_file(name_or_path: str | os.PathLike[str]) -> bool:
    """Whether the argument of :func:`load` means a file rather than a named data set."""
    text = os.fspath(name_or_path)
    if text in SHIPPED:
        return False
    path = Path(text)
    return path.exists() or suffix_of(path) in SUFFIXES or len(path.parts) > 1


def read(
    name_or_path: str | os.PathLike[str],
    *,
    label: int | str = -1,
    header: bool | None = None,
    drop: Sequence[int | str] = (),
    only: Sequence[int | str] = (),
    n_features: int | None = None,
) -> Parts:
    """Read a data set as it is, neither split nor scaled.

    Parameters
    ----------
    name_or_path, label, header, drop, only
        As for :func:`load`.
    n_features : int, optional
        The width wanted of a LIBSVM file, which need not mention its last features.
    """
    return read_columns(name_or_path, Columns(label, header, drop, only), n_features)


def read_columns(
    name_or_path: str | os.PathLike[str], columns: Columns, n_features: int | None = None
) -> Parts:
    """Read a data set, of whose columns more is known; otherwise as :func:`read`."""
    if isinstance(columns.drop, str) or isinstance(columns.only, str):
        raise TypeError("drop and only must be sequences of columns, got a str")
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise TypeError(f"name_or_path must be a str or a path, got {type(name_or_path).__name__}")
    if is_file(name_or_path):
        if suffix_of(name_or_path) not in TABLE_SUFFIXES:
            _check_no_columns(columns, name_or_path)
        return read_file(name_or_path, columns=columns, n_features=n_features)
    _check_no_columns(columns, name_or_path)
    name = os.fspath(name_or_path)
    return _read_shipped(name) if name in SHIPPED else _fetch_openml(name)


def _check_no_columns(columns: Columns, name_or_path: object) -> None:
    """Refuse what only a CSV file can follow, rather than pass over it."""
    if columns.header is not None or columns.drop or columns.only or columns.id is not None:
        raise ValueError(
            f"header, drop, only and id must be left out where the data are no CSV file, got {name_or_path}"
        )


def split(
    parts: Parts, test_size: float | int = TEST_SIZE, random_state: int | None = 0
) -> tuple[Floats, Floats, NDArray[Any], NDArray[Any]]:
    """Split off a stratified test part where the data have none of their own.

    Raises
    ------
    ValueError
        If a class has fewer than two points, or the test size leaves a part without points.
    """
    from sklearn.model_selection import train_test_split

    if parts.X_test is not None and parts.y_test is not None:
        return parts.X_train, parts.X_test, parts.y_train, parts.y_test
    classes, counts = np.unique(parts.y_train, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            "y must have at least 2 points of each class to split off a test part, "
            f"got 1 of class {classes[np.argmin(counts)]}"
        )
    try:
        X_train, X_test, y_train, y_test = train_test_split(
            parts.X_train,
            parts.y_train,
            test_size=test_size,
            random_state=random_state,
            stratify=parts.y_train,
        )
    except ValueError as error:
        if "number of classes" not in str(error):
            raise
        raise ValueError(
            f"test_size must leave a point of each of {len(classes)} classes in both parts, got "
            f"{test_size!r} of {len(parts.y_train)} points"
        ) from error
    return X_train, X_test, y_train, y_test


def _read_shipped(name: str) -> Parts:
    import sklearn.datasets

    X, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    return Parts(np.ascontiguousarray(X, dtype=np.float64), y.astype(np.int64))


def _fetch_openml(name: str) -> Parts:
    from sklearn.datasets import fetch_openml

    # The faster of scikit-learn's two parsers needs pandas, which this package does not ask for.
    parser = "auto" if find_spec("pandas") else "liac-arff"
    try:
        with warnings.catch_warnings():
            # Several versions of one name are common there; the oldest active one is meant.
            warnings.filterwarnings("ignore", message="Multiple active versions")
            X, y = fetch_openml(name, as_frame=False, parser=parser, return_X_y=True)
    except (OSError, ValueError) as error:
        raise FileNotFoundError(
            f"name_or_path must be one of {', '.join(SHIPPED)}, a path ending in one of "
            f"{', '.join(SUFFIXES)}, or a name on OpenML, got {name!r} (OpenML: {error})"
        ) from error
    source = f"OpenML's {name!r}"
    if y is None:
        raise ValueError(f"y must be a column of the data set, got none in {source}")
    if hasattr(X, "toarray"):
        if X.shape[0] * X.shape[1] > MAX_DENSE_VALUES:
            raise ValueError(
                f"X must hold at most {MAX_DENSE_VALUES} values, got {X.shape} in {source}"
            )
        X = X.toarray()
    X = checked_points(X, "X", source)
    labels = np.asarray(y)
    if labels.dtype.kind in "OU" and all(isinstance(label, str) for label in labels):
        labels = labels_as_written(labels.tolist(), None, source)
    return Parts(X, checked_labels(labels, len(X), "y", source))
