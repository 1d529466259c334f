"""Learned prototypes: a certified nearest-neighbour rule, better than the points it started from."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.utils.estimator_checks import parametrize_with_checks

import robust_metric as rm
from robust_metric import _core, check

Prototypes = rm.CertifiedPrototypeClassifier
RADII = np.linspace(0.0, 1.25, 6)


def unmet(estimator: Prototypes) -> dict[str, str]:
    """What scikit-learn says of weights that does not hold of prototypes."""
    few = {
        "check_class_weight_classifiers": "a class keeps its prototypes, however little its points weigh"
    }
    if estimator.metric is None:
        few["check_sample_weight_equivalence_on_dense_data"] = "steps draw points by their weights"
    return few


@parametrize_with_checks(
    [
        Prototypes(n_prototypes=3, max_iter=40),
        Prototypes(n_prototypes=3, max_iter=20, metric="learn", loss="ramp"),
    ],
    expected_failed_checks=unmet,
)
def test_scikit_learn_checks(estimator: Prototypes, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, ...]:
    X, y = load_digits(return_X_y=True)
    return tuple(train_test_split(X / 16.0, y, test_size=500, random_state=0, stratify=y))


@pytest.fixture(scope="module", params=[None, 30], ids=["everywhere", "30 directions"])
def fitted(request: pytest.FixtureRequest, digits: tuple[np.ndarray, ...]) -> Prototypes:
    X, _, y, _ = digits
    return Prototypes(n_prototypes=5, max_iter=300, n_directions=request.param).fit(X, y)


def plain_loss(clf: Prototypes, X: np.ndarray, y: np.ndarray, **settings: Any) -> Any:
    labels = clf.prototype_labels_.astype(np.int32)
    everyone = (len(labels), len(labels))
    return _core.prototype_loss(
        X, y.astype(np.int32), clf.prototypes_, labels, candidates=everyone, **settings
    )


def mean_error(clf: Any, X: np.ndarray, y: np.ndarray) -> float:
    return float(clf.robust_error(X, y, RADII).mean())


def test_certifies_more_than_all_points(digits: tuple[np.ndarray, ...], fitted: Prototypes) -> None:
    X, X_test, y, y_test = digits
    everything = rm.CertifiedKNeighborsClassifier(1).fit(X, y)
    assert fitted.prototypes_.shape == (50, 64)
    assert np.bincount(fitted.prototype_labels_).tolist() == [5] * 10
    assert fitted.score(X_test, y_test) > 0.95
    assert mean_error(fitted, X_test, y_test) < 0.9 * mean_error(everything, X_test, y_test)
    start = Prototypes(n_prototypes=5, max_iter=1, learning_rate=1e-12).fit(X, y)
    assert mean_error(fitted, X_test, y_test) < mean_error(start, X_test, y_test)
    assert np.mean(fitted.loss_curve_[-10:]) < np.mean(fitted.loss_curve_[:10])


def test_trains_against_every_norm(digits: tuple[np.ndarray, ...]) -> None:
    """Bounds in a norm are largest where that norm was trained for."""
    X, X_test, y, y_test = digits
    threats = [rm.ThreatModel(norm=norm) for norm in (1, 2, np.inf)]
    radii = np.empty((3, 3))
    for i, trained in enumerate(threats):
        clf = Prototypes(3, threat=trained, max_iter=150, loss="linear").fit(X, y)
        for j, threat in enumerate(threats):
            radii[i, j] = clf.set_params(threat=threat).certify(X_test, y_test).radius.mean()
    assert radii.argmax(axis=0).tolist() == [0, 1, 2]


def test_frozen_features_cost_nothing_in_training(digits: tuple[np.ndarray, ...]) -> None:
    X, _, y, _ = digits
    cost = np.where(np.arange(64) < 60, 1.0, np.inf)
    clf = Prototypes(2, threat=rm.ThreatModel(feature_cost=cost), max_iter=20).fit(X, y)
    assert np.isfinite(clf.prototypes_).all()


@pytest.mark.parametrize("metric", [None, "learn"])
def test_same_bits_again_and_for_every_number_of_threads(
    digits: tuple[np.ndarray, ...], metric: Any
) -> None:
    X, _, y, _ = digits
    fits = [Prototypes(4, metric, max_iter=15, n_jobs=n).fit(X, y) for n in (1, 1, 3)]
    for other in fits[1:]:
        np.testing.assert_array_equal(fits[0].prototypes_, other.prototypes_)
        assert fits[0].loss_curve_ == other.loss_curve_
        if metric is not None:
            np.testing.assert_array_equal(fits[0].components_, other.components_)


def test_metrics(digits: tuple[np.ndarray, ...]) -> None:
    X, X_test, y, y_test = digits
    learned = Prototypes(3, "learn", max_iter=100).fit(X, y)
    assert learned.components_.shape == (64, 64)
    assert np.sum(learned.components_**2) == pytest.approx(64)
    assert learned.score(X_test, y_test) > 0.9
    L = np.random.default_rng(0).normal(size=(20, 64))
    given = Prototypes(3, L, max_iter=20).fit(X, y)
    np.testing.assert_array_equal(given.components_, L)
    arml = Prototypes(3, rm.ARML(n_components=10, max_iter=5), max_iter=20).fit(X, y)
    assert arml.components_.shape == (10, 64)


def test_few_prototypes_under_a_metric_are_euclidean_ones() -> None:
    """With at most d + 1 prototypes: same half-spaces, so the same radii (docs/prototypes.md)."""
    random = np.random.default_rng(0)
    d, labels = 6, np.array([0, 0, 0, 1, 1, 2, 2])
    P, L, Z = random.normal(size=(7, d)), random.normal(size=(d, d)), random.normal(size=(50, d))
    normals = P @ L.T @ L
    offsets = np.sum((P @ L.T) ** 2, axis=1) - np.sum(normals**2, axis=1)
    shift = np.linalg.solve(2.0 * (normals[1:] - normals[0]), offsets[1:] - offsets[0])
    learned = rm.CertifiedKNeighborsClassifier(1, L).fit(P, labels).minimal_perturbation(Z)
    plain = rm.CertifiedKNeighborsClassifier(1).fit(normals + shift, labels)
    found = plain.minimal_perturbation(Z)
    np.testing.assert_array_equal(found.label, learned.label)
    np.testing.assert_allclose(found.lower, learned.lower, rtol=1e-7, atol=1e-9)


def test_directions(digits: tuple[np.ndarray, ...]) -> None:
    """The Euclidean rule on prototypes in few directions: those of the metric that keeps only these."""
    X, X_test, y, y_test = digits
    clf = Prototypes(4, n_directions=20, max_iter=150).fit(X, y)
    centred = clf.prototypes_ - X.mean(axis=0)
    assert np.linalg.matrix_rank(centred, tol=1e-9) == 20
    assert clf.components_ is None
    principal = PCA(20).fit(X).components_
    np.testing.assert_allclose(centred @ principal.T @ principal, centred, atol=1e-12)
    projected = rm.CertifiedKNeighborsClassifier(1, principal)
    projected.fit(clf.prototypes_, clf.prototype_labels_)
    radii = clf.certify(X_test).radius
    np.testing.assert_allclose(projected.certify(X_test).radius, radii, rtol=1e-9, atol=1e-9)
    everywhere = Prototypes(4, max_iter=150).fit(X, y)
    assert mean_error(clf, X_test, y_test) < mean_error(everywhere, X_test, y_test) + 0.03
    assert len(Prototypes(2, n_directions=64, max_iter=1).fit(X[:30], y[:30]).prototypes_) > 10
    again = clf.set_params(warm_start=True, max_iter=1, learning_rate=1e-12)
    before = clf.prototypes_
    np.testing.assert_allclose(again.fit(X, y).prototypes_, before, atol=1e-9)


def test_options(digits: tuple[np.ndarray, ...]) -> None:
    X, X_test, y, y_test = digits
    boxed = Prototypes(4, prototype_bounds=(0.0, 1.0), max_iter=100).fit(X, y)
    assert boxed.prototypes_.min() >= 0.0 and boxed.prototypes_.max() <= 1.0
    seen = []

    def shift(batch: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        seen.append(batch.shape)
        images = batch.reshape(-1, 8, 8)
        return np.roll(images, random_state.randint(-1, 2), axis=2).reshape(batch.shape)

    moved = Prototypes(4, augment=shift, max_iter=30, batch_size=100).fit(X, y)
    assert seen == [(100, 64)] * 30
    assert moved.score(X_test, y_test) > 0.8
    votes = Prototypes(6, n_neighbors=3, max_iter=100).fit(X, y)
    assert votes.score(X_test, y_test) > 0.9
    hinge = Prototypes(4, loss="hinge", target_radius=0.5, max_iter=50).fit(X, y)
    assert hinge.target_radius_ == 0.5


def test_early_stopping_keeps_the_best_state(digits: tuple[np.ndarray, ...]) -> None:
    X, _, y, _ = digits
    clf = Prototypes(4, early_stopping=True, max_iter=400, learning_rate=5.0).fit(X, y)
    assert clf.n_iter_ < 400  # such steps lead nowhere
    assert len(clf.validation_curve_) == clf.n_iter_ // 10
    best = int(np.argmin(clf.validation_curve_))
    again = clone(clf)
    assert best < len(clf.validation_curve_) - 1
    np.testing.assert_array_equal(again.fit(X, y).prototypes_, clf.prototypes_)


def test_ramp_loss_is_the_average_certified_error(
    digits: tuple[np.ndarray, ...], fitted: Prototypes
) -> None:
    X, _, y, _ = digits
    target = fitted.target_radius_
    loss = plain_loss(fitted, X, y, kind=_core.BoundLoss.ramp, target=target)[0]
    radii = (np.arange(4000) + 0.5) / 4000 * target
    assert loss / target == pytest.approx(fitted.robust_error(X, y, radii).mean(), abs=1e-3)


def test_pickle_and_model_file(
    tmp_path: Path, digits: tuple[np.ndarray, ...], fitted: Prototypes
) -> None:
    X_test, y_test = digits[1][:40], digits[3][:40]
    rm.save_model(fitted, tmp_path / "model.npz")
    for copy in (rm.load_model(tmp_path / "model.npz"), pickle.loads(pickle.dumps(fitted))):
        assert type(copy) is Prototypes
        np.testing.assert_array_equal(copy.prototypes_, fitted.prototypes_)
        np.testing.assert_array_equal(copy.prototype_labels_, fitted.prototype_labels_)
        np.testing.assert_array_equal(
            copy.certify(X_test, y_test).radius, fitted.certify(X_test, y_test).radius
        )


def test_checker_confirms_the_certificates(
    tmp_path: Path, digits: tuple[np.ndarray, ...], fitted: Prototypes
) -> None:
    rm.save_model(fitted, tmp_path / "model.npz")
    found = fitted.minimal_perturbation(digits[1][:10], evidence=True)
    found.certificates().save(tmp_path / "certificates.npz")
    report = check.check(tmp_path / "certificates.npz", tmp_path / "model.npz")
    assert report.ok and report.proved == 10


@pytest.mark.filterwarnings("ignore:prototypes did not move in 0 steps")
def test_few_points_and_few_classes() -> None:
    X, y = np.array([[0.0], [1.0], [5.0]]), np.array(["a", "a", "b"])
    clf = Prototypes(n_prototypes=10, max_iter=5).fit(X, y)
    assert clf.prototype_labels_.tolist() == ["a", "a", "b"]
    one = Prototypes(2, max_iter=5).fit(X, ["a"] * 3)
    assert one.predict(X).tolist() == ["a"] * 3 and one.loss_curve_ == []
    same = Prototypes(2, max_iter=5).fit(np.ones((6, 2)), [0, 1] * 3)
    assert len(same.prototypes_) == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_prototypes": 0}, "n_prototypes must be an integer of at least 1, got 0"),
        ({"max_iter": 1.5}, "max_iter must be an integer of at least 1, got 1.5"),
        ({"batch_size": True}, "batch_size must be an integer"),
        ({"n_neighbors": 9}, "n_neighbors must be at most the number of training points"),
        ({"target_radius": 0.0}, "target_radius must be a positive number or None, got 0.0"),
        ({"learning_rate": -1}, "learning_rate must be a positive number or None"),
        ({"loss": "square"}, "loss must be one of"),
        ({"metric": "teach"}, 'metric must be None, "learn"'),
        ({"metric": np.eye(3)}, r"components must have shape \(r, 2\)"),
        ({"validation_fraction": 1.0}, "validation_fraction must lie between 0 and 1, got 1.0"),
        ({"prototype_bounds": 3}, r"prototype_bounds must be a pair \(lower, upper\), got 3"),
        ({"prototype_bounds": (1, 0)}, "prototype_bounds must have lower <= upper"),
        ({"n_directions": 0}, "n_directions must be an integer of at least 1, got 0"),
        ({"n_directions": 3}, "n_directions must be at most the number of features, 2, got 3"),
        ({"n_directions": 1, "metric": "learn"}, "n_directions needs metric=None and a threat"),
        ({"n_directions": 1, "threat": rm.ThreatModel(1)}, "n_directions needs metric=None"),
        ({"n_directions": 1, "prototype_bounds": (0, 1)}, "prototype_bounds must be None with"),
        ({"augment": lambda X, random_state: X[1:]}, "augment must return finite numbers"),
        ({"threat": 2}, "threat must be a ThreatModel or None"),
    ],
)
def test_errors(settings: dict[str, Any], message: str) -> None:
    X = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(ValueError, match=message):
        Prototypes(**{"n_prototypes": 2, "max_iter": 3, **settings}).fit(X, [0, 1] * 10)
