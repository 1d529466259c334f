"""The K-nearest-neighbour classifier whose predictions come with certified radii."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from .._base.arrays import Floats, is_dask_array, is_dask_frame
from .._base.frozen import frozen
from .._base.states import changes_at_once, sees_one_state
from .._base.validation import (
    check_positive,
    check_precision,
    checked_queries,
    encode_labels,
    storage_dtypes,
    validated,
)
from ..data_changes import DataChanges
from ..results.certificates import Certificates, CertifiedPredictions
from ..results.perturbations import MinimalPerturbations, WitnessPrecision
from ..threat import ThreatModel
from .base import NeighborsBase
from .each_k import certify_each
from .query_wishes import check_data_changes, encoded_targets, query_box


class CertifiedKNeighborsClassifier(ClassifierMixin, NeighborsBase):
    """K-nearest-neighbour vote under a Mahalanobis metric, with certified radii.

    Distances are ``‖L(z - x)‖`` for components L. The K nearest training points are taken over the
    real numbers that the stored float64 arrays denote, ties broken by the smaller training index;
    the class with most votes wins, ties by the smaller class. ``predict`` is that function exactly
    (near-ties are decided by double-double, then by integer arithmetic), and certificates speak
    of it.

    Parameters
    ----------
    n_neighbors : int, default 11
        K.
    metric : None, (r, d) array, or metric learner
        None, or "euclidean", is the Euclidean metric. A learner is anything with ``components_``,
        a scaler, PCA, or a pipeline of these (`fold_components`); one that is not fitted yet is
        cloned and fitted on the data that ``fit`` gets. Radii are in the units of X all the same.
    threat : ThreatModel, optional
        What perturbations may do and what they cost; by default ``ThreatModel()``, their Euclidean
        norm. Predictions do not depend on it.
    n_jobs : int, optional
        Threads; None is all cores, or ``OMP_NUM_THREADS``. Answers do not depend on it.

    Attributes
    ----------
    classes_ : (c,) array
        Class labels, sorted.
    components_ : (r, d) float64, or None
        L; None for the Euclidean metric. ``fit`` sets it, and nothing else: it cannot be assigned to,
        nor written into.
    n_features_in_ : int
    n_samples_fit_ : int

    References
    ----------
    Wang, Liu, Yi, Jiang, Hsieh, "Provably Robust Metric Learning", NeurIPS 2020.

    Examples
    --------
    >>> import robust_metric as rm
    >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris")
    >>> clf = rm.CertifiedKNeighborsClassifier(n_neighbors=3).fit(X_train, y_train)
    >>> clf.certify(X_test[:2]).radius.shape
    (2,)
    """

    def __init__(
        self,
        n_neighbors: int = 11,
        metric: Any = None,
        threat: ThreatModel | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.threat = threat
        self.n_jobs = n_jobs

    @changes_at_once
    def fit(self, X: ArrayLike, y: ArrayLike) -> CertifiedKNeighborsClassifier:
        """Store the training points, and fit the metric where it is an unfitted learner.

        Parameters
        ----------
        X : (n, d) array of finite numbers
            Kept in float32 if that is what it is (or integers of at most 16 bits), else in float64:
            as a copy, or where it lies if it is in C order and read-only all the way down. That is
            an array that owns its numbers and whose flag ``writeable`` is off, a view of such a one,
            or a file mapped with mode ``"r"``. The file must not be changed while the classifier is in
            use, and the flag must not be lifted, nor older views be written to: certificates would
            then speak of numbers that are gone.
        y : (n,) array of class labels

        Raises
        ------
        ValueError
            If X is empty, not finite or beyond 1e300 in size, y has another length, n_neighbors
            exceeds n, or the metric's components do not have d columns.
        """
        points, labels = validated(self, X, y, dtype=storage_dtypes(X), order="C")
        check_classification_targets(labels)
        self.n_samples_fit_ = len(points)
        self._check_n_neighbors()  # before a metric is learned in vain
        classes, encoded = np.unique(labels, return_inverse=True)
        self._take_over(points, encoded, classes, self._learn_components(points, labels))
        return self

    @sees_one_state
    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the (m,) classes of the (m, d) rows of X; of a Dask array or frame a Dask array."""
        if self._answers_lazily(X):
            from ..distributed import queries as blocks

            return blocks.predict(self, X)
        queries = checked_queries(self, X)
        return self.fitted_view().predict(queries)

    @sees_one_state
    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return (m, c) float64: each class's share of the K votes; lazily as `predict`."""
        if self._answers_lazily(X):
            from ..distributed import queries as blocks

            return blocks.predict_proba(self, X)
        neighbors = self.kneighbors(X, return_distance=False)
        votes = np.zeros((len(neighbors), len(self.classes_)))
        np.add.at(votes, (np.arange(len(neighbors))[:, None], self._fitted.labels[neighbors]), 1.0)
        shares: Floats = votes / neighbors.shape[1]
        return shares

    @overload
    def certify(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        evidence: bool = False,
        at: float | None = None,
        bounds: Any = None,
        data_changes: DataChanges | None = None,
        n_neighbors: None = None,
    ) -> Certificates: ...

    @overload
    def certify(
        self, X: ArrayLike, y: ArrayLike | None = None, *, n_neighbors: Iterable[int]
    ) -> dict[int, Certificates]: ...

    @sees_one_state  # type: ignore[misc]  # the copy comes first
    def certify(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        evidence: bool = False,
        at: float | None = None,
        bounds: Any = None,
        data_changes: DataChanges | None = None,
        n_neighbors: Iterable[int] | None = None,
    ) -> Certificates | dict[int, Certificates]:
        """Predictions with certified radii: lower bounds of the minimal adversarial perturbation.

        Parameters
        ----------
        X : (m, d) array
            For a Dask array or frame the answer holds Dask arrays, see `robust_metric.dask`.
        y : (m,) array, optional
            True classes; a row whose prediction differs gets radius 0. Without them the
            predictions themselves are certified.
        evidence : bool, default False
            Also return what proves each radius, for `robust_metric.check`.
        at : float, optional
            Only decide whether each radius reaches this one, and stop as soon as that is known: the
            radii are ``at`` where they do, and 0 where they do not.
        bounds : pair, or dict of feature to pair, optional
            What each row may become, beside the bounds of the threat model; as in
            `minimal_perturbation`. Nothing is fitted again.
        data_changes : DataChanges, optional
            Changes of the training data that the radii are to hold for as well, whoever makes them
            (``docs/data_changes.md``). There is no evidence of that.
        n_neighbors : iterable of int, optional
            Certificates for each of these K instead of the classifier's own, such as ``range(1, 16)``,
            in one pass, with the same bits: a dict of K to certificates. For choosing K by certified
            error; nothing is fitted again. Without evidence, ``at``, bounds and data_changes.

        Raises
        ------
        ValueError
            If X or y have the wrong shape, X is not finite, or is outside the bounds of the threat
            model or its own, or these do not fit; if ``at`` is not a positive number; if there are
            ``at``, bounds or data_changes together with evidence, or for Dask arrays; if
            data_changes leave fewer than K points, or are given for learned prototypes; if
            n_neighbors are not different integers from 1 to the number of training points.

        Notes
        -----
        Theorem 1 of the paper for every K, with the plurality refinement; see
        ``docs/halfspace_bounds.md``. `minimal_perturbation` closes the gap to the exact radius.
        """
        check_positive("at", at, optional=True)
        wishes = any(wish is not None for wish in (at, bounds, data_changes))
        if n_neighbors is not None:
            if evidence or wishes:
                raise ValueError(
                    "n_neighbors must be None where evidence, at, bounds or data_changes are given"
                )
            return certify_each(self, X, y, n_neighbors)
        if evidence and wishes:
            raise ValueError(
                "evidence must be False where at, bounds or data_changes are given, got True"
            )
        if self._answers_lazily(X, evidence):
            if wishes:
                raise ValueError(
                    "at, bounds and data_changes must be None for Dask arrays, got others"
                )
            from ..distributed import queries as blocks

            return blocks.certify(self, X, y)
        queries = self._admitted(X)
        truth = encode_labels(y, self.classes_, len(queries))
        box = query_box(bounds, queries, self._names)
        radius = None if at is None else float(at)
        view = self.fitted_view()
        if data_changes is not None:
            self._check_data_changes(data_changes, view.n_neighbors)
        return view.certify(
            queries, truth, evidence=evidence, at=radius, box=box, data_changes=data_changes
        )

    def predict_with_certificate(
        self, X: ArrayLike, min_radius: float = 0.0
    ) -> CertifiedPredictions:
        """Predictions with their certified radii, and a flag where these are too small.

        Parameters
        ----------
        X : (m, d) array
        min_radius : float, default 0.0
            The radius that a prediction needs to be relied on, in the units of X.

        Raises
        ------
        ValueError
            If min_radius is negative or not a number, or as `certify` does.

        Examples
        --------
        >>> import robust_metric as rm
        >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris")
        >>> clf = rm.CertifiedKNeighborsClassifier(n_neighbors=3).fit(X_train, y_train)
        >>> label, radius, abstain = clf.predict_with_certificate(X_test, min_radius=0.1)
        >>> bool((radius[~abstain] >= 0.1).all())
        True
        """
        if not min_radius >= 0.0:
            raise ValueError(f"min_radius must be a number of at least 0, got {min_radius!r}")
        certificates = self.certify(X)
        abstain: Any = certificates.radius < min_radius
        return CertifiedPredictions(
            certificates.label,
            certificates.radius,
            abstain if is_dask_array(abstain) else frozen(abstain),
        )

    @sees_one_state
    def minimal_perturbation(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        time_limit: float | None = None,
        *,
        evidence: bool = False,
        witness_precision: WitnessPrecision = None,
        target: Any = None,
        bounds: Any = None,
    ) -> MinimalPerturbations:
        """Minimal adversarial perturbations as intervals with witnesses.

        Parameters
        ----------
        X : (m, d) array
            For a Dask array or frame the answer holds Dask arrays, see `robust_metric.dask`.
        y : (m,) array, optional
            True classes; a row whose prediction differs has a minimal perturbation of 0.
        time_limit : float, optional
            Seconds per row; a row stopped by it still has a valid interval. It comes back within 0.2 s
            and twice the limit, whatever K and the number of classes.
        evidence : bool, default False
            Also return what proves each ``lower``, for `robust_metric.check`. For K > 1 a search then
            stops after 20000 nodes, as by the time limit.
        witness_precision : "float32" or int, optional
            Witnesses that survive being written down: ``X + perturbation`` keeps its class when it is
            rounded to float32, or to so many decimal places (`numpy.round`). ``upper`` is the cost of
            the rounded witness then, so that the interval is as wide as rounding makes it, and inf
            where none was found. Frozen features are rounded too, at no cost.
        target : class label, or (m,) array of them, optional
            The class to be reached; by default any other than the one predicted. With K > 1 and more
            than two classes the interval may stay open (status "interval").
        bounds : pair, or dict of feature to pair, optional
            Lower and upper ends of what each row may become, beside the bounds of the threat model:
            None, numbers, (d,) arrays for all rows, or (m, d) arrays for each; in a dict, by name or
            number of the feature, None, numbers or (m,) arrays.

        Raises
        ------
        ValueError
            If X or y have the wrong shape, X is not finite or outside the bounds, time_limit is not
            positive, a target is none of the classes, witness_precision or bounds are something
            else, or there are targets or bounds together with evidence, or for Dask arrays.
        SearchInterrupted
            On Ctrl-C: a KeyboardInterrupt that holds what was found up to then.

        Notes
        -----
        For K = 1 a search over the nearest points of other classes (``docs/minimal_perturbation.md``),
        for K > 1 branch and bound over which points enter the K nearest
        (``docs/vote_search.md``). Without a time limit it ends with an interval of 1e-9 relative
        width, save for ties; for large K some queries take very long, so set one.
        """
        check_precision("witness_precision", witness_precision)
        wishes = target is not None or bounds is not None
        if evidence and wishes:
            raise ValueError(
                "evidence must be False where target or bounds are given, got True: certificates are "
                "about any other class, within the threat model"
            )
        if self._answers_lazily(X, evidence):
            if wishes:
                raise ValueError("target and bounds must be None for Dask arrays, got others")
            from ..distributed import queries as blocks

            return blocks.minimal_perturbation(self, X, y, time_limit, witness_precision)
        queries = self._admitted(X)
        truth = encode_labels(y, self.classes_, len(queries))
        view = self.fitted_view()
        if time_limit != math.inf:
            check_positive("time_limit", time_limit, optional=True)
        return view.minimal_perturbation(
            queries,
            truth,
            time_limit,
            evidence=evidence,
            witness_precision=witness_precision,
            targets=encoded_targets(target, self.classes_, len(queries)),
            box=query_box(bounds, queries, self._names),
        )

    def robust_error(
        self,
        X: ArrayLike,
        y: ArrayLike,
        radii: ArrayLike,
        *,
        bounds: Any = None,
        data_changes: DataChanges | None = None,
    ) -> Floats:
        """Certified robust error at each radius: the share of rows with radius <= r, (k,) float64.

        From the certificates of `certify`, which says what ``bounds`` and ``data_changes`` are; at
        r = 0 it is the clean error (and ties).
        """
        return self.certify(X, y, bounds=bounds, data_changes=data_changes).robust_error(radii)

    @property
    def classes_(self) -> NDArray[Any]:
        """(c,) class labels, sorted."""
        return self._fitted.classes

    def _check_data_changes(self, changes: DataChanges, k: int) -> None:
        check_data_changes(changes, k, self.n_samples_fit_)

    def _answers_lazily(self, X: Any, evidence: bool = False) -> bool:
        """Whether X is a Dask array or frame, for which there is no evidence."""
        if not (is_dask_array(X) or is_dask_frame(X)):
            return False
        check_is_fitted(self)
        if evidence:
            raise ValueError("evidence must be False for Dask arrays, got True; use NumPy arrays")
        return True
