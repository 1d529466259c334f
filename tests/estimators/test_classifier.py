"""The estimator: scikit-learn's checks, labels of every kind, copies, and use by many at once."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from helpers import Problem, problem
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from robust_metric import CertifiedKNeighborsClassifier as Classifier
from robust_metric import ThreatModel


@parametrize_with_checks([Classifier(n_neighbors=1), Classifier(n_neighbors=3)])
def test_scikit_learn_checks(estimator: Classifier, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def small() -> Problem:
    return problem(3, "normal", "square", n_classes=3, k=1, d=4, n=60, queries=20)


def same(a: Classifier, b: Classifier, Z: np.ndarray) -> bool:
    return (
        np.array_equal(a.predict(Z), b.predict(Z))
        and np.array_equal(a.certify(Z).radius, b.certify(Z).radius)
        and np.array_equal(a.minimal_perturbation(Z).upper, b.minimal_perturbation(Z).upper)
    )


def test_pickle(small: Problem) -> None:
    clf = small.classifier()
    clf.predict(small.Z)
    copy = pickle.loads(pickle.dumps(clf))
    assert same(clf, copy, small.Z)


def test_clone_has_the_parameters_and_no_data() -> None:
    threat = ThreatModel()
    clf = Classifier(7, np.eye(3), threat, n_jobs=2).fit(np.eye(3)[[0, 1, 2] * 3], [0, 1, 2] * 3)
    copy = clone(clf)
    assert not hasattr(copy, "components_")
    assert copy.n_neighbors == 7 and copy.n_jobs == 2 and copy.threat == threat
    assert np.array_equal(copy.metric, np.eye(3))


def test_stored_points_are_a_copy(small: Problem) -> None:
    """A certificate of points that the caller overwrites later would be about nothing."""
    X, y, L = small.X.copy(), small.y.copy(), small.L.copy()
    clf = Classifier(1, L).fit(X, y)
    X[...], y[...], L[...] = 0, 0, 0
    assert same(clf, small.classifier(), small.Z)


def test_refit_forgets(small: Problem) -> None:
    clf = Classifier(1, n_jobs=1).fit(small.X[:, :2], small.y)
    clf.predict(small.Z[:, :2])
    clf.set_params(metric=small.L).fit(small.X, small.y)
    assert same(clf, small.classifier(), small.Z)


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_joblib(small: Problem, backend: str) -> None:
    clf = small.classifier(n_jobs=2)
    expected = clf.certify(small.Z).radius
    tasks = (delayed(clf.certify)(small.Z[i : i + 5]) for i in range(0, 20, 5))
    parts = Parallel(n_jobs=2, backend=backend)(tasks)
    assert np.array_equal(np.concatenate([part.radius for part in parts]), expected)


@pytest.mark.parametrize("k", [1, 3])
def test_one_class_is_certified_for_ever(k: int) -> None:
    X = np.random.default_rng(0).normal(size=(5, 2))
    clf = Classifier(k).fit(X, ["only"] * 5)
    c = clf.certify(X)
    assert (c.radius == np.inf).all() and (c.label == "only").all()
    assert (clf.certify(X, ["other"] * 5).radius == 0).all()
    if k == 1:
        m = clf.minimal_perturbation(X)
        assert (m.lower == np.inf).all() and (m.upper == np.inf).all()
        assert (m.status == "no_other_class").all()
        assert (m.adversarial_label == "only").all() and not m.perturbation.any()


@pytest.mark.parametrize(
    "names",
    [
        np.array(["ant", "bee", "cat"]),
        np.array(["ant", "bee", "cat"], dtype=object),
        np.array([-5, 0, 2**40]),
        np.array([2, 3, 200], dtype=np.uint8),
        np.array([0.0, 1.0, 7.0]),
    ],
    ids=["str", "object", "int", "uint8", "float"],
)
def test_labels_of_every_kind(small: Problem, names: np.ndarray) -> None:
    plain, named = small.classifier(), Classifier(1, small.L).fit(small.X, names[small.y])
    assert np.array_equal(named.classes_, names)
    expected = plain.minimal_perturbation(small.Z)
    m, c = named.minimal_perturbation(small.Z), named.certify(small.Z)
    assert np.array_equal(named.predict(small.Z), names[plain.predict(small.Z)])
    assert np.array_equal(c.label, names[expected.label])
    assert np.array_equal(m.adversarial_label, names[expected.adversarial_label])
    assert np.array_equal(m.upper, expected.upper)
    truth = names[small.y[:20]]
    assert ((named.certify(small.Z, truth).radius == 0) == (truth != c.label)).all()


def test_bool_labels(small: Problem) -> None:
    clf = Classifier(3).fit(small.X, small.y == 1)
    assert clf.predict(small.Z).dtype == bool
    assert ((clf.certify(small.Z, clf.predict(small.Z)).radius) > 0).all()


def test_labels_unknown_to_fit_are_wrong(small: Problem) -> None:
    clf = small.classifier()
    for unknown in (-1, 99):
        y = clf.predict(small.Z)
        y[3] = unknown
        assert np.flatnonzero(clf.certify(small.Z, y).radius == 0).tolist() == [3]
        m = clf.minimal_perturbation(small.Z, y)
        assert np.flatnonzero(m.upper == 0).tolist() == [3]
        assert m.status[3] == "misclassified"


def test_neighbors_of_the_training_points_leave_out_themselves() -> None:
    X = np.array([[0.0], [0.0], [0.0], [1.0], [5.0]])
    clf = Classifier(1).fit(X, [0, 1, 0, 1, 0])
    indices = clf.kneighbors(n_neighbors=2, return_distance=False)
    assert indices.tolist() == [[1, 2], [0, 2], [0, 1], [0, 1], [3, 0]]
    distances, again = clf.kneighbors(n_neighbors=1)
    assert distances.ravel().tolist() == [0, 0, 0, 1, 4]
    assert again.ravel().tolist() == [1, 0, 0, 0, 3]


def test_probabilities_are_shares_of_the_vote(small: Problem) -> None:
    clf = Classifier(7).fit(small.X, small.y)
    twin = KNeighborsClassifier(7).fit(small.X, small.y)
    assert np.allclose(clf.predict_proba(small.Z), twin.predict_proba(small.Z))
    assert np.array_equal(clf.predict(small.Z), twin.predict(small.Z))


def test_as_part_of_scikit_learn() -> None:
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), Classifier(5))
    assert cross_val_score(pipeline, X, y, cv=3).mean() > 0.9
    search = GridSearchCV(Classifier(), {"n_neighbors": [1, 5]}, cv=3).fit(X, y)
    assert search.best_score_ > 0.9


def test_metric_learners_fitted_and_not(small: Problem) -> None:
    class Learner(StandardScaler):
        def fit(self, X: np.ndarray, y: Any = None) -> Learner:
            super().fit(X, y)
            self.components_ = np.diag(1 / self.scale_)
            return self

    learner = Learner()
    unfitted = Classifier(1, learner).fit(small.X, small.y)
    assert not hasattr(learner, "components_")
    fitted = Classifier(1, Learner().fit(small.X)).fit(small.X, small.y)
    assert same(unfitted, fitted, small.Z)
    assert np.array_equal(fitted.components_, np.diag(1 / small.X.std(axis=0)))


def test_robust_error_counts_radii_up_to_r(small: Problem) -> None:
    clf = small.classifier()
    y = small.y[:20]
    radius = clf.certify(small.Z, y).radius
    radii = [0.0, np.median(radius), radius.max(), 1e9]
    assert clf.robust_error(small.Z, y, radii).tolist() == [np.mean(radius <= r) for r in radii]
    assert clf.robust_error(small.Z, y, [0.0])[0] >= 1 - clf.score(small.Z, y)


def test_certificates_of_the_classifier_and_of_the_functions_are_the_same(small: Problem) -> None:
    import robust_metric as rm

    clf = small.classifier()
    arguments = small.X, small.y, small.Z
    radius = rm.certified_radii(*arguments, components=small.L)
    m = rm.minimal_perturbations(*arguments, components=small.L, time_limit=60.0)
    assert np.array_equal(radius, clf.certify(small.Z).radius)
    assert np.array_equal(m.lower, clf.minimal_perturbation(small.Z).lower)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int16])
def test_points_are_kept_in_the_smallest_type_that_holds_them(dtype):
    X, y = load_digits(return_X_y=True)
    X = X.astype(dtype)
    small = Classifier(5).fit(X[:500], y[:500])
    large = Classifier(5).fit(X[:500].astype(np.float64), y[:500])
    assert small.fitted_view().points.dtype == np.float32
    assert large.fitted_view().points.dtype == np.float64
    found, expected = (clf.certify(X[500:600], y[500:600]) for clf in (small, large))
    np.testing.assert_array_equal(found.radius, expected.radius)
    np.testing.assert_array_equal(found.label, expected.label)
    np.testing.assert_array_equal(small.kneighbors()[1], large.kneighbors()[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_read_only_maps_are_used_where_they_lie(tmp_path, dtype):
    X, y = load_digits(return_X_y=True)
    np.save(tmp_path / "X.npy", X[:300].astype(dtype))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    clf = Classifier(3).fit(mapped, y[:300])
    assert np.shares_memory(clf.fitted_view().points, mapped)
    copied = Classifier(3).fit(X[:300], y[:300])
    np.testing.assert_array_equal(clf.certify(X[300:]).radius, copied.certify(X[300:]).radius)
    writable = X[:300].astype(dtype)
    assert not np.shares_memory(Classifier(3).fit(writable, y[:300]).fitted_view().points, writable)
