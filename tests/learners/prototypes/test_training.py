"""How prototypes are trained: step by step, again from where they were, and as the data come."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

import robust_metric as rm
from robust_metric.learners.prototypes.settings import TrainingState

Prototypes = rm.CertifiedPrototypeClassifier
RADII = np.linspace(0.0, 1.25, 6)
Data = tuple[np.ndarray, ...]


@pytest.fixture(scope="module")
def digits() -> Data:
    X, y = load_digits(return_X_y=True)
    return tuple(train_test_split(X / 16.0, y, test_size=500, random_state=0, stratify=y))


def mean_error(clf: Any, data: Data) -> float:
    return float(clf.robust_error(data[1], data[3], RADII).mean())


def in_batches(clf: Prototypes, data: Data, size: int, passes: int = 1) -> Prototypes:
    X, _, y, _ = data
    for _ in range(passes):
        for i in range(0, len(X), size):
            clf.partial_fit(X[i : i + size], y[i : i + size], classes=range(10))
    return clf


def test_callback_sees_every_step_and_can_end_training(digits: Data) -> None:
    X, _, y, _ = digits
    states: list[TrainingState] = []

    def watch(state: TrainingState) -> bool:
        states.append(state)
        return state.n_iter == 7

    clf = Prototypes(3, "learn", max_iter=50, callback=watch).fit(X, y)
    assert clf.n_iter_ == 7 and [state.n_iter for state in states] == list(range(1, 8))
    assert [state.loss for state in states] == clf.loss_curve_
    np.testing.assert_array_equal(states[-1].prototypes, clf.prototypes_)
    np.testing.assert_array_equal(states[-1].components, clf.components_)
    assert not np.array_equal(states[0].prototypes, states[1].prototypes)


def test_warm_start_goes_on_from_the_fit_before(digits: Data) -> None:
    X, _, y, _ = digits
    clf = Prototypes(3, "learn", max_iter=60, warm_start=True).fit(X, y)
    before, metric = clf.prototypes_.copy(), clf.components_.copy()
    clf.set_params(max_iter=1, learning_rate=1e-9).fit(X, y)
    np.testing.assert_allclose(clf.prototypes_, before, atol=1e-8)
    np.testing.assert_allclose(clf.components_, metric, atol=0.1)
    assert not np.allclose(clf.components_, np.eye(64), atol=0.1)
    clf.set_params(n_prototypes=5, max_iter=1).fit(X, y)  # two more for each class
    assert np.bincount(clf.prototype_labels_).tolist() == [5] * 10
    np.testing.assert_allclose(clf.prototypes_[:30], before, atol=1e-8)
    cold = clone(clf).set_params(warm_start=False, metric=None).fit(X, y)
    assert np.abs(cold.prototypes_[:30] - before).max() > 0.1


def test_warm_start_needs_the_same_classes_and_features(digits: Data) -> None:
    X, _, y, _ = digits
    clf = Prototypes(2, max_iter=2, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="y must have the classes of the fit before"):
        clf.fit(X[y > 0], y[y > 0])
    with pytest.raises(ValueError, match="X has 63 features"):
        clf.fit(X[:, 1:], y)


def test_partial_fit_learns_from_batches(digits: Data) -> None:
    X, _, y, _ = digits
    clf = in_batches(Prototypes(5), digits, size=300, passes=20)
    assert clf.n_iter_ == 20 * 5 and len(clf.loss_curve_) == clf.n_iter_
    assert np.bincount(clf.prototype_labels_).tolist() == [5] * 10
    start = Prototypes(5, max_iter=1, learning_rate=1e-12).fit(X, y)
    whole = Prototypes(5, max_iter=100).fit(X, y)
    assert mean_error(clf, digits) < 0.96 * mean_error(start, digits)
    assert mean_error(clf, digits) < 1.03 * mean_error(whole, digits)


def test_partial_fit_adds_prototypes_as_points_come(digits: Data) -> None:
    X, _, y, _ = digits
    order = np.argsort(y[:600], kind="stable")  # one class after the other
    X, y = X[:600][order], y[:600][order]
    clf = Prototypes(4)
    counts = []
    for i in range(0, 600, 20):
        clf.partial_fit(X[i : i + 20], y[i : i + 20], classes=np.arange(10))
        assert clf.classes_.tolist() == list(range(10))
        assert np.isin(clf.predict(X[:20]), y[: i + 20]).all()  # of classes that have come
        counts.append(len(clf.prototypes_))
    assert counts[0] == 4 and counts[-1] == 40 and counts == sorted(counts)
    assert clf.target_radius_ > 0.0
    assert clf.score(X, y) > 0.8


def test_partial_fit_after_fit_and_on_copies(tmp_path: Path, digits: Data) -> None:
    X, _, y, _ = digits
    clf = Prototypes(4, max_iter=100).fit(X, y)
    before = clf.prototypes_.copy()
    rm.save_model(clf, tmp_path / "model.npz")
    loaded = rm.load_model(tmp_path / "model.npz")
    assert isinstance(loaded, Prototypes)
    loaded.set_params(n_prototypes=4)
    for model in (clf, loaded):
        model.partial_fit(X[:300], y[:300])
        assert len(model.prototypes_) == 40
        assert 0.0 < np.abs(model.prototypes_ - before).max() < 0.5
    # a sequence that is interrupted by pickling goes on as if it had not been
    copy = pickle.loads(pickle.dumps(clf))
    for model in (clf, copy):
        model.partial_fit(X[300:600], y[300:600])
    np.testing.assert_array_equal(clf.prototypes_, copy.prototypes_)


def test_partial_fit_learns_the_metric_and_keeps_bounds(digits: Data) -> None:
    clf = Prototypes(3, "learn", prototype_bounds=(0.0, 1.0), batch_size=100)
    in_batches(clf, digits, size=500)
    assert clf.n_iter_ == 5 + 5 + 3
    assert not np.array_equal(clf.components_, np.eye(64))
    assert clf.prototypes_.min() >= 0.0 and clf.prototypes_.max() <= 1.0


def test_partial_fit_is_repeatable(digits: Data) -> None:
    runs = [in_batches(Prototypes(3, n_jobs=n), digits, size=400) for n in (1, 2)]
    np.testing.assert_array_equal(runs[0].prototypes_, runs[1].prototypes_)


def test_partial_fit_errors(digits: Data) -> None:
    X, _, y, _ = digits
    with pytest.raises(ValueError, match="classes must be given to the first call of partial_fit"):
        Prototypes(2).partial_fit(X, y)
    with pytest.raises(ValueError, match="early_stopping must be False for partial_fit, got True"):
        Prototypes(2, early_stopping=True).partial_fit(X, y, range(10))
    with pytest.raises(ValueError, match="n_directions must be None for partial_fit, got 5; use"):
        Prototypes(2, n_directions=5).partial_fit(X, y, range(10))
    with pytest.raises(ValueError, match="y must hold labels among classes"):
        Prototypes(2).partial_fit(X, y, range(9))
    clf = Prototypes(2).partial_fit(X, y, range(10))
    with pytest.raises(ValueError, match="classes must be those of the calls before"):
        clf.partial_fit(X, y, range(11))
    with pytest.raises(ValueError, match="y must hold labels among classes"):
        clf.partial_fit(X[:1], [10])
    with pytest.raises(ValueError, match="X has 63 features"):
        clf.partial_fit(X[:, 1:], y)
    with pytest.raises(ValueError, match="X must be of the size that the first batch had"):
        Prototypes(1).partial_fit([[0.0], [1e-300]], [0, 1], [0, 1]).partial_fit([[1e200]], [0])


def hidden_classes(seed: int, spread: float = 6.0) -> tuple[np.ndarray, np.ndarray]:
    """Ten classes along one feature, which the clusters of each class cannot see for the others."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 10, 2000)
    X = np.c_[y + 0.3 * random.normal(size=2000), spread * random.normal(size=(2000, 4))]
    return X, y


