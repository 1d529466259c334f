"""Similarity search whose results come with certified radii."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._base.states import changes_at_once
from .._base.validation import storage_dtypes, validated
from ..threat import ThreatModel
from .base import NeighborsBase


class CertifiedNearestNeighbors(NeighborsBase):
    """K nearest points under a Mahalanobis metric, with certified radii: search without classes.

    Distances are ``‖L(z - x)‖`` for components L. The K nearest points are taken over the real numbers
    that the stored arrays denote, ties broken by the smaller index: ``kneighbors`` is that function
    exactly, and ``certify_neighbors`` says how far a query can move before it returns another set.

    Parameters
    ----------
    n_neighbors : int, default 5
        K.
    metric : None, (r, d) array, or metric learner
        None, or "euclidean", is the Euclidean metric. A learner is anything with ``components_``;
        one that is not fitted yet is cloned and fitted on the data that ``fit`` gets.
    threat : ThreatModel, optional
        What perturbations may do and what they cost; by default ``ThreatModel()``, their Euclidean
        norm. Neighbours do not depend on it.
    n_jobs : int, optional
        Threads; None is all cores, or ``OMP_NUM_THREADS``. Answers do not depend on it.

    Attributes
    ----------
    components_ : (r, d) float64, or None
        L; None for the Euclidean metric.
    n_features_in_ : int
    feature_names_in_ : (d,) array of str
        Only where X had names for its columns.
    n_samples_fit_ : int

    Examples
    --------
    >>> import robust_metric as rm
    >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris")
    >>> search = rm.CertifiedNearestNeighbors(n_neighbors=1).fit(X_train)
    >>> found = search.certify_neighbors(X_test[:2])
    >>> found.indices.shape, bool((found.radius > 0).all())
    ((2, 1), True)
    """

    def __init__(
        self,
        n_neighbors: int = 5,
        metric: Any = None,
        threat: ThreatModel | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.threat = threat
        self.n_jobs = n_jobs

    @changes_at_once
    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> CertifiedNearestNeighbors:
        """Store the points, and fit the metric where it is an unfitted learner.

        Parameters
        ----------
        X : (n, d) array of finite numbers
            Kept as `CertifiedKNeighborsClassifier.fit` keeps them.
        y : (n,) array, optional
            What an unfitted learner learns from; not used otherwise.

        Raises
        ------
        ValueError
            If X is empty, not finite or beyond 1e300 in size, n_neighbors exceeds n, or the metric's
            components do not have d columns.
        """
        points = validated(self, X, dtype=storage_dtypes(X), order="C")
        self.n_samples_fit_ = len(points)
        self._check_n_neighbors()  # before a metric is learned in vain
        # labels are needed by predictions only
        one_class = np.zeros(1, dtype=np.int64)
        labels = np.zeros(len(points), dtype=np.int64)
        self._take_over(points, labels, one_class, self._learn_components(points, y))
        return self
