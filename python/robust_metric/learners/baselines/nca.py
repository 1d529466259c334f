"""NCA: neighbourhood components analysis, scikit-learn's, with the interface of the other learners."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.utils import check_random_state

from ..._base.progress import Progress
from ..._base.states import changes_at_once
from ..._base.validation import check_count
from ...metrics.mahalanobis import MahalanobisMixin
from .shared import (
    check_n_components,
    labelled_data,
    ordinary_unit,
    stratified_subset,
    warn_unconverged,
)


class NCA(MahalanobisMixin, BaseEstimator):
    """Neighbourhood components analysis.

    Maximises the expected number of points that a stochastic nearest-neighbour rule puts into their
    own class, in features divided by a power of ten as for `LMNN`. The work is done by
    `sklearn.neighbors.NeighborhoodComponentsAnalysis`, whose memory and time are quadratic in the
    number of points: at most ``max_samples`` are used.

    Parameters
    ----------
    init : {'auto', 'pca', 'lda', 'identity', 'random'} or (r, d) array, default 'auto'
        Where the optimisation starts, as in scikit-learn.
    n_components : int, optional
        Rows r of L, at most d; None keeps all d features.
    max_iter : int, default 100
        Iterations of L-BFGS.
    tol : float, optional
        Tolerance of the optimiser; None is scikit-learn's, 1e-5.
    max_samples : int or None, default 4000
        Points to fit on; of more, a random part with every class in proportion is taken. None takes
        all.
    verbose : int, default 0
    random_state : int, RandomState or None, default None

    Attributes
    ----------
    components_ : (r, d) float64
        L.
    n_iter_ : int
        Iterations done.
    n_features_in_ : int

    References
    ----------
    Goldberger, Roweis, Hinton, Salakhutdinov, "Neighbourhood Components Analysis", NIPS 2004.
    """

    def __init__(
        self,
        init: Any = "auto",
        n_components: int | None = None,
        max_iter: int = 100,
        tol: float | None = None,
        max_samples: int | None = 4000,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.init = init
        self.n_components = n_components
        self.max_iter = max_iter
        self.tol = tol
        self.max_samples = max_samples
        self.verbose = verbose
        self.random_state = random_state

    @changes_at_once
    def fit(self, X: ArrayLike, y: ArrayLike) -> NCA:
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
        check_n_components(self.n_components, points.shape[1])
        if self.max_samples is not None:
            check_count("max_samples", self.max_samples)
        random = check_random_state(self.random_state)
        rows = stratified_subset(labels, self.max_samples, random)
        points = points - points.mean(axis=0)  # differences stay what they are and keep more digits
        unit = ordinary_unit(points[rows], "distances of about 1")
        with Progress(self.max_iter, "NCA", enabled=bool(self.verbose)) as bar:
            nca = NeighborhoodComponentsAnalysis(
                n_components=self.n_components,
                init=self.init if isinstance(self.init, str) else np.asarray(self.init) * unit,
                max_iter=self.max_iter,
                tol=1e-5 if self.tol is None else self.tol,
                callback=lambda _, done: bar.update(int(done)),
                random_state=random,
            ).fit(points[rows] / unit, labels[rows])
        self.components_ = nca.components_.astype(np.float64) / unit
        self.n_iter_ = nca.n_iter_
        if self.n_iter_ >= self.max_iter:
            warn_unconverged(self, "tol")
        return self
