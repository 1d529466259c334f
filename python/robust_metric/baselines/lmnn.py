"""LMNN: large-margin nearest neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from .. import _core
from .._runtime import execution_threads, single_threaded_blas
from ..mahalanobis import MahalanobisMixin
from ..progress import Progress
from ..validation import check_count
from ._initial import initial_components
from ._shared import Float, check_n_components, check_range, labelled_data, stratified_subset

Index = NDArray[np.int64]

_LISTED_PER_ANCHOR = 256  # possible impostors kept of an anchor on average: memory stays linear
_FIRST_SLACK = 0.05  # how far lists go beyond the reach of targets and margin, as a share of it
_WORK_OF_ONE_THREAD = 3e6  # multiplications of a search
_LIST_SHARE = 6  # lists of more than this part of all points are slower than looking at all


class LMNN(MahalanobisMixin, BaseEstimator):
    """Large-margin nearest neighbours.

    Pulls the nearest points of a point's own class, its targets, towards it, and pushes points of
    other classes, impostors, out of the reach of its targets plus a margin of 1, by gradient descent
    in the components.

    Parameters
    ----------
    init : {'auto', 'pca', 'lda', 'identity', 'random'} or (r, d) array, default 'auto'
        Where the descent starts. 'auto' is 'lda' for fewer rows than classes, else 'pca' for fewer
        rows than features and points, else 'identity'.
    n_neighbors : int, default 3
        Targets of a point; lowered where its class has fewer points.
    min_iter, max_iter : int, default 50 and 1000
        Steps at least, and evaluations of accepted steps at most, as metric-learn counts them.
    learn_rate : float, default 1e-7
        First step length. Halved until the objective does not grow; 1 % longer after each step.
    regularization : float, default 0.5
        Weight of the pull; the push has the rest of 1.
    convergence_tol : float, default 0.001
        Stop when the objective changes less.
    max_samples : int or None, default 10000
        Points to fit on; of more, a random part with every class in proportion is taken. None takes
        all.
    verbose : int, default 0
        Anything above 0 shows a progress bar on standard error.
    n_components : int, optional
        Rows r of L, at most d; None keeps all d features.
    random_state : int, RandomState or None, default None
    n_jobs : int, optional
        Threads; None is all cores. The result does not depend on it.

    Attributes
    ----------
    components_ : (r, d) float64
        L.
    objective_ : float
        What was minimised, at the end.
    n_iter_ : int
    n_features_in_ : int

    Notes
    -----
    The steps are those of metric-learn, so that the same parameters give the same components. The
    margin is 1 in units of the squared features: scale X. Memory is linear in the number of points.

    References
    ----------
    Weinberger, Saul, "Distance Metric Learning for Large Margin Nearest Neighbor Classification",
    JMLR 2009.
    """

    def __init__(
        self,
        init: Any = "auto",
        n_neighbors: int = 3,
        min_iter: int = 50,
        max_iter: int = 1000,
        learn_rate: float = 1e-7,
        regularization: float = 0.5,
        convergence_tol: float = 0.001,
        max_samples: int | None = 10000,
        verbose: int = 0,
        n_components: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.init = init
        self.n_neighbors = n_neighbors
        self.min_iter = min_iter
        self.max_iter = max_iter
        self.learn_rate = learn_rate
        self.regularization = regularization
        self.convergence_tol = convergence_tol
        self.max_samples = max_samples
        self.verbose = verbose
        self.n_components = n_components
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: ArrayLike) -> LMNN:
        """Learn the metric.

        Parameters
        ----------
        X : (n, d) array of finite numbers
        y : (n,) array of class labels, at least two classes

        Raises
        ------
        ValueError
            If X or y are malformed, there is only one class, no class has two points, or a
            parameter is out of range.
        """
        points, labels = labelled_data(self, X, y)
        self._check_parameters()
        n_components = check_n_components(self.n_components, points.shape[1])
        random = check_random_state(self.random_state)
        rows = stratified_subset(labels, self.max_samples, random)
        rows = rows[np.argsort(labels[rows], kind="stable")]  # the order that is searched fastest
        points, labels = points[rows], np.ascontiguousarray(labels[rows])
        components = initial_components(self.init, n_components, points, labels, random)
        points = points - points.mean(axis=0)  # changes no difference, and saves digits
        _check_scale(points)
        # a second thread has to be woken up for every search: not for small ones
        work = points.size * len(points)
        threads = execution_threads(self.n_jobs) if work > _WORK_OF_ONE_THREAD else 1
        with single_threaded_blas(), np.errstate(over="ignore", invalid="ignore"):
            objective = _Objective(
                points, labels, self.n_neighbors, float(self.regularization), threads
            )
            self._descend(objective, components)
        return self

    def _descend(self, objective: _Objective, components: Float) -> None:
        value, gradient = objective(components)
        rate, step = float(self.learn_rate), 1
        with Progress(self.max_iter, "LMNN", enabled=bool(self.verbose)) as bar:
            for step in range(2, self.max_iter):
                while True:
                    moved = components - rate * gradient
                    next_value, next_gradient = objective(moved)
                    if next_value <= value:
                        break
                    rate /= 2.0
                fall = value - next_value
                components, value, gradient = moved, next_value, next_gradient
                rate *= 1.01
                bar.update(step, objective=value)
                if step > self.min_iter and fall < self.convergence_tol:
                    break
        self.components_ = components
        self.objective_ = value
        self.n_iter_ = step

    def _check_parameters(self) -> None:
        for name in ("n_neighbors", "min_iter", "max_iter"):
            check_count(name, getattr(self, name))
        if self.max_samples is not None:
            check_count("max_samples", self.max_samples)
        check_range("learn_rate", self.learn_rate, np.finfo(np.float64).tiny)
        check_range("regularization", self.regularization, 0.0, 1.0)
        check_range("convergence_tol", self.convergence_tol, 0.0)


def _check_scale(points: Float) -> None:
    with np.errstate(over="ignore"):
        squares = np.einsum("ij,ij->i", points, points)
    if not np.isfinite(squares.sum() * len(points)):
        raise ValueError(
            "X is too large for a margin of 1: "
            f"entries of {np.abs(points).max():g} from the mean; scale it"
        )


class _Objective:
    """Value and gradient of the objective for points sorted by class."""

    def __init__(
        self,
        points: Float,
        labels: NDArray[np.int32],
        n_neighbors: int,
        pull_weight: float,
        threads: int,
    ) -> None:
        self._points = points
        self._labels = labels
        self._pull_weight = pull_weight
        self._threads = threads
        sizes = np.bincount(labels)
        if sizes.max() < 2:
            raise ValueError(
                "y must have at least two points in some class, "
                f"got {len(sizes)} classes of one point"
            )
        self._anchors = np.flatnonzero(sizes[labels] > 1)
        k = min(n_neighbors, int(sizes.max()) - 1)
        self._targets, _ = _core.find_candidates(
            points, labels, self._anchors, k, num_threads=threads
        )
        self._missing = self._targets < 0
        self._targets[self._missing] = 0  # any row: such targets get no weight
        self._search = _ImpostorSearch(points, labels, self._anchors, threads)
        alone = len(self._anchors) < len(points)
        self._anchor_points = points[self._anchors] if alone else points
        self._pull = self._scatter_of_targets((~self._missing).astype(np.float64))

    def __call__(self, components: Float) -> tuple[float, Float]:
        embedded = self._points @ components.T
        differences = embedded[self._targets] - embedded[self._anchors, np.newaxis]
        squared = np.einsum("ijk,ijk->ij", differences, differences)
        squared[self._missing] = 0.0
        thresholds = np.where(self._missing, -np.inf, 1.0 + squared)
        hinge, by_target, by_point, sums = self._search(embedded, thresholds)
        scatter = self._push_scatter(by_target, by_point, sums)
        weight = self._pull_weight
        value = weight * float(squared.sum()) + (1.0 - weight) * hinge
        gradient = 2.0 * components @ (weight * self._pull + (1.0 - weight) * scatter)
        return value, gradient

    def _scatter_of_targets(self, weights: Float) -> Float:
        """Sum of w (x − t)(x − t)ᵀ over anchors x and their targets t."""
        total = np.zeros((self._points.shape[1],) * 2)
        for column, weight in zip(self._targets.T, weights.T, strict=True):
            differences = self._points[self._anchors] - self._points[column]
            total += (differences * weight[:, np.newaxis]).T @ differences
        return total

    def _push_scatter(self, by_target: Index, by_point: Index, sums: Float) -> Float:
        """Sum over active (x, target t, impostor l) of (x − t)(x − t)ᵀ − (x − l)(x − l)ᵀ.

        The squares of x cancel. What remains are squares of targets and impostors, and products of
        x with the sums of its targets and impostors.
        """
        weights = np.bincount(
            self._targets.ravel(), weights=by_target.ravel(), minlength=len(by_point)
        )
        weights -= by_point
        for column, count in zip(self._targets.T, by_target.T, strict=True):
            sums -= count[:, np.newaxis] * self._points[column]
        points = self._points
        busy = np.flatnonzero(weights)
        if 2 * len(busy) < len(points):  # worth a copy
            weights, points = weights[busy], points[busy]
        squares = points.T @ (weights[:, np.newaxis] * points)
        products = self._anchor_points.T @ sums
        scatter: Float = squares + products + products.T
        return scatter


class _ImpostorSearch:
    """Sums over impostors, mostly from lists of the points that can be impostors.

    A distance between two images changes by at most the sum of how far the two have moved. So points
    beyond an anchor's reach when its list was made cannot be impostors before that sum, with the
    farthest move of all for the other point, has used up what the list went beyond the reach.
    """

    def __init__(
        self, points: Float, labels: NDArray[np.int32], anchors: Index, threads: int
    ) -> None:
        self._points = points
        self._labels = labels
        self._anchors = anchors
        self._threads = threads
        per_anchor = min(_LISTED_PER_ANCHOR, len(points) // _LIST_SHARE)
        self._limit = per_anchor * len(anchors)
        self._lists: _core.ImpostorLists | None = None
        self._reach = np.zeros(len(anchors))
        self._listed_at = np.empty((0, 0))  # images of the points when the lists were made
        self._slack = _FIRST_SLACK
        self._uses = 0
        self._pause = 0  # evaluations to go before lists are tried again

    def __call__(self, embedded: Float, thresholds: Float) -> tuple[float, Index, Index, Float]:
        reach = np.sqrt(thresholds.max(axis=1))
        if not self._complete(embedded, reach):
            self._renew(embedded, reach)
        self._uses += 1
        return _core.impostors(
            self._points,
            embedded,
            self._labels,
            self._anchors,
            thresholds,
            self._lists,
            num_threads=self._threads,
        )

    def _complete(self, embedded: Float, reach: Float) -> bool:
        if self._lists is None:
            return False
        moved = embedded - self._listed_at
        moves = np.sqrt(np.einsum("ij,ij->i", moved, moved))
        needed = reach + moves[self._anchors] + moves.max()
        return bool((needed * (1.0 + 1e-9) <= self._reach).all())

    def _renew(self, embedded: Float, reach: Float) -> None:
        """Make lists anew; go without for a while where they would be too long."""
        had_lists, self._lists = self._lists is not None, None
        self._pause -= 1
        if self._pause > 0 or not np.isfinite(reach).all():
            return
        if (
            had_lists
        ):  # those that last a few steps only cost more than they save, and so do long ones
            self._slack = min(max(self._slack * (1.5 if self._uses < 8 else 0.8), 0.01), 0.5)
        self._reach = reach * (1.0 + self._slack)
        self._listed_at = embedded
        self._uses = 0
        self._lists = _core.list_impostors(
            embedded,
            self._labels,
            self._anchors,
            self._reach**2,
            self._limit,
            num_threads=self._threads,
        )
        if self._lists is None:
            self._pause = 10 if self._slack <= 0.02 else 0
            self._slack = max(self._slack / 2.0, 0.01)
