"""The protocol of the paper's tables: data, scaling, test order, radii, and figures to compare with.

Features are min-max scaled on the training set (images divided by 255), test points are shuffled
with seed 42 and not clipped, and the first 1000 of them are certified against the full training set.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats
from ..io import datasets
from ..io.atomic import PathLike

N_TEST = 1000
TEST_SEED = 42
SUBSAMPLE_SEED = 0

_SMALL = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
_LARGE = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
RADII = {
    "splice": _SMALL,
    "pendigits": _SMALL,
    "usps": _LARGE,
    "mnist": _LARGE,
    "fashion-mnist": _LARGE,
}
TITLES = {
    "splice": "Splice",
    "pendigits": "Pendigits",
    "usps": "USPS",
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
}
IMAGE_SHAPES = {"usps": (16, 16), "mnist": (28, 28), "fashion-mnist": (28, 28)}


@dataclass(frozen=True)
class Problem:
    """One data set as the protocol wants it.

    Parameters
    ----------
    name : str
    X_train : (n, d) float64
    y_train : (n,) array
    X : (m, d) float64
        Test points, in the order of the protocol.
    y : (m,) array
    digest : str
        Of the four arrays: results of other data are told apart by it.
    """

    name: str
    X_train: Floats
    y_train: NDArray[Any]
    X: Floats
    y: NDArray[Any]
    digest: str

    @property
    def title(self) -> str:
        """The name as a heading has it."""
        return TITLES.get(self.name, self.name)

    @property
    def unit(self) -> float:
        """The smallest positive radius of the tables: what counts as a perturbation here."""
        return RADII.get(self.name, _SMALL)[1]

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width, where the points are images."""
        return IMAGE_SHAPES.get(self.name)


def load(path: PathLike, n_test: int | None = N_TEST, *, n_train: int | None = None) -> Problem:
    """Load a data file by the protocol.

    Parameters
    ----------
    path : path-like
        As for `robust_metric.datasets.load`; the file's stem is the data set's name.
    n_test : int, optional
        Test points, at most all; None is all.
    n_train : int, optional
        Cut the training set to a stratified part of this size. Not the paper's protocol.
    """
    from sklearn.utils import shuffle

    X_train, X, y_train, y = datasets.load(path)
    if n_train is not None:
        rows = stratified(y_train, n_train)
        X_train, y_train = X_train[rows], y_train[rows]
    X, y = (part[:n_test] for part in shuffle(X, y, random_state=TEST_SEED))
    arrays = X_train, y_train, X, y
    return Problem(Path(path).stem, *arrays, digest=_digest(*arrays))


def stratified(y: NDArray[Any], count: int | None) -> NDArray[np.intp]:
    """Rows of a stratified sample without replacement, ascending; all where count allows it."""
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(y))
    if count is None or count >= len(y):
        return rows
    chosen, _ = train_test_split(rows, train_size=count, stratify=y, random_state=SUBSAMPLE_SEED)
    return np.sort(chosen)


def _digest(*arrays: NDArray[Any]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(f"{array.shape}{array.dtype.str}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
