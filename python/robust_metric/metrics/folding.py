"""Affine steps folded into a metric on the input.

Distances between points that scalers, PCA or a learner have transformed are those of a metric on the
input, ``‖L A (z - x)‖`` for steps ``z -> A z + b``: the offset cancels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, IncrementalPCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.validation import check_is_fitted

from .._base.arrays import Floats
from ..threat import ThreatModel
from .column_parts import affine_columns

_AFFINE = (
    "StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, PCA, IncrementalPCA, feature selection, "
    "a metric learner with components_, or a Pipeline or ColumnTransformer of these"
)


def fold_components(transformer: Any) -> Floats:
    """Components of the metric on the input that affine steps amount to.

    Parameters
    ----------
    transformer : fitted transformer
        StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, PCA and IncrementalPCA (whitening
        included), a feature selection, anything with ``components_`` whose transform is
        ``X @ components_.T`` plus a constant (such as random projections), a SimpleImputer (inputs
        have no missing values), or a Pipeline or ColumnTransformer of these.

    Returns
    -------
    (r, d) float64
        A of the map ``z -> A z + b``: distances of transformed points are ``‖A (z - x)‖``.

    Raises
    ------
    ValueError
        If a step is not affine, or not of these kinds.
    sklearn.exceptions.NotFittedError
        If it is not fitted.

    Notes
    -----
    A is a float64 array, rounded a few times per entry. Where it serves as components of a
    classifier, these numbers define its predictions, and certificates speak of those; nothing is
    lost by the rounding (``docs/pipelines.md``).
    """
    return composed(None, transformer)


def fold_threat(transformer: Any, threat: ThreatModel | None = None) -> ThreatModel:
    """Return the threat model on the input that one on scaled features amounts to.

    Radii under it are in scaled units, for inputs before scaling.

    Parameters
    ----------
    transformer : fitted transformer
        Steps that scale and shift every feature by itself: the scalers of `fold_components`, or
        a Pipeline of them.
    threat : ThreatModel, optional
        Of scaled features; by default their Euclidean norm.

    Returns
    -------
    ThreatModel
        Costs are rounded down and bounds outward: what is certified under it holds under
        ``threat`` for the exact scaling by the stored numbers.

    Raises
    ------
    ValueError
        If a step mixes or drops features.
    """
    threat = ThreatModel() if threat is None else threat
    maps = _feature_maps(transformer)
    threat = threat.for_features(len(maps), getattr(transformer, "feature_names_in_", None))
    weights, box = threat.weights(len(maps)), threat.box(len(maps))
    cost = [
        weight if math.isinf(weight) else _rounded(Fraction(weight) * abs(factor), -math.inf)
        for weight, (factor, _) in zip(weights.tolist(), maps, strict=True)
    ]
    bounds = None if box is None else _scaled_back(box, maps)
    return ThreatModel(threat.norm, bounds, np.array(cost), threat.clip_queries)


def composed(components: Floats | None, transformer: Any) -> Floats:
    """Components on the input of a metric on transformed points, or of the Euclidean one for None."""
    linear = _folded(transformer)
    linear = linear if components is None else _after(components, linear)
    # never a step's own array
    return np.diag(linear) if linear.ndim == 1 else np.array(linear, order="C")


def learned_components(metric: Any, X: ArrayLike, y: ArrayLike | None) -> Floats:
    """Components of a transformer; one that is not fitted is cloned and fitted to X, y."""
    return fold_components(metric if _is_fitted(metric) else clone(metric).fit(X, y))


def _is_fitted(transformer: Any) -> bool:
    if hasattr(transformer, "components_"):
        return True
    try:
        check_is_fitted(transformer)
    except NotFittedError:
        return False
    return True


def _steps(transformer: Any) -> Iterator[Any]:
    """Yield the steps of a pipeline, and of pipelines in it, without those that do nothing."""
    if isinstance(transformer, Pipeline):
        for _, step in transformer.steps:
            yield from _steps(step)
    elif transformer is not None and transformer != "passthrough":
        if not _is_fitted(transformer):
            check_is_fitted(transformer)
        yield transformer


def _folded(transformer: Any) -> Floats:
    """Return the linear part of all steps: (r, d), or (d,) where every feature is scaled by itself."""
    linear: Floats | None = None
    for step in _steps(transformer):
        linear = _after(_linear_part(step), linear)
    if linear is None:
        raise ValueError(f"transformer must have at least one step, got {transformer!r}")
    return linear


def _after(later: Floats, earlier: Floats | None) -> Floats:
    """Linear part of one step after others; a diagonal matrix is the array of its entries."""
    if earlier is None:
        return later
    if earlier.ndim == 1:
        return later * earlier
    product: Floats = later[:, np.newaxis] * earlier if later.ndim == 1 else later @ earlier
    return product


def _linear_part(step: Any) -> Floats:
    scaling = _scaling(step)
    if scaling is not None:
        return np.array([float(factor) for factor, _ in scaling])
    if isinstance(step, PCA | IncrementalPCA):
        return _pca(step)
    if isinstance(step, ColumnTransformer):
        return affine_columns(step, _folded)
    if _does_nothing(step):
        return np.ones(step.n_features_in_)
    if isinstance(step, SelectorMixin):
        kept: Floats = np.eye(step.n_features_in_)[step.get_support()]
        return kept
    if hasattr(step, "components_"):
        given = step.components_
        components: Floats = np.asarray(
            given.toarray() if issparse(given) else given, dtype=np.float64
        )
        _check_is_its_map(step, components)
        return components
    raise ValueError(f"every step must be {_AFFINE}, got {step!r}")


def _does_nothing(step: Any) -> bool:
    """Whether a step leaves finite numbers as they are: passed through, or with nothing to fill in."""
    if isinstance(step, FunctionTransformer):
        return step.func is None
    if not isinstance(step, SimpleImputer) or step.add_indicator:
        return False
    statistics = np.asarray(step.statistics_)
    fills = isinstance(step.missing_values, float) and math.isnan(step.missing_values)
    return fills and statistics.dtype.kind == "f" and not np.isnan(statistics).any()


def _scaling(step: Any) -> list[tuple[Fraction, Fraction]] | None:
    """Return (factor, offset) of ``x -> factor x + offset`` for each feature of a scaler, else None."""
    if getattr(step, "clip", False):
        raise ValueError(f"every step must be affine, got {step!r}, which clips")
    d = getattr(step, "n_features_in_", 0)
    if isinstance(step, MinMaxScaler):
        return list(zip(_fractions(step.scale_, d), _fractions(step.min_, d), strict=True))
    if isinstance(step, StandardScaler | RobustScaler | MaxAbsScaler):
        center = getattr(step, "mean_" if isinstance(step, StandardScaler) else "center_", None)
        if isinstance(step, StandardScaler) and not step.with_mean:
            center = None
        scale = [Fraction(1)] * d if step.scale_ is None else _fractions(step.scale_, d)
        shift = [Fraction(0)] * d if center is None else _fractions(center, d)
        return [(1 / s, -c / s) for s, c in zip(scale, shift, strict=True)]
    return None


def _fractions(values: Any, d: int) -> list[Fraction]:
    return [Fraction(value) for value in np.broadcast_to(values, (d,)).tolist()]


def _feature_maps(transformer: Any) -> list[tuple[Fraction, Fraction]]:
    """Return (factor, offset) of all steps together, exactly; ValueError where features mix."""
    maps: list[tuple[Fraction, Fraction]] | None = None
    for step in _steps(transformer):
        scaling = _scaling(step)
        if scaling is None:
            raise ValueError(
                "transformer must scale every feature by itself (StandardScaler, MinMaxScaler, "
                f"MaxAbsScaler, RobustScaler, or a Pipeline of these), got {step!r}"
            )
        if maps is not None:
            pairs = zip(scaling, maps, strict=True)
            scaling = [(f * factor, f * offset + o) for (f, o), (factor, offset) in pairs]
        maps = scaling
    if maps is None:
        raise ValueError(f"transformer must have at least one step, got {transformer!r}")
    return maps


def _scaled_back(
    box: tuple[Floats, Floats], maps: list[tuple[Fraction, Fraction]]
) -> tuple[Floats, Floats]:
    """Return the smallest box of float64 numbers that contains all that is mapped into ``box``."""
    lower, upper = np.empty(len(maps)), np.empty(len(maps))
    for j, (factor, offset) in enumerate(maps):
        ends = [
            math.copysign(math.inf, float(side[j]) * factor)
            if math.isinf(side[j])
            else (Fraction(float(side[j])) - offset) / factor
            for side in box
        ]
        lower[j], upper[j] = _rounded(min(ends), -math.inf), _rounded(max(ends), math.inf)
    return lower, upper


def _rounded(value: Fraction | float, direction: float) -> float:
    """Return the float64 number next to value in the direction of -inf or inf, or value itself."""
    if isinstance(value, float):
        return value
    nearest = float(value)
    wrong_side = nearest > value if direction < 0.0 else nearest < value
    return math.nextafter(nearest, direction) if wrong_side else nearest


def _pca(step: PCA | IncrementalPCA) -> Floats:
    components: Floats = np.asarray(step.components_, dtype=np.float64)
    if step.whiten:
        # scikit-learn does not divide by less either
        least = np.finfo(step.explained_variance_.dtype).eps
        components = (
            components / np.maximum(np.sqrt(step.explained_variance_), least)[:, np.newaxis]
        )
    return components


def _check_is_its_map(step: Any, components: Floats) -> None:
    """Raise ValueError where a learner with components_ does not map points by them (NMF does not)."""
    if not hasattr(step, "transform"):
        return
    probes = np.vstack(
        [np.zeros(components.shape[1]), np.random.RandomState(0).rand(4, components.shape[1])]
    )
    try:
        mapped = np.asarray(step.transform(probes), dtype=np.float64)
    except ValueError:
        mapped = np.empty(0)
    expected = probes @ components.T
    same = mapped.shape == expected.shape and np.allclose(
        mapped - mapped[0], expected - expected[0], rtol=1e-6, atol=1e-6 * np.abs(expected).max()
    )
    if not same:
        raise ValueError(
            f"every step must be {_AFFINE}, got {step!r}, whose map is not X @ components_.T"
        )
