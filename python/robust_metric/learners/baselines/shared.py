"""What the learners of this folder have in common: their data, subsets of it, and linear algebra."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning

from ..._base.arrays import Floats, Indices, Labels
from ..._base.validation import check_count, class_numbers, learnable_points
from ...metrics.mahalanobis import with_signs

_LEAST_ORDINARY = 0.125  # root mean square of points that are not divided
_FARTHEST = 150  # powers of ten: squares of the unit are in range


def labelled_data(learner: Any, X: ArrayLike, y: ArrayLike) -> tuple[Floats, Labels]:
    """Return X as checked (n, d) float64 and y as (n,) class numbers; raise ValueError."""
    points, classes = learnable_points(learner, X, y)
    return points, class_numbers(classes)


def ordinary_unit(points: Floats, purpose: str) -> float:
    """Power of ten that brings the root mean square of centred points into [1/8, 5/4).

    Learners with a length of their own (a margin of 1, a prior of 1) divide by it, so that what they learn
    does not depend on the unit of X. Features scaled to [0, 1] or to variance 1 stay as they are.
    Raises ValueError where a metric in units of X would be out of range.
    """
    largest = float(np.abs(points).max())
    if largest == 0.0:
        return 1.0
    size = largest * float(np.sqrt(np.mean((points / largest) ** 2)))
    exponent = math.floor(math.log10(size / _LEAST_ORDINARY))
    if abs(exponent) > _FARTHEST:
        far = "large" if exponent > 0 else "small"
        raise ValueError(
            f"X is too {far} for {purpose}: entries of {largest:g} from the mean; scale it"
        )
    return 10.0**exponent


def check_n_components(n_components: Any, n_features: int) -> int:
    """Return the number of rows of L, all features for None; raise ValueError out of range."""
    if n_components is None:
        return n_features
    check_count("n_components", n_components)
    if n_components > n_features:
        raise ValueError(
            f"n_components must be at most the number of features, {n_features}, got {n_components}"
        )
    return int(n_components)


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless a parameter is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")


def check_range(name: str, value: Any, low: float, high: float = np.inf) -> None:
    """Raise ValueError unless a parameter is a number in [low, high]."""
    if isinstance(value, bool) or not np.isscalar(value) or isinstance(value, str):
        raise ValueError(f"{name} must be a number, got {value!r}")
    if not low <= float(value) <= high:  # type: ignore[arg-type]
        raise ValueError(f"{name} must be between {low:g} and {high:g}, got {value!r}")


def stratified_subset(labels: Labels, size: int | None, random: np.random.RandomState) -> Indices:
    """Rows of about `size` points, ascending, each class in proportion and with two at least."""
    n = len(labels)
    if size is None or n <= size:
        return np.arange(n, dtype=np.int64)
    rows = []
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        share = max(2, round(size * len(members) / n))
        rows.append(random.permutation(members)[:share])
    return np.sort(np.concatenate(rows)).astype(np.int64)


def random_pairs(labels: Labels, count: int, same: bool, random: np.random.RandomState) -> Indices:
    """Up to `count` different (a, b) with equal, or unequal, labels, (m, 2)."""
    n = len(labels)
    found = np.empty((0, 2), np.int64)
    for _ in range(10):  # nearly all draws are good, unless there are hardly as many pairs
        draws = random.randint(n, size=(2 * count + 16, 2)).astype(np.int64)
        if same:  # a partner from the anchor's own class, uniformly
            order = np.argsort(labels, kind="stable")
            sizes = np.bincount(labels)
            starts = np.cumsum(sizes) - sizes
            own = labels[draws[:, 0]]
            draws[:, 1] = order[starts[own] + draws[:, 1] % sizes[own]]
        good = draws[:, 0] != draws[:, 1]
        if not same:
            good &= labels[draws[:, 0]] != labels[draws[:, 1]]
        pairs = np.concatenate([found, np.sort(draws[good], axis=1)])
        first = np.sort(np.unique(pairs, axis=0, return_index=True)[1])
        found = pairs[first]
        if len(found) >= count:
            break
    return found[:count]


def components_from_metric(metric: Floats) -> Floats:
    """Return L with LᵀL = M, (d, d): the transposed Cholesky factor, or eigenvectors if M is singular."""
    try:
        return np.ascontiguousarray(np.linalg.cholesky(metric).T, dtype=np.float64)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(metric)
        return with_signs(np.sqrt(np.maximum(values, 0.0))[:, np.newaxis] * vectors.T)


def span(points: Floats) -> Floats:
    """Orthonormal (d, p) basis of the directions in which centred points vary, widest first."""
    values, vectors = np.linalg.eigh(points.T @ points)
    tolerance = max(points.shape) * np.finfo(np.float64).eps * max(float(values[-1]), 0.0)
    basis: Floats = vectors[:, values > tolerance][:, ::-1]
    return basis


def warn_unconverged(learner: Any, tolerance: str) -> None:
    """Warn where ``max_iter`` steps were not enough, as scikit-learn does; not of a tolerance of 0."""
    if getattr(learner, tolerance) == 0:
        return
    warnings.warn(
        f"{type(learner).__name__} did not converge in max_iter={learner.max_iter} steps; "
        f"raise max_iter or {tolerance}, or scale X",
        ConvergenceWarning,
        stacklevel=2,
    )
