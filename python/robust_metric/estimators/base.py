"""What the estimators over stored training points share: neighbours, and certificates of their sets."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .. import _core
from .._base.arrays import Floats, Indices, Mask
from .._base.frozen import FrozenAttributes, frozen
from .._base.progress import progress_of_call
from .._base.runtime import single_threaded_blas
from .._base.states import sees_one_state
from .._base.validation import check_components, check_size, checked_queries
from ..fitted import Fitted
from ..io.csv_tables import LabelColumn
from ..results.digests import KnownScaling
from ..results.neighbor_sets import NeighborCertificates
from ..threat import ThreatModel
from .radius import within


class NeighborsBase(FrozenAttributes, BaseEstimator):
    """Stored training points under a metric and a threat model; not an estimator by itself.

    Subclasses have the parameters ``n_neighbors``, ``metric``, ``threat`` and ``n_jobs``, and
    hand their points to `_take_over` in ``fit``.
    """

    n_neighbors: int
    metric: Any
    threat: ThreatModel | None
    n_jobs: int | None
    _fitted: Fitted

    @sees_one_state
    def kneighbors(
        self,
        X: ArrayLike | None = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> Any:
        """K nearest training points, nearest first, ties by the smaller index.

        Parameters
        ----------
        X : (m, d) array, optional
            Without it, the neighbours of each training point among the others.
        n_neighbors : int, optional
            By default that of the constructor.
        return_distance : bool, default True

        Returns
        -------
        distances : (m, k) float64
            ``‖L(z - x)‖``; only if ``return_distance``.
        indices : (m, k) int64
        """
        check_is_fitted(self)
        of_training = X is None
        k = self._check_n_neighbors(n_neighbors, spare=1 if of_training else 0)
        view = self._view(k)
        queries = view.points.astype(np.float64) if X is None else checked_queries(self, X)
        with single_threaded_blas():
            distances, indices = _core.kneighbors(
                view.prepared, queries, k + of_training, return_distance, view.threads
            )
        if of_training:
            keep = _not_self(indices)
            indices = indices[keep].reshape(len(indices), k)
            distances = distances[keep].reshape(-1, k) if return_distance else distances
        return (distances, indices) if return_distance else indices

    @sees_one_state
    def kneighbors_graph(
        self,
        X: ArrayLike | None = None,
        n_neighbors: int | None = None,
        mode: str = "connectivity",
    ) -> Any:
        """K nearest training points as a sparse graph, as scikit-learn's neighbour estimators have it.

        Parameters
        ----------
        X : (m, d) array, optional
            Without it, the neighbours of each training point among the others.
        n_neighbors : int, optional
            By default that of the constructor.
        mode : {"connectivity", "distance"}, default "connectivity"
            Whether entries are ones, or distances ``‖L(z - x)‖``.

        Returns
        -------
        (m, n) scipy.sparse.csr_matrix of float64
            K entries a row, nearest first; a distance of 0 is an entry too.

        Raises
        ------
        ValueError
            If mode is another, or as `kneighbors` does.
        """
        _check_mode(mode)
        if mode == "distance":
            distances, indices = self.kneighbors(X, n_neighbors)
            values = distances.ravel()
        else:  # distances cost more than the neighbours do
            indices = self.kneighbors(X, n_neighbors, return_distance=False)
            values = np.ones(indices.size)
        m, k = indices.shape
        rows = np.arange(0, m * k + 1, k)
        return csr_matrix((values, indices.ravel(), rows), shape=(m, self.n_samples_fit_))

    @sees_one_state
    def radius_neighbors(
        self, X: ArrayLike | None = None, radius: float = 1.0, return_distance: bool = True
    ) -> Any:
        """Training points within a distance, nearest first, ties by the smaller index.

        Parameters
        ----------
        X : (m, d) array, optional
            Without it, the neighbours of each training point among the others.
        radius : float, default 1.0
            Of the distances ``‖L(z - x)‖``; those that are equal to it, as float64 numbers, count.
        return_distance : bool, default True

        Returns
        -------
        distances : (m,) object array of float64 arrays
            Only if ``return_distance``.
        indices : (m,) object array of int64 arrays

        Raises
        ------
        ValueError
            If radius is negative or not a number, or as `kneighbors` does.
        """
        distances, indices = self._within(X, radius)
        found = _array_of(indices)
        return (_array_of(distances), found) if return_distance else found

    @sees_one_state
    def radius_neighbors_graph(
        self, X: ArrayLike | None = None, radius: float = 1.0, mode: str = "connectivity"
    ) -> Any:
        """Training points within a distance as a sparse graph.

        Parameters
        ----------
        X, radius
            As for `radius_neighbors`.
        mode : {"connectivity", "distance"}, default "connectivity"
            Whether entries are ones, or distances ``‖L(z - x)‖``.

        Returns
        -------
        (m, n) scipy.sparse.csr_matrix of float64
            Entries of a row nearest first; a distance of 0 is an entry too.

        Raises
        ------
        ValueError
            If mode is another, or as `radius_neighbors` does.
        """
        _check_mode(mode)
        distances, indices = self._within(X, radius)
        rows = np.cumsum([0, *map(len, indices)])
        columns = np.concatenate([np.empty(0, dtype=np.int64), *indices])
        values = np.concatenate([np.empty(0), *distances])
        values = values if mode == "distance" else np.ones(len(columns))
        return csr_matrix((values, columns, rows), shape=(len(indices), self.n_samples_fit_))

    def _within(self, X: ArrayLike | None, radius: float) -> tuple[list[Floats], list[Indices]]:
        check_is_fitted(self)
        if not isinstance(radius, numbers.Real) or not float(radius) >= 0.0:
            raise ValueError(f"radius must be a number of at least 0, got {radius!r}")
        view = self._view(1)
        queries = view.points.astype(np.float64) if X is None else checked_queries(self, X)
        distances, indices = within(view, queries, float(radius))
        if X is None:
            others = [found != row for row, found in enumerate(indices)]
            distances = [d[keep] for d, keep in zip(distances, others, strict=True)]
            indices = [i[keep] for i, keep in zip(indices, others, strict=True)]
        return distances, indices

    @sees_one_state
    def certify_neighbors(
        self, X: ArrayLike, n_neighbors: int | None = None
    ) -> NeighborCertificates:
        """Nearest neighbours with the radius within which their set cannot change.

        Parameters
        ----------
        X : (m, d) array
            Queries.
        n_neighbors : int, optional
            K; by default that of the constructor.

        Returns
        -------
        NeighborCertificates
            The K nearest training points of each query, and the radius: no perturbation of the
            query of a smaller cost changes which points these are (their order may change), while
            one of a cost just above it does.

        Raises
        ------
        ValueError
            If X has the wrong shape, is not finite, or is outside the bounds of the threat model,
            or n_neighbors exceeds the number of training points.

        Notes
        -----
        The smallest distance to a half-space over all pairs of a neighbour and another point; see
        ``docs/neighbor_certificates.md``. A prediction may survive larger perturbations than the
        set of neighbours does: for predictions, use ``certify`` of a classifier.

        Examples
        --------
        >>> import robust_metric as rm
        >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris")
        >>> search = rm.CertifiedNearestNeighbors(n_neighbors=3).fit(X_train)
        >>> search.certify_neighbors(X_test).indices.shape
        (38, 3)
        """
        queries = self._admitted(X)
        view = self._view(self._check_n_neighbors(n_neighbors))
        with (
            single_threaded_blas(),
            progress_of_call(len(queries), "certify neighbours") as told,
        ):
            radius, indices = _core.neighbor_radii(
                view.prepared, queries, view.n_neighbors, view.threads, progress=told
            )
        return NeighborCertificates(radius, indices, view.threat)

    @sees_one_state
    def fitted_view(self) -> Fitted:
        """Return what is fitted, with the parameters as they are now, as one frozen object.

        For code that works beside the estimator: attacks, plots, files. Calls on it do not check
        their arguments.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If a parameter is out of range.
        """
        check_is_fitted(self)
        return self._view(self._check_n_neighbors())

    def _view(self, k: int) -> Fitted:
        return self._fitted.having(self._checked_threat(), k, self.n_jobs)

    @property
    def components_(self) -> Floats | None:
        """(r, d) L of the metric; None for the Euclidean metric."""
        return self._fitted.components

    def _take_over(
        self,
        X: NDArray[Any],
        y: Indices,
        classes: NDArray[Any],
        components: Floats | None,
        scaling: KnownScaling = "unknown",
        label_column: LabelColumn | None = None,
    ) -> None:
        """Store checked training data: y indexes classes, components are (r, d) or None."""
        # certificates are about these numbers, whatever the caller does to the array later
        X = frozen(X)
        check_size(X)
        if components is not None:
            components = check_components(components, X.shape[1])
        self.n_features_in_ = X.shape[1]
        self.n_samples_fit_ = len(X)
        self._fitted = Fitted(
            X,
            y.astype(np.int64),
            classes,
            components,
            self._checked_threat(),
            self._check_n_neighbors(),
            self.n_jobs,
            scaling,
            label_column,
        )
        self._fitted.prepared  # noqa: B018  what does not fit is to fail here

    def _learn_components(self, X: Floats, y: ArrayLike | None) -> Any:
        if isinstance(self.metric, str):
            if not is_euclidean(self.metric):
                raise ValueError(
                    "metric must be None, euclidean, an (r, d) array of components, or a metric learner, "
                    f"got {self.metric!r}"
                )
            return None
        if self.metric is None or not hasattr(self.metric, "fit"):
            return getattr(self.metric, "components_", self.metric)
        from ..metrics.folding import learned_components  # here, for a quick import

        return learned_components(self.metric, X, y)

    @property
    def _names(self) -> Sequence[str] | None:
        """What the features are called, where ``fit`` saw names."""
        return getattr(self, "feature_names_in_", None)

    def _checked_threat(self) -> ThreatModel:
        """The threat model, of the features that were seen in ``fit``."""
        if self.threat is None:
            return ThreatModel()
        if not isinstance(self.threat, ThreatModel):
            raise ValueError(f"threat must be a ThreatModel or None, got {self.threat!r}")
        return self.threat.for_features(self.n_features_in_, self._names)

    def _admitted(self, X: ArrayLike) -> Floats:
        """Queries that may be certified: within the bounds of the threat model."""
        queries = checked_queries(self, X)
        return np.ascontiguousarray(self._checked_threat().admit(queries, self._names))

    def _check_n_neighbors(self, n_neighbors: int | None = None, spare: int = 0) -> int:
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        if not isinstance(k, numbers.Integral) or isinstance(k, bool) or k < 1:
            raise ValueError(f"n_neighbors must be an int of at least 1, got {k!r}")
        if k > self.n_samples_fit_ - spare:
            raise ValueError(
                f"n_neighbors must be at most the number of training points to choose from, "
                f"got n_neighbors={k} and n_samples={self.n_samples_fit_ - spare}"
            )
        return int(k)


def is_euclidean(metric: Any) -> bool:
    """Whether a parameter ``metric`` names the Euclidean one, as scikit-learn calls it, or is None."""
    return metric is None or (isinstance(metric, str) and metric in ("euclidean", "l2"))


def _array_of(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Return an object array of arrays, of equal length or not."""
    together = np.empty(len(arrays), dtype=object)
    together[:] = arrays
    return together


def _not_self(indices: Indices) -> Mask:
    """Mask all but each row's own index; where duplicates hide it, all but the last."""
    own = indices == np.arange(len(indices))[:, None]
    own[~own.any(axis=1), -1] = True
    return ~own


def _check_mode(mode: str) -> None:
    """Raise ValueError where the entries of a graph are to be something else."""
    if mode not in ("connectivity", "distance"):
        raise ValueError(f'mode must be "connectivity" or "distance", got {mode!r}')
