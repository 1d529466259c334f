"""Components that gradient learners start from."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from ..._base.arrays import Floats, Labels
from .shared import check_choice

_INITS = ("auto", "pca", "lda", "identity", "random")


def initial_components(
    init: Any,
    n_components: int,
    points: Floats,
    labels: Labels,
    random: np.random.RandomState,
    unit: float = 1.0,
) -> Floats:
    """Return the (r, d) components that ``init`` names for these points.

    An array is one for features that have not been divided by ``unit`` yet; the points have.
    """
    n, d = points.shape
    if not isinstance(init, str):
        return _given(init, n_components, d) * unit
    check_choice("init", init, _INITS)
    if init == "auto":
        if n_components <= min(d, int(labels.max())):
            init = "lda"
        else:
            init = "pca" if n_components < min(d, n) else "identity"
    if init == "random":
        return random.standard_normal(size=(n_components, d))
    if init == "identity":
        return np.eye(n_components, d)
    components = np.zeros((n_components, d))
    if init == "pca":
        rows = PCA(min(n_components, n, d), random_state=random).fit(points).components_
    else:
        rows = LinearDiscriminantAnalysis().fit(points, labels).scalings_.T[:n_components]
    components[: len(rows)] = rows  # fewer directions than asked for: the rest is 0
    return components


def _given(init: Any, n_components: int, d: int) -> Floats:
    components = np.array(init, dtype=np.float64, order="C")
    if components.shape != (n_components, d):
        raise ValueError(f"init must have shape ({n_components}, {d}), got {components.shape}")
    if not np.isfinite(components).all():
        raise ValueError("init must be finite, got NaN or infinite values")
    return components
