"""What ARML can be asked for besides its defaults."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

import robust_metric as rm


def two_of_twelve(seed: int = 0, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Two informative features among ten of noise."""
    random = np.random.default_rng(seed)
    X = random.uniform(size=(n, 12))
    return X, (X[:, 0] + X[:, 1] > 1.0).astype(int)


def mean_radius(arml: rm.ARML, norm: float = 2) -> float:
    X_train, y_train = two_of_twelve()
    X, y = two_of_twelve(1)
    threat = rm.ThreatModel(norm=norm)
    radii = rm.certified_radii(
        X_train, y_train, X, y, components=arml.components_, threat=threat, n_neighbors=3
    )
    return float(radii.mean())


EUCLIDEAN = rm.ARML()
EUCLIDEAN.components_ = np.eye(12)


def test_diagonal_shape_weighs_features() -> None:
    arml = rm.ARML(shape="diagonal", max_iter=60).fit(*two_of_twelve())
    L = arml.components_
    np.testing.assert_array_equal(L, np.diag(np.diag(L)))
    assert np.abs(np.diag(L))[:2].min() > 2.0 * np.abs(np.diag(L))[2:].max()
    assert mean_radius(arml) > 1.5 * mean_radius(EUCLIDEAN)


@pytest.mark.parametrize("norm", [1, 2, math.inf])
def test_certificates_grow_in_the_norm_that_is_trained_for(norm: float) -> None:
    arml = rm.ARML(norm=norm, max_iter=60).fit(*two_of_twelve())
    assert mean_radius(arml, norm) > 1.5 * mean_radius(EUCLIDEAN, norm)


def test_the_norm_matters() -> None:
    fits = {norm: rm.ARML(norm=norm, max_iter=60).fit(*two_of_twelve()) for norm in (2, math.inf)}
    # the loss is minus the mean bound that is trained for: smaller for the larger perturbations
    assert -fits[math.inf].loss_curve_[-1] < -0.9 * fits[2].loss_curve_[-1]
    assert not np.allclose(fits[2].components_, fits[math.inf].components_)


def test_target_radius_is_in_units_of_the_features() -> None:
    X, y = two_of_twelve()
    small = rm.ARML(target_radius=1e-9, max_iter=20).fit(X, y)
    large = rm.ARML(target_radius=1e9, max_iter=20).fit(X, y)
    plain = rm.ARML(max_iter=20).fit(X, y)
    # beyond every bound the loss is the plain one plus a constant
    np.testing.assert_allclose(large.components_, plain.components_, atol=1e-5)
    assert large.loss_curve_[0] == pytest.approx(1e9 + plain.loss_curve_[0])
    assert small.loss_curve_[0] >= 0.0
    scaled = rm.ARML(target_radius=0.1 * 64.0, max_iter=20).fit(64.0 * X, y)
    np.testing.assert_allclose(
        scaled.components_, rm.ARML(target_radius=0.1, max_iter=20).fit(X, y).components_
    )


def test_callback_sees_every_step_and_may_stop() -> None:
    seen: list[tuple[int, float]] = []

    def callback(state) -> bool:
        assert state.components.shape == (12, 12)
        seen.append((state.n_iter, state.loss))
        return state.n_iter == 7

    arml = rm.ARML(max_iter=30, callback=callback).fit(*two_of_twelve())
    assert [step for step, _ in seen] == list(range(1, 8))
    assert arml.n_iter_ == 7
    assert arml.loss_curve_ == [loss for _, loss in seen]


def test_early_stopping_keeps_the_best_metric() -> None:
    X, y = two_of_twelve()
    snapshots = {}
    arml = rm.ARML(
        early_stopping=True,
        max_iter=200,
        n_iter_no_change=10,
        callback=lambda state: snapshots.update({state.n_iter: state.components}),
    ).fit(X, y)
    assert arml.n_iter_ < 200
    best = int(np.argmax(arml.validation_curve_))
    assert arml.validation_curve_[best] > arml.validation_curve_[0]
    assert best < len(arml.validation_curve_) - 1
    assert any(np.array_equal(arml.components_, L) for L in snapshots.values())
    assert mean_radius(arml) > 1.5 * mean_radius(EUCLIDEAN)


def test_early_stopping_in_units_of_the_features() -> None:
    X, y = load_iris(return_X_y=True)
    curves = [
        rm.ARML(max_iter=20, early_stopping=True, target_radius=0.5 * f).fit(f * X, y)
        for f in (1.0, 64.0)
    ]
    a, b = (np.array(fit.validation_curve_) for fit in curves)
    np.testing.assert_allclose(64.0 * a, b, rtol=1e-6)
    assert (a <= 0.5).all()


def test_early_stopping_needs_points_to_hold_out() -> None:
    with pytest.raises(
        ValueError, match=r"must hold out a point .* got classes of at most 2 points"
    ):
        rm.ARML(early_stopping=True).fit(np.eye(4), [0, 0, 1, 1])


