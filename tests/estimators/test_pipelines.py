"""Affine steps folded into the metric: radii in the units of the input, sound and in closed form."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import NMF, PCA, FastICA, IncrementalPCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

import robust_metric as rm
from robust_metric.attacks import RegionAttack

STEPS: dict[str, list[Any]] = {
    "standard": [StandardScaler()],
    "no mean": [StandardScaler(with_mean=False), "passthrough"],
    "no std": [StandardScaler(with_std=False)],
    "min-max": [MinMaxScaler((-1, 3))],
    "max-abs": [MaxAbsScaler()],
    "robust": [RobustScaler(unit_variance=True)],
    "robust, no scaling": [RobustScaler(with_scaling=False)],
    "several": [MinMaxScaler(), StandardScaler(), VarianceThreshold(0.0)],
    "pca": [PCA(3)],
    "incremental pca": [IncrementalPCA(3, whiten=True, batch_size=20)],
    "sparse projection": [SparseRandomProjection(3, random_state=0)],
    "gaussian projection": [StandardScaler(), GaussianRandomProjection(3, random_state=0)],
    "imputer": [SimpleImputer(), FunctionTransformer(), StandardScaler()],
    "columns": [
        ColumnTransformer(
            [
                ("a", PCA(1, whiten=True), [2, 0]),
                ("b", "passthrough", slice(1, 2)),
                ("c", "drop", [3]),
            ],
            transformer_weights={"a": 0.5},
        )
    ],
    "remainder": [
        ColumnTransformer(
            [("a", make_pipeline(SimpleImputer(), MinMaxScaler()), lambda X: [3, 1])],
            remainder=StandardScaler(),
        ),
        PCA(2),
    ],
    "whiten": [StandardScaler(), PCA(3, whiten=True), RobustScaler()],
    "arml": [StandardScaler(), rm.ARML(max_iter=20)],
    "nested": [make_pipeline(MinMaxScaler(), NeighborhoodComponentsAnalysis(2, max_iter=5))],
}


def data(seed: int = 0, n: int = 80, d: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Points on different scales, far from the origin."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    X = (rng.normal(size=(n, d)) + y[:, None]) * np.geomspace(0.1, 20.0, d) + 50.0
    return X, y


@pytest.mark.parametrize("name", STEPS)
def test_linear_part_is_that_of_the_steps(name: str) -> None:
    X, y = data()
    steps = make_pipeline(*STEPS[name]).fit(X, y)
    A = rm.fold_components(steps)
    moved = steps.transform(X)
    assert np.allclose((X - X[0]) @ A.T, moved - moved[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", STEPS)
def test_folded_pipeline_predicts_alike(name: str) -> None:
    X, y = data(1)
    Z = data(2)[0]
    pipeline = make_pipeline(*STEPS[name], rm.CertifiedKNeighborsClassifier(5)).fit(X, y)
    clf = rm.fold_pipeline(pipeline, X, y)
    assert clf.n_neighbors == 5 and clf.n_features_in_ == 4
    assert np.array_equal(clf.predict(Z), pipeline.predict(Z))
    metric = make_pipeline(*STEPS[name])
    direct = rm.CertifiedKNeighborsClassifier(5, metric=metric).fit(X, y)
    assert np.allclose(direct.components_, clf.components_, rtol=1e-12)


def test_the_classifiers_own_metric_is_folded_too() -> None:
    X, y = data(3)
    pipeline = make_pipeline(
        StandardScaler(), rm.CertifiedKNeighborsClassifier(3, rm.ARML(max_iter=20))
    )
    clf = rm.fold_pipeline(pipeline.fit(X, y), X, y)
    assert np.allclose(clf.components_, pipeline[-1].components_ / pipeline[0].scale_)
    alone = make_pipeline(rm.CertifiedKNeighborsClassifier(3)).fit(X, y)
    assert rm.fold_pipeline(alone, X, y).components_ is None


def test_radius_in_closed_form() -> None:
    """Two points: half the gap of squared distances over the length of AᵀA(x⁺ − x⁻), exactly."""
    X, y = np.array([[0.0, 1.0], [3.0, 200.0]]), [0, 1]
    pipeline = make_pipeline(StandardScaler(), rm.CertifiedKNeighborsClassifier(1)).fit(X, y)
    clf = rm.fold_pipeline(pipeline, X, y)
    z = np.array([[1.0, 50.0]])
    scale = [Fraction(a) for a in np.diag(clf.components_).tolist()]
    near, far = ([Fraction(a) - Fraction(b) for a, b in zip(z[0].tolist(), x, strict=True)]
                 for x in X.tolist())  # fmt: skip
    gap = sum((s * f) ** 2 - (s * n) ** 2 for s, f, n in zip(scale, far, near, strict=True))
    normal = [s * s * (f - n) for s, f, n in zip(scale, far, near, strict=True)]
    squared = (gap / 2) ** 2 / sum(a * a for a in normal)
    radius = clf.certify(z).radius[0]
    assert Fraction(radius) ** 2 <= squared
    assert radius == pytest.approx(float(squared) ** 0.5, rel=1e-12)
    # and the pipeline's own certificate is a length in another space
    scaled = pipeline[-1].certify(pipeline[:-1].transform(z)).radius[0]
    assert radius > 1.4 * scaled


def test_radius_scales_with_the_input() -> None:
    X, y = data(4)
    Z = data(5)[0]
    radii = []
    for unit in (1.0, 1000.0):
        pipeline = make_pipeline(MinMaxScaler(), rm.CertifiedKNeighborsClassifier(3))
        pipeline.fit(X * unit, y)
        radii.append(rm.fold_pipeline(pipeline, X * unit, y).certify(Z * unit).radius)
    assert np.allclose(radii[1], 1000.0 * radii[0], rtol=1e-9)


@pytest.mark.parametrize("name", ["standard", "whiten", "arml"])
@pytest.mark.parametrize("k", [1, 4])
def test_no_attack_on_raw_inputs_breaks_a_radius(name: str, k: int) -> None:
    X, y = data(6, n=120)
    Z = data(7, n=40)[0]
    pipeline = make_pipeline(*STEPS[name], rm.CertifiedKNeighborsClassifier(k)).fit(X, y)
    clf = rm.fold_pipeline(pipeline, X, y)
    certified = clf.certify(Z)
    costs = RegionAttack()(clf, Z).costs
    assert (costs >= certified.radius).all()
    assert np.median(costs / np.maximum(certified.radius, 1e-300)) < 3.0  # and they are not vacuous
    exact = clf.minimal_perturbation(Z[:10])
    assert (exact.lower >= certified.radius[:10]).all() and (exact.upper <= 1.01 * costs[:10]).all()
    rng = np.random.default_rng(8)
    for scale in (1.0, 0.9, 0.5):
        step = rng.normal(size=Z.shape)
        step *= (scale * (1 - 1e-9) * certified.radius / np.linalg.norm(step, axis=1))[:, None]
        assert np.array_equal(clf.predict(Z + step), certified.label)
        assert np.array_equal(pipeline.predict(Z + step), certified.label)


def test_threat_of_scaled_features() -> None:
    X, y = data(9)
    Z = X[:30] + 1e-3
    scaler = MinMaxScaler().fit(X)
    scaled = rm.ThreatModel(norm=1, bounds=(-0.5, 1.5), feature_cost=[1.0, 2.0, 1.0, np.inf])
    threat = rm.fold_threat(scaler, scaled)
    pipeline = make_pipeline(MinMaxScaler(), rm.CertifiedKNeighborsClassifier(3, threat=scaled))
    pipeline.fit(X, y)
    raw = rm.fold_pipeline(pipeline, X, y, threat=threat)
    expected = pipeline[-1].certify(scaler.transform(Z)).radius
    assert np.allclose(raw.certify(Z).radius, expected, rtol=1e-9)
    assert (expected > 0).any()


def test_folded_threat_is_rounded_to_the_safe_side() -> None:
    X, _ = data(10)
    scaler = StandardScaler().fit(X)
    both = make_pipeline(scaler, MinMaxScaler((2, 5))).fit(X)
    threat = rm.fold_threat(both, rm.ThreatModel(bounds=(2.0, [5.0, 6.0, np.inf, 5.0])))
    lower, upper = threat.bounds
    second = both[1]
    for j in range(4):
        factor = Fraction(second.scale_[j]) / Fraction(scaler.scale_[j])
        offset = Fraction(second.min_[j]) - Fraction(second.scale_[j]) * Fraction(
            scaler.mean_[j]
        ) / Fraction(scaler.scale_[j])
        assert Fraction(threat.feature_cost[j]) <= factor
        assert Fraction(np.nextafter(threat.feature_cost[j], np.inf)) > factor
        assert factor * Fraction(lower[j]) + offset <= 2
        if j != 2:
            assert factor * Fraction(upper[j]) + offset >= [5, 6, 0, 5][j]
    assert upper[2] == np.inf
    assert rm.fold_threat(scaler).bounds is None


def test_plain_norm_is_kept_and_transformed_bounds_are_not() -> None:
    X, y = data(11)
    threat = rm.ThreatModel(norm=np.inf)
    pipeline = make_pipeline(StandardScaler(), rm.CertifiedKNeighborsClassifier(3, threat=threat))
    assert rm.fold_pipeline(pipeline.fit(X, y), X, y).threat.norm == np.inf
    pipeline[-1].set_params(threat=rm.ThreatModel(bounds=(0, 1)))
    with pytest.raises(ValueError, match=r"threat must be given, in terms of the input"):
        rm.fold_pipeline(pipeline, X, y)


def test_what_cannot_be_folded() -> None:
    X, y = data(12)
    X = np.abs(X)
    for step in (NMF(2, max_iter=5000, tol=1e-2), FastICA(2, whiten="unit-variance", tol=1e-2)):
        if isinstance(step, FastICA):
            assert rm.fold_components(step.fit(X)).shape == (2, 4)  # affine: X @ components_.T + b
            continue
        with pytest.raises(ValueError, match=r"whose map is not X @ components_.T"):
            rm.fold_components(step.fit(X))
    with pytest.raises(ValueError, match=r"every step must be StandardScaler.* got Normalizer"):
        rm.fold_components(make_pipeline(Normalizer()).fit(X))
    with pytest.raises(ValueError, match=r"every step must be affine, got MinMaxScaler.*clips"):
        rm.fold_components(MinMaxScaler(clip=True).fit(X))
    with pytest.raises(ValueError, match=r"must scale every feature by itself .* got PCA"):
        rm.fold_threat(make_pipeline(StandardScaler(), PCA(2)).fit(X))
    with pytest.raises(ValueError, match=r"transformer must have at least one step"):
        rm.fold_components(make_pipeline("passthrough"))
    with pytest.raises(NotFittedError):
        rm.fold_components(StandardScaler())
    with pytest.raises(TypeError, match=r"must be a Pipeline that ends with a CertifiedKNeighb"):
        rm.fold_pipeline(make_pipeline(StandardScaler()).fit(X), X, y)


def test_folding_asks_for_the_points_it_was_fitted_on() -> None:
    X, y = data(13)
    pipeline = make_pipeline(StandardScaler(), rm.CertifiedKNeighborsClassifier(3)).fit(X, y)
    with pytest.raises(ValueError, match=r"X must be the 80 points .* got 79 points$"):
        rm.fold_pipeline(pipeline, X[1:], y[1:])
    with pytest.raises(ValueError, match=r"got 80 points that its steps map elsewhere"):
        rm.fold_pipeline(pipeline, X[::-1], y)


def test_a_learner_of_any_origin_is_a_metric() -> None:
    class Learner(BaseEstimator):
        def fit(self, X: Any, y: Any) -> Learner:
            self.components_ = np.full((1, X.shape[1]), 0.5)
            return self

    X, y = data(14)
    assert rm.CertifiedKNeighborsClassifier(1, Learner()).fit(X, y).components_.shape == (1, 4)


def test_saved_models_hold_the_folded_metric(tmp_path: Any) -> None:
    X, y = data(15)
    clf = rm.CertifiedKNeighborsClassifier(3, make_pipeline(StandardScaler())).fit(X, y)
    rm.save_model(clf, tmp_path / "m.npz")
    loaded = rm.load_model(tmp_path / "m.npz")
    assert np.array_equal(loaded.certify(X[:5]).radius, clf.certify(X[:5]).radius)
