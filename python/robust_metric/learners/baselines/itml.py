"""ITML: information-theoretic metric learning, from pairs and from class labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.datasets import make_spd_matrix
from sklearn.metrics import pairwise_distances
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted

from ... import _core
from ..._base.arrays import Floats, Indices, Mask
from ..._base.exact_input import check_exact
from ..._base.progress import Progress
from ..._base.runtime import single_threaded_blas
from ..._base.states import changes_at_once, sees_one_state
from ..._base.validation import check_count, check_learnable_size
from ...metrics.mahalanobis import MahalanobisMixin
from .shared import (
    check_choice,
    check_range,
    components_from_metric,
    labelled_data,
    ordinary_unit,
    random_pairs,
    warn_unconverged,
)

_POINTS_FOR_BOUNDS = 2000  # whose pairwise distances give the default bounds
_PRIORS = ("identity", "covariance", "random")


class _LogDetLearner(MahalanobisMixin, BaseEstimator):
    """What both forms share: the projections on differences of similar and dissimilar pairs."""

    def _learn(self, pairs: Floats, similar: Mask, bounds: ArrayLike | None) -> None:
        self._check_parameters()
        random = check_random_state(self.random_state)
        ends = np.unique(pairs.reshape(-1, pairs.shape[2]), axis=0)
        unit = ordinary_unit(ends - ends.mean(axis=0), "a prior of 1")
        pairs, ends = pairs / unit, ends / unit
        self.bounds_ = _bounds(ends, bounds, random)
        prior = _prior(self.prior, ends, random, unit)
        differences = pairs[:, 0] - pairs[:, 1]
        ordered = np.concatenate([differences[similar], differences[~similar]])
        with (
            single_threaded_blas(),
            Progress(self.max_iter, "ITML", enabled=bool(self.verbose)) as bar,
        ):
            metric, self.n_iter_, change = _core.logdet_projections(
                np.ascontiguousarray(ordered),
                int(similar.sum()),
                prior,
                short_bound=float(self.bounds_[0]),
                long_bound=float(self.bounds_[1]),
                gamma=float(self.gamma),
                max_sweeps=self.max_iter,
                tolerance=float(self.tol),
                progress=bar.update,
            )
        if not np.isfinite(metric).all():
            raise ValueError(
                f"gamma={self.gamma!r} left no finite metric for bounds {self.bounds_}; "
                "lower gamma, or scale X"
            )
        if change >= self.tol:
            warn_unconverged(self, "tol")
        self.components_ = components_from_metric((metric + metric.T) / 2.0) / unit

    def _check_parameters(self) -> None:
        check_count("max_iter", self.max_iter)
        check_range("gamma", self.gamma, np.finfo(np.float64).tiny)
        check_range("tol", self.tol, 0.0)


class ITML(_LogDetLearner):
    """Information-theoretic metric learning, from pairs of points.

    Of all metrics in which similar pairs are near and dissimilar ones far, up to slack, the one of
    least LogDet divergence from a prior, by cyclic Bregman projections. Features are first divided by a
    power of ten as for `LMNN`, and so are the distances that the bounds are taken from.

    Parameters
    ----------
    gamma : float, default 1.0
        Price of slack: larger follows the pairs, smaller the prior.
    max_iter : int, default 1000
        Sweeps over all pairs.
    tol : float, default 1e-3
        Stop when the multipliers change relatively less than this in a sweep.
    prior : {'identity', 'covariance', 'random'} or (d, d) array, default 'identity'
        The metric to stay near to: the unit matrix of the features so divided, the inverse covariance
        of the points (with the smallest of its eigenvalues in directions without variance), a random
        positive definite matrix, or the one given for X as it is, positive definite.
    verbose : int, default 0
        Anything above 0 shows a progress bar on standard error.
    random_state : int, RandomState or None, default None

    Attributes
    ----------
    components_ : (d, d) float64
        L.
    bounds_ : (2,) float64
        Squared lengths: similar pairs should be below the first, dissimilar ones above the second.
    threshold_ : float
        Distance up to which `predict` calls a pair similar: most training pairs are then right.
    n_iter_ : int
        Sweeps done.
    n_features_in_ : int

    References
    ----------
    Davis, Kulis, Jain, Sra, Dhillon, "Information-Theoretic Metric Learning", ICML 2007.
    """

    def __init__(
        self,
        gamma: float = 1.0,
        max_iter: int = 1000,
        tol: float = 1e-3,
        prior: Any = "identity",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.gamma = gamma
        self.max_iter = max_iter
        self.tol = tol
        self.prior = prior
        self.verbose = verbose
        self.random_state = random_state

    @changes_at_once
    def fit(self, pairs: ArrayLike, y: ArrayLike, bounds: ArrayLike | None = None) -> ITML:
        """Learn the metric.

        Parameters
        ----------
        pairs : (n, 2, d) array of finite numbers
        y : (n,) array of 1 (similar) and -1 (dissimilar)
        bounds : (2,) array, optional
            `bounds_`; by default the 5th and 95th percentile of the distances between the points.
            As in metric-learn, these are distances while the constraints are on their squares.

        Raises
        ------
        ValueError
            If pairs, y or bounds are malformed or a parameter is out of range.
        """
        check_exact(pairs, "pairs")
        points = check_array(pairs, dtype=np.float64, allow_nd=True, ensure_2d=False)
        if points.ndim != 3 or points.shape[1] != 2:
            raise ValueError(f"pairs must have shape (n, 2, d), got {points.shape}")
        check_learnable_size(points)
        signs = np.asarray(y)
        if signs.shape != (len(points),) or not np.isin(signs, (-1, 1)).all():
            raise ValueError(
                f"y must hold 1 or -1 for each of the {len(points)} pairs, got {signs!r}"
            )
        self.n_features_in_ = points.shape[2]
        self._learn(points, signs == 1, bounds)
        self.threshold_ = _best_threshold(self.pair_distance(points), signs == 1)
        return self

    def decision_function(self, pairs: ArrayLike) -> Floats:
        """Similarities of (n, 2, d) pairs, (n,): minus their distances."""
        return self.pair_score(pairs)

    @sees_one_state
    def predict(self, pairs: ArrayLike) -> Indices:
        """Return 1 for each of the (n, 2, d) pairs that is similar, -1 for the others."""
        check_is_fitted(self)
        return np.where(self.pair_distance(pairs) <= self.threshold_, 1, -1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


class ITML_Supervised(_LogDetLearner):
    """Information-theoretic metric learning, from class labels.

    `ITML` on random pairs of points of the same class and of different ones.

    Parameters
    ----------
    gamma, max_iter, tol, prior, verbose
        As in `ITML`.
    n_constraints : int, optional
        Pairs of either kind; None is 20 times the squared number of classes.
    random_state : int, RandomState or None, default None
        Draws the pairs too.

    Attributes
    ----------
    components_ : (d, d) float64
        L.
    bounds_ : (2,) float64
        As in `ITML`.
    n_iter_ : int
        Sweeps done.
    n_features_in_ : int

    References
    ----------
    Davis, Kulis, Jain, Sra, Dhillon, "Information-Theoretic Metric Learning", ICML 2007.
    """

    def __init__(
        self,
        gamma: float = 1.0,
        max_iter: int = 1000,
        tol: float = 1e-3,
        n_constraints: int | None = None,
        prior: Any = "identity",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.gamma = gamma
        self.max_iter = max_iter
        self.tol = tol
        self.n_constraints = n_constraints
        self.prior = prior
        self.verbose = verbose
        self.random_state = random_state

    @changes_at_once
    def fit(self, X: ArrayLike, y: ArrayLike, bounds: ArrayLike | None = None) -> ITML_Supervised:
        """Learn the metric.

        Parameters
        ----------
        X : (n, d) array of finite numbers
        y : (n,) array of class labels, at least two classes
        bounds : (2,) array, optional
            As in `ITML.fit`.

        Raises
        ------
        ValueError
            If X, y or bounds are malformed, there is only one class, or a parameter is out of range.
        """
        points, labels = labelled_data(self, X, y)
        count = 20 * (int(labels.max()) + 1) ** 2
        if self.n_constraints is not None:
            check_count("n_constraints", self.n_constraints)
            count = self.n_constraints
        random = check_random_state(self.random_state)
        similar = random_pairs(labels, count, True, random)
        dissimilar = random_pairs(labels, count, False, random)
        kinds = np.repeat([True, False], [len(similar), len(dissimilar)])
        self._learn(points[np.concatenate([similar, dissimilar])], kinds, bounds)
        return self


def _bounds(points: Floats, bounds: ArrayLike | None, random: np.random.RandomState) -> Floats:
    if bounds is None:
        sample = points
        if len(points) > _POINTS_FOR_BOUNDS:
            sample = points[random.permutation(len(points))[:_POINTS_FOR_BOUNDS]]
        chosen = np.percentile(pairwise_distances(sample), (5, 95))
        return np.where(chosen > 0.0, chosen, 1e-9)
    given: Floats = np.array(bounds, dtype=np.float64)
    if given.shape != (2,) or not (given > 0.0).all() or not np.isfinite(given).all():
        raise ValueError(f"bounds must be two positive numbers, got {bounds!r}")
    return given


def _prior(prior: Any, points: Floats, random: np.random.RandomState, unit: float) -> Floats:
    d = points.shape[1]
    if not isinstance(prior, str):
        return _given_prior(prior, d) * unit**2
    check_choice("prior", prior, _PRIORS)
    if prior == "identity":
        return np.eye(d)
    if prior == "random":
        spd: Floats = np.ascontiguousarray(make_spd_matrix(d, random_state=random))
        return spd
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(points, rowvar=False)))
    largest = float(values[-1])
    if not largest > 0.0:
        return np.eye(d)
    # directions without variance weigh as little as that of the largest variance, not infinitely much
    values = np.where(values > d * np.finfo(np.float64).eps * largest, values, largest)
    inverse: Floats = np.ascontiguousarray((vectors / values) @ vectors.T)
    return inverse


def _given_prior(prior: Any, d: int) -> Floats:
    matrix: Floats = check_array(prior, dtype=np.float64, order="C")
    if matrix.shape != (d, d):
        raise ValueError(f"prior must have shape ({d}, {d}), got {matrix.shape}")
    if not np.allclose(matrix, matrix.T, atol=1e-8 * float(np.abs(matrix).max())):
        raise ValueError("prior must be symmetric, got a matrix that is not")
    values = np.linalg.eigvalsh(matrix)
    smallest, largest = float(values[0]), float(values[-1])
    rounding = d * np.finfo(np.float64).eps * largest
    if not smallest > rounding:
        raise ValueError(
            f"prior must be positive definite, got an eigenvalue of {smallest:g}, "
            f"which beside {largest:g} rounding may have made"
        )
    return matrix


def _best_threshold(distances: Floats, similar: Mask) -> float:
    """The distance at which most pairs are on their own side, the smallest such."""
    order = np.argsort(distances, kind="stable")
    right = np.cumsum(np.where(similar[order], 1, -1))
    # equal distances are on one side together
    last = np.append(np.diff(distances[order]) > 0.0, True)
    best = int(np.argmax(np.where(last, right, -len(right) - 1)))
    return float(distances[order][best]) if right[best] > 0 else -1.0