@pytest.mark.parametrize("n_prototypes", [1, 5, 20])
@pytest.mark.parametrize("seed", range(2))
def test_training_where_clusters_misclassify_most_points(n_prototypes: int, seed: int) -> None:
    X, y = hidden_classes(seed)
    clf = Prototypes(n_prototypes, max_iter=400).fit(X, y)
    assert clf.target_radius_ > 0.1 and clf.n_iter_ == 400
    assert clf.score(X, y) > 0.6
    online = in_batches(Prototypes(n_prototypes), (X, X, y, y), 500, passes=20)
    assert online.score(X, y) > 0.4


@pytest.mark.filterwarnings("ignore:prototypes did not move in 1 steps")
@pytest.mark.parametrize("loss", ["hinge", "ramp", "linear"])
@pytest.mark.parametrize("spread", [2.0, 4.0, 6.0])
def test_every_loss_moves_prototypes(loss: str, spread: float) -> None:
    X, y = hidden_classes(3, spread)
    start = Prototypes(3, loss=loss, max_iter=1, learning_rate=1e-300).fit(X, y).prototypes_
    assert np.abs(Prototypes(3, loss=loss, max_iter=50).fit(X, y).prototypes_ - start).max() > 0.1
    online = Prototypes(3, loss=loss).partial_fit(X, y, range(10))
    assert np.abs(online.prototypes_ - start).max() > 0.1