def test_warm_start_goes_on() -> None:
    X, y = two_of_twelve()
    cold = rm.ARML(max_iter=30).fit(X, y)
    warm = clone(cold).set_params(warm_start=True).fit(X, y)
    np.testing.assert_array_equal(warm.components_, cold.components_)
    first = warm.loss_curve_[0]
    warm.fit(X, y)
    assert warm.loss_curve_[0] < first
    assert not np.array_equal(warm.components_, cold.components_)
    with pytest.raises(ValueError, match=r"components_ of shape \(12, 12\), .* ask for \(3, 12\)"):
        warm.set_params(n_components=3).fit(X, y)


def test_partial_fit_learns_from_batches() -> None:
    X, y = two_of_twelve(n=800)
    arml = rm.ARML(batch_size=50)
    for _ in range(4):
        for rows in np.split(np.arange(800), 4):
            assert arml.partial_fit(X[rows], y[rows]) is arml
    assert arml.n_iter_ == len(arml.loss_curve_) == 4 * 4 * 4
    assert mean_radius(arml) > 1.5 * mean_radius(EUCLIDEAN)


def test_partial_fit_after_fit_and_back() -> None:
    X, y = two_of_twelve()
    arml = rm.ARML(max_iter=10).fit(X, y)
    fitted = arml.components_
    arml.partial_fit(X, y)
    assert not np.array_equal(arml.components_, fitted)
    assert arml.n_iter_ == 11
    np.testing.assert_array_equal(arml.fit(X, y).components_, fitted)


def test_partial_fit_without_anything_to_learn() -> None:
    X, y = two_of_twelve()
    arml = rm.ARML().partial_fit(X[:10], np.zeros(10, int))
    np.testing.assert_array_equal(arml.components_, np.eye(12))
    assert arml.n_iter_ == 0
    arml.partial_fit(X, y)
    before = arml.components_
    np.testing.assert_array_equal(arml.partial_fit(X[:5], np.arange(5)).components_, before)
    with pytest.raises(ValueError, match="X has 3 features, but ARML is expecting 12"):
        arml.partial_fit(X[:, :3], y)


def test_batch_of_all_points() -> None:
    X, y = two_of_twelve()
    a, b = (rm.ARML(max_iter=5, batch_size=size).fit(X, y) for size in (None, 400))
    np.testing.assert_array_equal(a.components_, b.components_)


def test_automatic_batches() -> None:
    X, y = two_of_twelve(n=10_500)
    for X_fit, y_fit, batch in ((X, y, 2100), (X[:6000], y[:6000], 2048), (X[:90], y[:90], 90)):
        a, b = (rm.ARML(max_iter=2, batch_size=size).fit(X_fit, y_fit) for size in ("auto", batch))
        np.testing.assert_array_equal(a.components_, b.components_)
    # a stream's steps show its points as often however many come at a time
    assert rm.ARML().partial_fit(X, y).n_iter_ == -(-10_500 // 2048)


def test_published_settings() -> None:
    arml = rm.ARML.published(max_iter=100)
    assert arml.max_iter == 100
    assert (arml.triplets, arml.schedule, arml.learning_rate) == ("random", "constant", 1e-3)
    assert arml.batch_size is None
    arml.fit(*two_of_twelve())
    assert len(arml.loss_curve_) == 100
    assert mean_radius(arml) > mean_radius(EUCLIDEAN)
    assert clone(arml).get_params() == arml.get_params()


@pytest.mark.parametrize(("n_classes", "expected"), [(2, 1.0), (3, 0.5 + 0.5 / 10)])
def test_own_class_points_with_several_classes(
    n_classes: int, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The point of the drawn rank; with more than two classes in half of the draws a random near one."""
    random = np.random.default_rng(0)
    X = random.normal(size=(600, 3))
    y = np.sort(random.integers(0, n_classes, 600))  # sorted, as training has them
    nearest = [
        np.argsort(np.linalg.norm(X[y == y[i]] - X[i], axis=1))[1] + np.flatnonzero(y == y[i])[0]
        for i in range(600)
    ]
    seen: list[np.ndarray] = []

    def first_candidates(_embedded, _images, _anchors, own, other, near_rank, *_, **__):
        return tuple(np.repeat(table[:, :1], near_rank.shape[1], axis=1) for table in (own, other))

    def record(_points, components, anchor, near, *_, **__):
        seen.append(near == np.array(nearest)[anchor])
        return 0.0, np.zeros_like(components), np.zeros(len(anchor))

    monkeypatch.setattr("robust_metric._core.deciding_pairs", first_candidates)
    monkeypatch.setattr("robust_metric._core.triplet_loss", record)
    rm.ARML(max_iter=10).fit(X, y)
    assert np.mean(np.concatenate(seen)) == pytest.approx(expected, abs=0.02)
