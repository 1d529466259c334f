"""What is learned does not depend on the unit of X: the same metric, or prototypes, up to that unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone

import robust_metric as rm
from robust_metric.baselines import (
    AML,
    CAP,
    ITML,
    LFDA,
    LMNN,
    NCA,
    AdversarialPruning,
    ITML_Supervised,
)

POWERS = [-100, -63, -21, -7, -2, -1, 1, 2, 7, 21, 63, 100]
LEARNERS = [
    rm.ARML(max_iter=20),
    rm.ARML(n_components=2, max_iter=20, norm=1),
    LMNN(max_iter=60),
    LMNN(init="pca", n_components=2, max_iter=60, learn_rate=1e-3),
    ITML_Supervised(max_iter=20, random_state=0),
    ITML_Supervised(max_iter=20, random_state=0, prior="covariance"),
    ITML_Supervised(max_iter=20, random_state=0, prior="random"),
    LFDA(),
    LFDA(embedding_type="plain", n_components=2),
    NCA(max_iter=10, random_state=0),
    NCA(max_iter=10, random_state=0, n_components=2),
    CAP(max_iter=30),
    AML(),
]


def problem(seed: int, spread: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(90, 5)) * spread * random.uniform(0.3, 3.0, size=5)
    return X + random.normal(size=5), (X[:, 0] + X[:, 1] > 0).astype(int)


def direction(L: NDArray[np.float64]) -> NDArray[np.float64]:
    """The metric, up to its unit."""
    assert np.abs(L).max() > 0.0
    M = (L / np.abs(L).max()).T @ (L / np.abs(L).max())
    return np.asarray(M / np.linalg.norm(M))


@pytest.mark.parametrize("learner", LEARNERS, ids=str)
def test_metrics_are_alike_at_every_scale(learner: Any) -> None:
    X, y = problem(0)
    L = clone(learner).fit(X, y).components_
    for power in POWERS:
        scale = 10.0**power
        scaled = clone(learner).fit(X * scale, y).components_
        np.testing.assert_allclose(direction(scaled), direction(L), atol=1e-7, err_msg=str(power))
        if not isinstance(learner, rm.ARML | LFDA | AML):  # these have a length of their own
            assert np.abs(scaled).max() * scale == pytest.approx(np.abs(L).max(), rel=1e-7)


@pytest.mark.parametrize("spread", [0.2, 1.0, 40.0])
@pytest.mark.parametrize("make", [LMNN, CAP], ids=lambda make: make.__name__)
def test_metrics_are_alike_for_data_that_are_not_of_ordinary_scale(
    make: Any, spread: float
) -> None:
    X, y = problem(1, spread)
    L = make(max_iter=20).fit(X, y).components_
    for power in (-3, 3):
        scaled = make(max_iter=20).fit(X * 10.0**power, y).components_
        np.testing.assert_allclose(scaled * 10.0**power, L, rtol=1e-6, atol=1e-8 * np.abs(L).max())


@pytest.mark.parametrize("power", POWERS)
def test_what_is_given_in_units_of_the_features_is_scaled_with_them(power: int) -> None:
    X, y = problem(2)
    scale = 10.0**power
    start, prior = np.tri(5) / 2, np.diag([1.0, 2.0, 3.0, 4.0, 5.0])
    for learner, scaled in (
        (LMNN(init=start, max_iter=30), LMNN(init=start / scale, max_iter=30)),
        (NCA(init=start, max_iter=5), NCA(init=start / scale, max_iter=5)),
        (
            CAP(tau=0.5, penalty=3.0, max_iter=9),
            CAP(tau=0.5 * scale, penalty=3.0 / scale**2, max_iter=9),
        ),
        (
            ITML_Supervised(prior=prior, max_iter=9, random_state=0),
            ITML_Supervised(prior=prior / scale**2, max_iter=9, random_state=0),
        ),
    ):
        expected = learner.fit(X, y).components_
        found = scaled.fit(X * scale, y).components_
        np.testing.assert_allclose(found * scale, expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("power", POWERS)
def test_itml_on_pairs_and_its_threshold(power: int) -> None:
    X, y = problem(3)
    rows = np.random.default_rng(0).integers(len(X), size=(200, 2))
    kinds = np.where(y[rows[:, 0]] == y[rows[:, 1]], 1, -1)
    plain = ITML(max_iter=9).fit(X[rows], kinds)
    scaled = ITML(max_iter=9).fit(X[rows] * 10.0**power, kinds)
    assert scaled.threshold_ == pytest.approx(plain.threshold_, rel=1e-7)
    np.testing.assert_allclose(scaled.bounds_, plain.bounds_)
    np.testing.assert_array_equal(scaled.predict(X[rows] * 10.0**power), plain.predict(X[rows]))


@pytest.mark.parametrize("metric", [None, "learn"])
@pytest.mark.parametrize("loss", ["hinge", "ramp", "linear"])
def test_prototypes_are_alike_at_every_scale(loss: str, metric: Any) -> None:
    X, y = problem(4)
    plain, online = (
        rm.CertifiedPrototypeClassifier(2, metric, loss=loss, max_iter=15) for _ in range(2)
    )
    plain.fit(X, y)
    online.partial_fit(X, y, [0, 1])
    for power in POWERS:
        scale = 10.0**power
        for model, fit in ((plain, "fit"), (online, "partial_fit")):
            scaled = getattr(clone(model), fit)(X * scale, y, *([[0, 1]] if fit != "fit" else []))
            np.testing.assert_allclose(scaled.prototypes_ / scale, model.prototypes_, atol=1e-9)
            assert scaled.target_radius_ / scale == pytest.approx(model.target_radius_, rel=1e-9)
            assert scaled.n_iter_ == model.n_iter_ > 0


@pytest.mark.parametrize("power", [*POWERS, -250, 250])
def test_pruning_keeps_the_same_points(power: int) -> None:
    X, y = problem(5)
    nearest = rm.CertifiedKNeighborsClassifier(1)
    kept = AdversarialPruning(nearest, radius=1.0).fit(X, y).kept_
    scaled = AdversarialPruning(nearest, radius=1.0 * 10.0**power).fit(X * 10.0**power, y)
    np.testing.assert_array_equal(scaled.kept_, kept)
    assert len(kept) < len(X)


@pytest.mark.parametrize("learner", [LMNN(), NCA(), CAP(), ITML_Supervised()], ids=str)
@pytest.mark.parametrize(("power", "word"), [(-200, "small"), (200, "large")])
def test_scales_of_which_squares_are_out_of_range_are_refused(
    learner: Any, power: int, word: str
) -> None:
    X, y = problem(6)
    with pytest.raises(ValueError, match=rf"X is too {word} for .*: entries of .*; scale it"):
        learner.fit(X * 10.0**power, y)


def rotated(eigenvalues: list[float], seed: int) -> NDArray[np.float64]:
    Q = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(eigenvalues),) * 2))[0]
    prior = Q @ np.diag(eigenvalues) @ Q.T
    return np.asarray((prior + prior.T) / 2)


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_a_prior_that_is_singular_but_for_rounding_is_refused(size: float) -> None:
    X, y = problem(7)
    for seed in range(30):
        singular = rotated([0.0, 1.0, 1.0, 1.0, 1.0], seed) * size
        with pytest.raises(
            ValueError, match="prior must be positive definite, got an eigenvalue of"
        ):
            ITML_Supervised(prior=singular).fit(X, y)
    skew = size * np.tri(5)
    with pytest.raises(ValueError, match="prior must be symmetric"):
        ITML_Supervised(prior=skew).fit(X, y)
    regular = rotated([1e-12, 1.0, 1.0, 1.0, 1.0], 0)
    assert np.isfinite(ITML_Supervised(prior=regular, max_iter=3).fit(X, y).components_).all()
