"""Pipelines: a classifier of the input that answers as a pipeline does, radii in units of the input.

In ``make_pipeline(StandardScaler(), ARML(), CertifiedKNeighborsClassifier())`` the classifier sees
transformed points, and its radii are lengths in their space. `metrics.folding` turns affine steps into
a metric on the input; here they become components of a classifier.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_array, validate_data

from .._base.arrays import Floats
from .._base.exact_input import check_exact
from ..metrics.folding import composed
from ..threat import ThreatModel
from .classifier import CertifiedKNeighborsClassifier


def fold_pipeline(
    pipeline: Pipeline, X: ArrayLike, y: ArrayLike, threat: ThreatModel | None = None
) -> CertifiedKNeighborsClassifier:
    """Return a classifier of the pipeline's input that predicts as the pipeline does.

    Its radii, perturbations and witnesses are in the units of the input.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted; affine steps (see `fold_components`) and last a `CertifiedKNeighborsClassifier`.
    X : (n, d) array
        The points that the pipeline was fitted on, before its first step.
    y : (n,) array
        Their classes.
    threat : ThreatModel, optional
        What perturbations of the input may do and cost; by default their Euclidean norm, or the
        p-norm where that is all that the pipeline's classifier says. `fold_threat` translates
        a threat model of scaled features.

    Returns
    -------
    CertifiedKNeighborsClassifier
        With ``components_`` in which the steps are folded, and the names of the pipeline's features.

    Raises
    ------
    TypeError
        If it is not a pipeline, or its last step is another classifier.
    ValueError
        If a step is not affine, X are not the points that the
        pipeline was fitted on, or its classifier has bounds or feature costs, which speak of
        transformed features, and ``threat`` is not given.
    sklearn.exceptions.NotFittedError
        If the pipeline is not fitted.

    Notes
    -----
    What is certified is ``predict`` of the classifier returned: a definite function of the input,
    in which nothing is rounded but the folded components themselves. The pipeline rounds each
    transformed point; it may answer differently where two training points are all but equally near.

    Examples
    --------
    >>> import robust_metric as rm
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X_train, X_test, y_train, y_test = rm.datasets.load("wine", scale=False)
    >>> pipeline = make_pipeline(StandardScaler(), rm.CertifiedKNeighborsClassifier(3))
    >>> clf = rm.fold_pipeline(pipeline.fit(X_train, y_train), X_train, y_train)
    >>> bool((clf.predict(X_test) == pipeline.predict(X_test)).all())
    True
    """
    last = pipeline.steps[-1][1] if isinstance(pipeline, Pipeline) and pipeline.steps else None
    if type(last) is not CertifiedKNeighborsClassifier:
        raise TypeError(
            "pipeline must be a Pipeline that ends with a CertifiedKNeighborsClassifier, "
            f"got {pipeline!r}"
        )
    view = last.fitted_view()
    components = view.components
    if len(pipeline.steps) > 1:
        components = composed(components, pipeline[:-1])
    check_exact(X)
    points = check_array(X, dtype=np.float64)
    names = _feature_names(pipeline, X)
    _check_training(pipeline, X, points, view.points)
    if threat is not None:
        threat = threat.for_features(points.shape[1], None if names is None else names.tolist())
    else:
        threat = view.threat
        if threat.bounds is not None or threat.feature_cost is not None:
            raise ValueError(
                "threat must be given, in terms of the input, where the pipeline's classifier has "
                f"bounds or feature costs of its own, got None and {threat!r}; "
                "fold_threat translates these where the steps only scale features"
            )
    clf = CertifiedKNeighborsClassifier(last.n_neighbors, components, threat, last.n_jobs)
    clf.fit(points, y)
    if names is not None:
        clf.feature_names_in_ = names
    return clf


def _feature_names(pipeline: Pipeline, X: ArrayLike) -> NDArray[Any] | None:
    """Return the names of the features that the pipeline was fitted on, or else those of X.

    Raises
    ------
    ValueError
        If X has other names, or the same in another order.
    """
    first = next((step for _, step in pipeline.steps if step not in (None, "passthrough")), None)
    names = getattr(first, "feature_names_in_", None)
    given = BaseEstimator()
    validate_data(given, X, skip_check_array=True)
    given_names = getattr(given, "feature_names_in_", None)
    if names is None or given_names is None:
        return given_names if names is None else names
    if list(names) != list(given_names):
        raise ValueError(
            f"X must have the features that the pipeline was fitted on, in their order, {list(names)}, "
            f"got {list(given_names)}"
        )
    return names


def _check_training(pipeline: Pipeline, X: ArrayLike, points: Floats, stored: NDArray[Any]) -> None:
    """Raise ValueError where X, as numbers points, are not what the pipeline's classifier was fitted on."""
    same = len(points) == len(stored)
    if same:
        seen = pipeline[:-1].transform(X) if len(pipeline.steps) > 1 else points
        tolerance = 1e-9 * float(np.abs(stored).max())
        same = seen.shape == stored.shape and np.allclose(seen, stored, rtol=1e-9, atol=tolerance)
    if not same:
        raise ValueError(
            f"X must be the {len(stored)} points that the pipeline was fitted on, in their order, "
            f"got {len(points)} points"
            + (" that its steps map elsewhere" * (len(points) == len(stored)))
        )
