"""A fit in one thread while others ask: the answers from before or from after, never an error in between."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

import robust_metric as rm
from robust_metric._base.states import changes_at_once, sees_one_state
from robust_metric.baselines import ITML, LFDA, AdversarialPruning

RNG = np.random.default_rng(0)
Data = tuple[NDArray[Any], NDArray[Any]]


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def data(n: int, classes: list[Any], d: int = 3) -> Data:
    y = np.array(classes)[np.arange(n) % len(classes)]
    return RNG.normal(size=(n, d)) + np.arange(n)[:, None] % len(classes), y


def answers_while_fitting(
    estimator: Any, first: Data, second: Data, ask: Callable[[], Any], count: int = 300
) -> None:
    """Fit to two sets in turns; every answer meanwhile is that of the one or of the other."""

    def answer() -> str:
        try:
            return repr(ask())
        except ValueError as error:
            return str(error)

    expected = set()
    for part in (second, first):
        estimator.fit(*part)
        expected.add(answer())
    assert len(expected) == 2
    done = threading.Event()
    failures: list[BaseException] = []

    def fit() -> None:
        try:
            while not done.is_set():
                estimator.fit(*second)
                estimator.fit(*first)
        except BaseException as error:
            failures.append(error)

    other = threading.Thread(target=fit)
    other.start()
    try:
        found = {answer() for _ in range(count)}
    finally:
        done.set()
        other.join()
    assert not failures
    assert found <= expected, found - expected


SMALL, LARGE = data(20, ["a", "b"]), data(150, ["x", "y", "z"])
WIDE = data(60, ["x", "y"], d=4)
Z = RNG.normal(size=(4, 3))


def numbers(certificates: Any) -> Any:
    return certificates.radius.tolist(), certificates.label.tolist()


@pytest.mark.parametrize("second", [LARGE, WIDE], ids=["other classes", "other features"])
@pytest.mark.parametrize("method", ["certify", "predict_proba", "kneighbors", "digest", "deciding"])
def test_classifier(second: Data, method: str) -> None:
    clf = rm.CertifiedKNeighborsClassifier(3, n_jobs=1)
    asked: dict[str, Callable[[], Any]] = {
        "certify": lambda: numbers(clf.certify(Z)),
        "predict_proba": lambda: clf.predict_proba(Z).tolist(),
        "kneighbors": lambda: clf.kneighbors(Z, return_distance=False).tolist(),
        "digest": lambda: clf.certify(Z, evidence=True).evidence.model_digest,  # type: ignore[union-attr]
        "deciding": lambda: [part.tolist() for part in rm.deciding_points(clf, Z)],
    }
    answers_while_fitting(clf, SMALL, second, asked[method])


def test_classifier_whose_metric_is_learned() -> None:
    clf = rm.CertifiedKNeighborsClassifier(1, LFDA(), n_jobs=1)
    answers_while_fitting(clf, SMALL, LARGE, lambda: numbers(clf.certify(Z)))


def test_prototypes() -> None:
    clf = rm.CertifiedPrototypeClassifier(2, max_iter=3, n_jobs=1)
    answers_while_fitting(
        clf, SMALL, LARGE, lambda: numbers(clf.minimal_perturbation(Z).certificates())
    )


def test_search() -> None:
    search = rm.CertifiedNearestNeighbors(2, n_jobs=1)
    answers_while_fitting(search, SMALL, WIDE, lambda: search.certify_neighbors(Z).radius.tolist())


def test_saved_models(tmp_path: Any) -> None:
    clf = rm.CertifiedKNeighborsClassifier(1, n_jobs=1)

    def save() -> Any:
        rm.save_model(clf, tmp_path / "model.npz")
        loaded = rm.load_model(tmp_path / "model.npz")
        return loaded.classes_.tolist(), numbers(
            loaded.certify(np.zeros((1, loaded.n_features_in_)))
        )

    answers_while_fitting(clf, SMALL, WIDE, save, count=50)


def test_learners() -> None:
    learner = LFDA(n_jobs=1)
    answers_while_fitting(learner, SMALL, WIDE, lambda: learner.transform(Z).tolist())
    pruned = AdversarialPruning(rm.CertifiedKNeighborsClassifier(1, n_jobs=1), n_jobs=1)
    answers_while_fitting(pruned, SMALL, WIDE, lambda: pruned.predict(Z).tolist())


def test_itml_on_pairs() -> None:
    pairs, signs = SMALL[0][:18].reshape(9, 2, 3), np.where(np.arange(9) % 2, 1, -1)
    learner = ITML(random_state=0)
    answers_while_fitting(
        learner,
        (pairs, signs),
        (pairs * 3.0, -signs),
        lambda: learner.predict(pairs * 2.0).tolist(),
    )


def test_a_threat_model_changed_meanwhile_does_not_bring_back_an_older_fit() -> None:
    """What is prepared for a threat model is kept beside the points that it belongs to."""
    clf = rm.CertifiedKNeighborsClassifier(1, n_jobs=1).fit(*SMALL)
    threats = rm.ThreatModel(1), rm.ThreatModel(2)
    done = threading.Event()

    def ask() -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            clf.threat = threats[turn % 2]
            clf.certify(Z)

    other = threading.Thread(target=ask)
    other.start()
    try:
        for _ in range(20):
            for part in (LARGE, SMALL):
                clf.fit(*part)
                assert clf.fitted_view().points.shape == part[0].shape
    finally:
        done.set()
        other.join()


def test_fits_that_fail_leave_no_trace() -> None:
    for estimator in (rm.CertifiedKNeighborsClassifier(3), LFDA(), rm.ARML(max_iter=2)):
        estimator.fit(*SMALL)
        before = {name: id(value) for name, value in vars(estimator).items()}
        wide = np.c_[SMALL[0], SMALL[0]]
        for X, y in ((wide, SMALL[1][:3]), (wide * np.nan, SMALL[1]), (wide[:2], ["a", "a"])):
            with pytest.raises(ValueError, match=r"\w"):
                estimator.fit(X, y)
        assert {name: id(value) for name, value in vars(estimator).items()} == before


class Counter(BaseEstimator):  # type: ignore[misc]
    def __init__(self, step: int = 1) -> None:
        self.step = step

    @changes_at_once
    def fit(self, fails: bool = False) -> Counter:
        """Count."""
        self.n_ = getattr(self, "n_", 0) + self.step
        if fails:
            raise KeyError("no")
        return self

    @sees_one_state
    def ask(self) -> int:
        """Answer."""
        self.asked_ = True
        return self.n_


def test_states() -> None:
    counter = Counter(2)
    assert counter.fit() is counter and counter.fit().ask() == 4
    assert not hasattr(counter, "asked_") and counter.step == 2
    with pytest.raises(KeyError):
        counter.fit(fails=True)
    assert counter.ask() == 4
    assert Counter.fit.__doc__ == "Count." and Counter.ask.__name__ == "ask"
