"""AML: a metric learned on pairs and on adversarial pairs that are made to mislead it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from ..._base.arrays import Floats
from ..._base.progress import Progress
from ..._base.states import changes_at_once
from ..._base.validation import check_count
from ...metrics.mahalanobis import MahalanobisMixin
from .shared import (
    check_range,
    components_from_metric,
    labelled_data,
    random_pairs,
    warn_unconverged,
)

_RIDGE = 1e-6  # of the mean eigenvalue, added to the scatters: they need an inverse


class AML(MahalanobisMixin, BaseEstimator):
    """Adversarial metric learning.

    Learns M for which similar pairs are near under M and dissimilar ones near under its inverse, on
    random pairs of training points and on adversarial pairs. These maximise the same loss in the
    neighbourhood of the training pairs, and are made anew each time the metric has changed.

    Parameters
    ----------
    alpha : float, default 1.0
        Weight of the adversarial pairs.
    beta : float, default 10.0
        Price of moving a pair, above 2: larger keeps adversarial pairs nearer to those they come
        from. Below about 5 the rounds may cycle instead of settling.
    n_constraints : int, optional
        Pairs of either kind; None is 40 c (c - 1) for c classes, at least 10 d.
    max_iter : int, default 50
        Rounds of confusion and distinguishment.
    tol : float, default 1e-4
        Stop when a round changes the metric by less than this share of its norm.
    verbose : int, default 0
        Anything above 0 shows a progress bar on standard error.
    random_state : int, RandomState or None, default 0

    Attributes
    ----------
    components_ : (d, d) float64
        L.
    n_iter_ : int
        Rounds done.
    n_features_in_ : int

    Notes
    -----
    Both stages have closed solutions: ``docs/baselines.md``, which also says what the paper leaves
    open.

    References
    ----------
    Chen, Gong, Yang, Li, Wei, Li, "Adversarial Metric Learning", IJCAI 2018, arXiv:1802.03170.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        beta: float = 10.0,
        n_constraints: int | None = None,
        max_iter: int = 50,
        tol: float = 1e-4,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.alpha = alpha
        self.beta = beta
        self.n_constraints = n_constraints
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state

    @changes_at_once
    def fit(self, X: ArrayLike, y: ArrayLike) -> AML:
        """Learn the metric.

        Parameters
        ----------
        X : (n, d) array of finite numbers
        y : (n,) array of class labels, at least two classes

        Raises
        ------
        ValueError
            If X or y are malformed, there is only one class, or a parameter is out of range.
        """
        points, labels = labelled_data(self, X, y)
        self._check_parameters()
        classes = int(labels.max()) + 1
        count = self.n_constraints or max(40 * classes * (classes - 1), 10 * points.shape[1])
        random = check_random_state(self.random_state)
        # one scale for all features: the metric is learned in its units, so that beta means the same
        extent = float(np.abs(points - points.mean(axis=0)).max()) or 1.0
        similar, dissimilar = (
            _scatter(points / extent, random_pairs(labels, count, same, random))
            for same in (True, False)
        )
        metric = _geometric_mean(similar, dissimilar)
        with Progress(self.max_iter, "AML", enabled=bool(self.verbose)) as bar:
            for done in range(1, self.max_iter + 1):
                before = metric
                own, other = _confusion(metric, similar, dissimilar, float(self.beta))
                metric = _geometric_mean(
                    similar + self.alpha * own, dissimilar + self.alpha * other
                )
                change = float(np.linalg.norm(metric - before) / np.linalg.norm(metric))
                bar.update(done, change=change)
                if change < self.tol:
                    break
            else:
                warn_unconverged(self, "tol")
        self.n_iter_ = done
        self.components_ = components_from_metric(metric)
        return self

    def _check_parameters(self) -> None:
        if self.n_constraints is not None:
            check_count("n_constraints", self.n_constraints)
        check_count("max_iter", self.max_iter)
        check_range("alpha", self.alpha, 0.0)
        check_range("tol", self.tol, 0.0)
        check_range("beta", self.beta, 2.0)
        if self.beta == 2.0 or not np.isfinite(self.beta):
            raise ValueError(f"beta must be finite and above 2, got {self.beta!r}")


def _scatter(points: Floats, pairs: np.ndarray) -> Floats:
    """Mean of (a − b)(a − b)ᵀ over pairs, with a ridge that makes it invertible."""
    differences = points[pairs[:, 0]] - points[pairs[:, 1]]
    scatter: Floats = differences.T @ differences / max(len(pairs), 1)
    d = len(scatter)
    ridge = _RIDGE * float(np.trace(scatter)) / d
    return scatter + (ridge or 1.0) * np.eye(d)


def _confusion(
    metric: Floats, similar: Floats, dissimilar: Floats, beta: float
) -> tuple[Floats, Floats]:
    """Scatters of the adversarial pairs: those that maximise loss − β distance from the pairs.

    The difference Δ of a similar pair becomes β/(β − 2) Δ, that of a dissimilar one
    βM²(βM² − 2I)⁻¹ Δ. The latter problem is bounded if βM² > 2, so β is in units of the smallest
    value for which that holds.
    """
    values, vectors = np.linalg.eigh(metric)
    squares = values**2
    price = beta * max(1.0, 1.0 / float(squares[0]))
    stretch = (vectors * (price * squares / (price * squares - 2.0))) @ vectors.T
    return (beta / (beta - 2.0)) ** 2 * similar, stretch @ dissimilar @ stretch


def _geometric_mean(similar: Floats, dissimilar: Floats) -> Floats:
    """Return argmin of tr(M A) + tr(M⁻¹ B), which is A^(-1/2) (A^(1/2) B A^(1/2))^(1/2) A^(-1/2)."""
    values, vectors = np.linalg.eigh(similar)
    roots = np.sqrt(np.maximum(values, np.finfo(np.float64).tiny))
    root = (vectors * roots) @ vectors.T
    inverse = (vectors / roots) @ vectors.T
    inner_values, inner_vectors = np.linalg.eigh(root @ dissimilar @ root)
    middle = (inner_vectors * np.sqrt(np.maximum(inner_values, 0.0))) @ inner_vectors.T
    mean: Floats = inverse @ middle @ inverse
    return (mean + mean.T) / 2.0
