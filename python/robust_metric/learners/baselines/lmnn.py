"""LMNN: large-margin nearest neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from ... import _core
from ..._base.arrays import Floats, Labels
from ..._base.progress import Progress
from ..._base.runtime import execution_threads, single_threaded_blas
from ..._base.states import changes_at_once
from ..._base.validation import check_count
from ...metrics.mahalanobis import MahalanobisMixin
from .initial import initial_components
from .shared import (
    check_n_components,
    check_range,
    labelled_data,
    ordinary_unit,
    stratified_subset,
    warn_unconverged,
)


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
    margin is 1 in units of the squared features. These are first divided by the power of ten that
    brings their root mean square deviation into [1/8, 5/4), so that X in units of a tenth or a
    thousandth gives the same metric; features scaled to [0, 1] or to variance 1 stay as they are. Memory
    is linear in the number of points.

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

    @changes_at_once
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
        # differences stay what they are and keep more digits
        centred = points - points.mean(axis=0)
        unit = ordinary_unit(centred, "a margin of 1")
        components = initial_components(
            self.init, n_components, points / unit, labels, random, unit
        )
        points = centred / unit
        threads = execution_threads(self.n_jobs)
        with single_threaded_blas(), np.errstate(over="ignore", invalid="ignore"):
            objective = _Objective(
                points, labels, self.n_neighbors, float(self.regularization), threads
            )
            self.components_ = self._descend(objective, components) / unit
        return self

    def _descend(self, objective: _Objective, components: Floats) -> Floats:
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
            else:
                warn_unconverged(self, "convergence_tol")
        self.objective_ = value
        self.n_iter_ = step
        return components

    def _check_parameters(self) -> None:
        for name in ("n_neighbors", "min_iter", "max_iter"):
            check_count(name, getattr(self, name))
        if self.max_samples is not None:
            check_count("max_samples", self.max_samples)
        check_range("learn_rate", self.learn_rate, np.finfo(np.float64).tiny)
        check_range("regularization", self.regularization, 0.0, 1.0)
        check_range("convergence_tol", self.convergence_tol, 0.0)


class _Objective:
    """Value and gradient of the objective for points sorted by class."""

    def __init__(
        self,
        points: Floats,
        labels: Labels,
        n_neighbors: int,
        pull_weight: float,
        threads: int,
    ) -> None:
        self._threads = threads
        sizes = np.bincount(labels)
        if sizes.max() < 2:
            raise ValueError(
                "y must have at least two points in some class, "
                f"got {len(sizes)} classes of one point"
            )
        anchors = np.flatnonzero(sizes[labels] > 1)
        k = min(n_neighbors, int(sizes.max()) - 1)
        targets, _ = _core.find_candidates(points, labels, anchors, k, num_threads=threads)
        self._loss = _core.MarginLoss(points, labels, anchors, targets, pull_weight)

    def __call__(self, components: Floats) -> tuple[float, Floats]:
        return self._loss.evaluate(components, num_threads=self._threads)