@pytest.mark.filterwarnings("ignore:prototypes did not move in 1 steps")
def test_the_target_is_the_median_bound_where_clusters_do_well(digits: Data) -> None:
    X, _, y, _ = digits
    clf = Prototypes(2, max_iter=1, learning_rate=1e-300)
    bounds = np.sort(clf.fit(X, y).certify(X, y).radius)  # of few points below 0: the same median
    assert clf.target_radius_ == pytest.approx(1.5 * np.median(bounds), rel=1e-3)


@pytest.mark.parametrize("loss", ["hinge", "ramp", "linear"])
def test_prototypes_that_coincide_warn(loss: str) -> None:
    X, y = np.zeros((10, 2)), np.arange(10) % 2
    clf = Prototypes(1, loss=loss)
    with pytest.warns(ConvergenceWarning, match=r"did not move in 0 steps: .* coincide"):
        clf.fit(X, y)
    with pytest.warns(ConvergenceWarning, match=r"did not move in 0 steps: .* coincide"):
        Prototypes(1, loss=loss).partial_fit(X, y, [0, 1])
    assert clf.n_iter_ == 0


def test_points_that_pull_at_nothing_warn() -> None:
    X, y = np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([0, 0, 1, 1])
    still = r"did not move in 3 steps: no training point pulls .* loss='{}' and target_radius=0.1"
    with pytest.warns(ConvergenceWarning, match=still.format("hinge")):
        Prototypes(1, target_radius=0.1, max_iter=3).fit(X, y)
    # misclassified by their own prototypes: a ramp lets them be
    swapped = Prototypes(1, warm_start=True, target_radius=0.1, loss="ramp", max_iter=3)
    with pytest.warns(ConvergenceWarning, match=still.format("ramp")):
        swapped.fit(X, y)
    with pytest.warns(ConvergenceWarning, match=still.format("ramp")):
        swapped.fit(X, 1 - y)
    with pytest.warns(ConvergenceWarning, match=r"did not move in 1 steps: no training point"):
        swapped.partial_fit(X, y)


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_one_class_is_no_failure() -> None:
    X = np.arange(8.0).reshape(4, 2)
    assert Prototypes(1).fit(X, np.zeros(4)).n_iter_ == 0
    assert Prototypes(1).partial_fit(X, np.zeros(4), [0, 1]).n_iter_ == 0
