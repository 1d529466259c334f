"""The real foolbox and the real Adversarial Robustness Toolbox attack our classifiers."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from robust_metric import CertifiedKNeighborsClassifier, datasets
from robust_metric.attacks import RegionAttack, art_classifier, foolbox_model, judge


@pytest.fixture(scope="module")
def digits() -> tuple[CertifiedKNeighborsClassifier, np.ndarray]:
    X_train, X, y_train, _ = datasets.load("digits")
    clf = CertifiedKNeighborsClassifier(3).fit(X_train, [f"class {c}" for c in y_train])
    X = np.clip(X[:10], 0.0, 1.0)
    return clf, X


def assert_sane(clf: CertifiedKNeighborsClassifier, X: np.ndarray, adversarial: np.ndarray) -> None:
    result = judge(clf, X, adversarial)
    assert result.success.mean() >= 0.8
    assert (result.costs >= clf.certify(X).radius).all()
    best = RegionAttack()(clf, X).costs
    assert (best <= result.costs * (1 + 1e-9)).all()
    assert np.array_equal(clf.predict(X + result.perturbations), result.adversarial_label)


def test_art(digits: tuple[CertifiedKNeighborsClassifier, np.ndarray]) -> None:
    pytest.importorskip("art.estimators.classification", exc_type=ImportError)
    from art.attacks.evasion import HopSkipJump

    clf, X = digits
    model = art_classifier(clf, (0.0, 1.0))
    assert model.predict(X).shape == (10, 10)
    np.random.seed(0)  # noqa: NPY002
    attack = HopSkipJump(model, max_iter=2, max_eval=60, init_eval=10, verbose=False)
    assert_sane(clf, X, attack.generate(X.astype(np.float32)))


def test_foolbox(digits: tuple[CertifiedKNeighborsClassifier, np.ndarray]) -> None:
    foolbox = pytest.importorskip("foolbox", exc_type=ImportError)
    import eagerpy

    clf, X = digits
    model = foolbox_model(clf, (0.0, 1.0))
    label = np.searchsorted(clf.classes_, clf.predict(X))
    tensor = eagerpy.astensor(X)
    assert foolbox.accuracy(model, tensor, eagerpy.astensor(label)) == 1.0
    X_train = np.clip(clf.fitted_view().points, 0.0, 1.0)
    predicted = clf.predict(X_train)
    starts = np.array([X_train[np.argmax(predicted != name)] for name in clf.predict(X)])
    attack = foolbox.attacks.BoundaryAttack(steps=50)
    np.random.seed(0)  # noqa: NPY002
    found = attack.run(
        model, tensor, foolbox.criteria.Misclassification(eagerpy.astensor(label)),
        starting_points=eagerpy.astensor(starts),
    )  # fmt: skip
    assert_sane(clf, X, found.numpy())


def test_a_missing_library_is_named(
    digits: tuple[CertifiedKNeighborsClassifier, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "art.estimators.classification", None)
    monkeypatch.setitem(sys.modules, "foolbox.models", None)
    with pytest.raises(ImportError, match=r"adversarial-robustness-toolbox is not installed"):
        art_classifier(digits[0], (0.0, 1.0))
    pytest.importorskip("eagerpy", exc_type=ImportError)
    with pytest.raises(ImportError, match=r"pip install 'robust-metric\[attacks\]'"):
        foolbox_model(digits[0], (0.0, 1.0))


def test_judge_refuses_what_does_not_fit(
    digits: tuple[CertifiedKNeighborsClassifier, np.ndarray],
) -> None:
    clf, X = digits
    with pytest.raises(
        ValueError, match=r"adversarial must be finite numbers of the shape \(10, 64\)"
    ):
        judge(clf, X, X[:3])
    assert not judge(clf, X, X).success.any()
