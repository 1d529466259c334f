"""What people have already: fitted neighbour estimators of scikit-learn become certified ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid, NearestNeighbors
from sklearn.utils.validation import check_is_fitted

from .._base.arrays import Floats, Indices
from .._base.validation import checked_queries
from ..threat import ThreatModel
from .classifier import CertifiedKNeighborsClassifier
from .nearest import CertifiedNearestNeighbors

_EUCLIDEAN = ("euclidean", "l2", "sqeuclidean")
_METRICS = "euclidean, l2, sqeuclidean, minkowski with p = 2, seuclidean with V, or mahalanobis with VI or V"

Certified = CertifiedKNeighborsClassifier | CertifiedNearestNeighbors


def from_sklearn(
    model: Any, *, threat: ThreatModel | None = None, n_jobs: int | None = None
) -> Certified:
    """Return the certified twin of a fitted neighbour estimator of scikit-learn.

    Parameters
    ----------
    model : KNeighborsClassifier, NearestNeighbors or NearestCentroid
        Fitted, with one of the metrics euclidean, l2, sqeuclidean, minkowski with p = 2 (weights w
        too), seuclidean with V, and mahalanobis with VI or V; uniform weights of the votes, dense
        points, one output; a NearestCentroid with equal priors.
    threat, n_jobs
        As for `CertifiedKNeighborsClassifier`.

    Returns
    -------
    CertifiedKNeighborsClassifier or CertifiedNearestNeighbors
        A classifier of the same training points, or of the centroids with K = 1; a search where the
        model is one.

    Raises
    ------
    ValueError
        If the model is another one, and why there is no certificate for it.
    sklearn.exceptions.NotFittedError
        If it is not fitted.

    Notes
    -----
    Certificates speak of ``predict`` of the twin, which is decided over the real numbers. The model
    rounds distances: it may answer differently where two of them are equal, or nearly so.
    `where_may_differ` lists the queries of which that can be true, `docs/from_scikit_learn.md` the
    reasons.

    Examples
    --------
    >>> import numpy as np
    >>> import robust_metric as rm
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris")
    >>> knn = KNeighborsClassifier(3).fit(X_train, y_train)
    >>> clf = rm.from_sklearn(knn)
    >>> rows = rm.where_may_differ(knn, X_test)
    >>> same = clf.predict(X_test) == knn.predict(X_test)
    >>> bool(same[np.setdiff1d(np.arange(len(X_test)), rows)].all())
    True
    """
    if not isinstance(model, KNeighborsClassifier | NearestNeighbors | NearestCentroid):
        raise ValueError(
            "model must be a fitted KNeighborsClassifier, NearestNeighbors or NearestCentroid, got "
            f"{model!r}{_hint(model)}"
        )
    check_is_fitted(model)
    twin: Certified
    if isinstance(model, NearestCentroid):
        _check_centroids(model)
        twin = CertifiedKNeighborsClassifier(1, None, threat, n_jobs)
        return _fit(twin, model, model.centroids_, model.classes_)
    points = model._fit_X
    if not isinstance(points, np.ndarray):
        raise ValueError(
            "model must hold dense points, got sparse ones; fit it to X.toarray(), which is what the "
            "certified twin stores"
        )
    components = _components(model, points.shape[1])
    if isinstance(model, NearestNeighbors):
        twin = CertifiedNearestNeighbors(model.n_neighbors, components, threat, n_jobs)
        return _fit(twin, model, points, None)
    if model.weights not in (None, "uniform"):
        raise ValueError(
            f"model must weigh votes uniformly, got weights={model.weights!r}: certificates are about "
            "majorities"
        )
    if isinstance(model.classes_, list):
        raise ValueError("model must have one output, got several; convert one for each")
    twin = CertifiedKNeighborsClassifier(model.n_neighbors, components, threat, n_jobs)
    return _fit(twin, model, points, model.classes_[model._y])


def where_may_differ(model: Any, X: ArrayLike) -> Indices:
    """Return the queries for which a model and its certified twin may answer differently.

    Parameters
    ----------
    model
        As `from_sklearn` takes it.
    X : (m, d) array
        Queries.

    Returns
    -------
    (k,) int64
        Rows in which the K-th and the next training point are equally near, up to what the rounding
        of either may amount to. In all other rows the K nearest points are the same, and therefore
        the prediction.

    Raises
    ------
    ValueError
        As `from_sklearn` does, or if X has the wrong shape or is not finite.
    """
    twin = from_sklearn(model)
    view = twin.fitted_view()
    queries = checked_queries(twin, X)
    if view.n_neighbors == len(view.points):
        return np.empty(0, dtype=np.int64)
    distances, _ = twin.kneighbors(X, view.n_neighbors + 1)
    last, following = distances[:, -2] ** 2, distances[:, -1] ** 2
    doubt: Indices = np.flatnonzero(following - last <= 2.0 * _rounding(model, view, queries))
    return doubt


def _rounding(model: Any, view: Any, queries: Floats) -> Floats:
    """Bound of what squared distances of the model may be off by, for each query.

    It may compute them as ‖z‖² - 2 z·x + ‖x‖² in the precision of its points; under another metric
    also with a matrix of which ours is a factor, up to a residual.
    """
    d = queries.shape[1]
    points = view.points.astype(np.float64)
    single = view.points.dtype == np.float32 or getattr(model, "centroids_", None) is not None
    grain = float(np.finfo(np.float32 if single else np.float64).eps)
    reach = np.linalg.norm(queries, axis=1) + float(np.linalg.norm(points, axis=1).max())
    matrix, residual = 1.0, 0.0
    if view.components is not None:
        product = view.components.T @ view.components
        matrix = float(np.linalg.norm(product))
        residual = float(np.linalg.norm(_matrix(model, d) - product)) + 4 * d * grain * matrix
    bound: Floats = ((8 * d + 32) * grain * matrix + residual) * reach**2
    return bound


def _fit(twin: Any, model: Any, points: NDArray[Any], y: Any) -> Any:
    twin.fit(points, y)
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        twin.feature_names_in_ = names
    return twin


def _components(model: Any, d: int) -> Floats | None:
    """Return L of the metric, or None for the Euclidean one; ValueError for one without half-spaces."""
    matrix = _matrix(model, d)
    if matrix is None:
        return None
    if np.count_nonzero(matrix - np.diag(np.diag(matrix))) == 0 and (np.diag(matrix) >= 0).all():
        return np.diag(np.sqrt(np.diag(matrix)))
    values, vectors = np.linalg.eigh(matrix)
    if values.min() < -1e-9 * max(values.max(), 0.0) or values.max() <= 0.0:
        raise ValueError(
            f"model must have a positive semi-definite VI, got eigenvalues from {values.min():g} to "
            f"{values.max():g}"
        )
    kept = values > 0.0
    components: Floats = np.ascontiguousarray(
        (vectors[:, kept] * np.sqrt(values[kept])).T, dtype=np.float64
    )
    return components


def _matrix(model: Any, d: int) -> Any:
    """Return M of the metric ``(z - x)ᵀ M (z - x)``, (d, d), or None for the identity."""
    if isinstance(model, NearestCentroid):
        return None
    metric, settings = model.metric, dict(model.metric_params or {})
    p = settings.pop("p", model.p if metric == "minkowski" else 2)
    if metric in _EUCLIDEAN or (metric == "minkowski" and p == 2):
        weights = settings.pop("w", None)
        if settings:
            raise ValueError(f"model must have no other metric_params, got {sorted(settings)}")
        return None if weights is None else np.diag(np.asarray(weights, dtype=np.float64))
    if metric == "seuclidean" and "V" in settings:
        return np.diag(1.0 / np.asarray(settings["V"], dtype=np.float64))
    if metric == "mahalanobis" and settings.keys() & {"VI", "V"}:
        inverse = settings.get("VI")
        if inverse is None:
            inverse = np.linalg.inv(np.asarray(settings["V"], dtype=np.float64))
        inverse = np.asarray(inverse, dtype=np.float64)
        return (inverse + inverse.T) / 2.0
    raise ValueError(_refusal(metric, p))


def _refusal(metric: Any, p: Any) -> str:
    got = f"minkowski with p = {p}" if metric == "minkowski" else repr(metric)
    reason = ""
    if metric in ("seuclidean", "mahalanobis"):
        reason = "; without metric_params its matrix may depend on the queries: give " + (
            "V" if metric == "seuclidean" else "VI"
        )
    elif metric == "cosine":
        reason = "; on rows that are normalised first, sklearn.preprocessing.normalize, euclidean is alike"
    return (
        f"model must have the metric {_METRICS}, for which two points are equally near on a plane, got "
        f"{got}{reason}"
    )


def _check_centroids(model: NearestCentroid) -> None:
    if model.metric not in _EUCLIDEAN:
        raise ValueError(f"model must have the metric euclidean, got {model.metric!r}")
    priors = getattr(model, "class_prior_", None)
    if priors is not None and not np.isclose(priors, 1.0 / len(model.classes_)).all():
        raise ValueError(
            "model must have equal priors, with which the nearest centroid decides, got "
            f"priors={model.priors!r}"
        )


def _hint(model: Any) -> str:
    if hasattr(model, "steps"):
        return (
            "; convert its last step, and see fold_components for the steps before it: "
            "CertifiedKNeighborsClassifier(metric=pipeline[:-1])"
        )
    return ""
