"""Bad input: each gets an error that names the argument, what was got and what was wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator

import robust_metric as rm
from robust_metric import CertifiedKNeighborsClassifier as Classifier
from robust_metric import _core

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
Y = np.array([0, 0, 1, 1])


def fitted(k: int = 1, **arguments: Any) -> Classifier:
    return Classifier(k, **arguments).fit(X, Y)


def with_value(value: float) -> np.ndarray:
    bad = X.copy()
    bad[1, 0] = value
    return bad


FIT: list[tuple[Callable[[], object], str]] = [
    (lambda: Classifier(1).fit(with_value(np.nan), Y), "X contains NaN"),
    (lambda: Classifier(1).fit(with_value(np.inf), Y), "X contains infinity"),
    (lambda: Classifier(1).fit(with_value(-np.inf), Y), "X contains infinity"),
    (lambda: Classifier(1).fit(with_value(1e301), Y), r"X must have entries of at most 1e\+300"),
    (lambda: Classifier(1).fit(with_value(-1e301), Y), r"X must have entries of at most 1e\+300"),
    (lambda: Classifier(1).fit(X[:0], Y[:0]), "0 sample"),
    (lambda: Classifier(1).fit(X[:, :0], Y), "0 feature"),
    (lambda: Classifier(1).fit(X[0], Y), "Expected 2D array, got 1D array"),
    (lambda: Classifier(1).fit(X, Y[:3]), "inconsistent numbers of samples"),
    (lambda: Classifier(1).fit(X, None), "requires y to be passed"),
    (lambda: Classifier(1).fit(X, np.c_[Y, Y]), r"y should be a 1d array"),
    (lambda: Classifier(1).fit(X, Y + 0.5), "Unknown label type: continuous"),
    (lambda: Classifier(1).fit(X, [0, 1, np.nan, 1]), "contains NaN"),
    (lambda: Classifier(1).fit([["a", "b"], ["c", "d"]], [0, 1]), "could not convert string"),
    (lambda: Classifier(5).fit(X, Y), "n_neighbors must be at most .* got n_neighbors=5"),
    (lambda: Classifier(0).fit(X, Y), "n_neighbors must be an int of at least 1, got 0"),
    (lambda: Classifier(-3).fit(X, Y), "n_neighbors must be an int of at least 1, got -3"),
    (lambda: Classifier(1.5).fit(X, Y), "n_neighbors must be an int of at least 1, got 1.5"),
    (lambda: Classifier(True).fit(X, Y), "n_neighbors must be an int of at least 1, got True"),
    (lambda: Classifier("3").fit(X, Y), "n_neighbors must be an int of at least 1, got '3'"),
]

COMPONENTS = [
    (np.eye(3), r"components must have shape \(r, 2\).* got \(3, 3\)"),
    (np.ones((2, 1)), r"components must have shape \(r, 2\).* got \(2, 1\)"),
    (np.ones(2), r"components must have shape \(r, 2\).* got \(2,\)"),
    (np.ones((0, 2)), r"components must have shape \(r, 2\) with r >= 1.* got \(0, 2\)"),
    (np.ones((1, 2, 1)), r"components must have shape \(r, 2\)"),
    (np.full((2, 2), np.nan), "components must be finite"),
    (np.full((2, 2), np.inf), "components must be finite"),
    ("manhattan", "metric must be None, .* got 'manhattan'"),
    ([[1, "a"]], "metric must be None, an"),
]

QUERIES = [
    (with_value(np.nan), "X contains NaN"),
    (with_value(np.inf), "X contains infinity"),
    (with_value(2e300), r"X must have entries of at most 1e\+300"),
    (X[:0], "0 sample"),
    (X[0], "Expected 2D array, got 1D array"),
    (np.ones((2, 3)), "X has 3 features, but .* is expecting 2 features"),
    (X[None], "Found array with dim 3"),
]

TRUTH = [
    (Y[:3], "y must have one label per row of X, got 3 for 4 rows"),
    (np.zeros((4, 2)), "y should be a 1d array"),
    ("abcd", "y should be a 1d array"),
]


@pytest.mark.parametrize(("call", "message"), FIT)
def test_fit(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("components", "message"), COMPONENTS)
def test_components(components: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted(metric=components)
    with pytest.raises(ValueError, match=message):
        rm.certified_radii(X, Y, X, components=components)
    with pytest.raises(ValueError, match=message):
        rm.minimal_perturbations(X, Y, X, components=components)


def test_n_neighbors_is_refused_before_a_metric_is_learned() -> None:
    class Learner(BaseEstimator):
        def fit(self, X: np.ndarray, y: np.ndarray) -> None:
            raise AssertionError("fitted in vain")

    with pytest.raises(ValueError, match=r"n_neighbors must be at most .* got n_neighbors=5"):
        fitted(5, metric=Learner())


@pytest.mark.parametrize(("queries", "message"), QUERIES)
@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "kneighbors", "certify", "minimal_perturbation"]
)
def test_queries(method: str, queries: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(fitted(), method)(queries)


@pytest.mark.parametrize(("y", "message"), TRUTH)
@pytest.mark.parametrize("method", ["certify", "minimal_perturbation"])
def test_truth(method: str, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(fitted(), method)(X, y)


@pytest.mark.parametrize(
    "y", [["a", "b", "a", "b"], [None, 0, 1, 1], [{}, 0, 1, 1], [0, 1, np.nan, 1]], ids=str
)
def test_truth_of_another_kind_is_refused_or_counts_as_wrong(y: Any) -> None:
    """Never as right: a wrong or unusable label must not be certified."""
    for method in ("certify", "minimal_perturbation"):
        try:
            found = getattr(fitted(), method)(X, y)
        except ValueError:
            continue
        radius = found.radius if method == "certify" else found.upper
        assert not radius[[label not in (0, 1) for label in y]].any()


@pytest.mark.parametrize("limit", [0, -1.0, np.nan, -np.inf])
def test_time_limit(limit: float) -> None:
    with pytest.raises(ValueError, match="time_limit must be a positive number or None, got"):
        fitted().minimal_perturbation(X, time_limit=limit)


def test_time_limit_of_another_type() -> None:
    with pytest.raises((TypeError, ValueError), match=r"time_limit|str"):
        fitted().minimal_perturbation(X, time_limit="soon")


@pytest.mark.parametrize("k", [0, 5, 2.5, None])
def test_n_neighbors_changed_after_fit(k: Any) -> None:
    clf = fitted().set_params(n_neighbors=k)
    for method in ("predict", "certify", "minimal_perturbation", "kneighbors"):
        with pytest.raises(ValueError, match="n_neighbors must be"):
            getattr(clf, method)(X)


def test_n_neighbors_of_a_call() -> None:
    assert fitted().kneighbors(n_neighbors=3)[1].shape == (4, 3)
    with pytest.raises(ValueError, match=r"n_neighbors must be at most .* n_samples=3"):
        fitted().kneighbors(n_neighbors=4)
    with pytest.raises(ValueError, match=r"n_neighbors must be at most .* n_samples=4"):
        fitted().kneighbors(X, n_neighbors=5)


@pytest.mark.parametrize("jobs", [0, 1.5, "2", True])
def test_n_jobs(jobs: Any) -> None:
    with pytest.raises(ValueError, match="n_jobs must"):
        fitted(n_jobs=jobs).predict(X)


def test_not_fitted() -> None:
    for method in ("predict", "certify", "minimal_perturbation", "kneighbors"):
        with pytest.raises(ValueError, match="is not fitted yet"):
            getattr(Classifier(1), method)(X)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": 3}, "norm must be 1, 2 or inf, got 3"),
        ({"norm": "2"}, "norm must be 1, 2 or inf, got '2'"),
        ({"bounds": (1, 0)}, "bounds must have lower <= upper everywhere"),
        ({"bounds": (0, np.nan)}, "bounds must have lower <= upper everywhere"),
        ({"bounds": 3}, r"bounds must be a pair \(lower, upper\), or a dict .*, got 3"),
        ({"feature_cost": [1, 0]}, r"feature_cost must be a \(d,\) array of positive"),
        ({"feature_cost": [1, np.nan]}, r"feature_cost must be a \(d,\) array of positive"),
        ({"feature_cost": [1e-40, 1e40]}, "feature_cost must have finite entries that differ by"),
        ({"bounds": (np.inf, np.inf)}, "bounds must leave finite numbers between them"),
        ({"feature_cost": 2.0}, r"feature_cost must be a \(d,\) array of positive"),
    ],
)
def test_threat_model(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rm.ThreatModel(**arguments)


def test_threat_models_that_do_not_fit_the_features() -> None:
    with pytest.raises(ValueError, match="feature_cost must have one value per feature, 2, got"):
        fitted(threat=rm.ThreatModel(feature_cost=[1, 2, 3]))
    with pytest.raises(ValueError, match="bounds must have one value per feature, 2, got"):
        fitted(threat=rm.ThreatModel(bounds=([0] * 3, [1] * 3)))


def test_queries_outside_the_bounds() -> None:
    clf = fitted(threat=rm.ThreatModel(bounds=(-9, 9)))
    wanted = (
        r"X must lie within the bounds of threat, \[-9.0, 9.0\] for feature 1, got 10.0 in row 1"
    )
    with pytest.raises(ValueError, match=wanted):
        clf.certify([[0.0, 0.0], [0.0, 10.0]])
    clf.set_params(threat=rm.ThreatModel(bounds=(-9, 9), clip_queries=True))
    assert np.array_equal(clf.certify([[0.0, 10.0]]).radius, clf.certify([[0.0, 9.0]]).radius)


def test_threat_of_another_type() -> None:
    with pytest.raises(ValueError, match="threat must be a ThreatModel or None, got 'l2'"):
        fitted(threat="l2").certify(X)


def test_compiled_core_checks_shapes_itself() -> None:
    labels = Y.astype(np.int32)
    training = _core.TrainingSet(X, labels, 2)
    calls: list[Callable[[], object]] = [
        lambda: _core.TrainingSet(X, labels[:3], 2),
        lambda: _core.TrainingSet(X, labels, 1),
        lambda: _core.TrainingSet(X, -labels, 2),
        lambda: _core.TrainingSet(X[:0], labels[:0], 2),
        lambda: _core.TrainingSet(X, labels, 2, np.eye(3)),
        lambda: _core.TrainingSet(X[0], labels, 2),
        lambda: _core.predict(training, X[0], 1, 1),
        lambda: _core.predict(training, np.ones((2, 3)), 1, 1),
        lambda: _core.predict(training, X, 5, 1),
        lambda: _core.predict(training, X, 0, 1),
        lambda: _core.kneighbors(training, X, 5, True, 1),
        lambda: _core.kneighbors(training, np.ones((2, 1)), 1, True, 1),
        lambda: _core.certified_radii(training, np.ones((2, 3)), None, 1, 1),
        lambda: _core.certified_radii(training, X, None, 5, 1),
        lambda: _core.certified_radii(training, X, labels[:2], 1, 1),
        lambda: _core.minimal_perturbations(training, np.ones((2, 3)), None, 1, 1.0, 1),
        lambda: _core.minimal_perturbations(training, X, labels[:2], 1, 1.0, 1),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="must"):
            call()


def test_errors_leave_no_trace() -> None:
    clf = fitted()
    before = clf.certify(X).radius
    with pytest.raises(ValueError, match="NaN"):
        clf.certify(with_value(np.nan))
    with pytest.raises(ValueError, match="inconsistent"):
        clf.fit(X, Y[:2])
    assert np.array_equal(clf.certify(X).radius, before)


@pytest.mark.parametrize(
    ("classes", "labels"),
    [
        ([0, 1], ["0", "1"]),
        (["0", "1"], [0, 1]),
        ([0, 1], np.array(["0", 1], dtype=object)),
        ([0, 1], np.array([b"0", b"1"])),
    ],
)
def test_labels_of_another_kind_than_the_models(classes: Any, labels: Any) -> None:
    points = [[0.0], [1.0]]
    clf = Classifier(1).fit(points, classes)
    message = r"y must hold labels of the kind seen in fit, (numbers|strings) .* got "
    for call in (
        lambda: clf.robust_error(points, labels, [0.0]),
        lambda: clf.certify(points, labels),
        lambda: clf.minimal_perturbation(points, labels),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_labels_of_the_models_kind_in_another_array() -> None:
    points = [[0.0], [1.0]]
    for classes, labels in (([0, 1], np.array([0, 7], dtype=object)), ([0.0, 1.0], [0, 7])):
        clf = Classifier(1).fit(points, classes)
        assert clf.robust_error(points, labels, [0.0]) == 0.5
    clf = Classifier(1).fit(points, np.array(["a", "b"], dtype=object))
    assert clf.robust_error(points, ["a", "longer"], [0.0]) == 0.5


def _frame(**columns: Any) -> Any:
    return pytest.importorskip("pandas").DataFrame(columns)


@pytest.mark.parametrize("kind", ["dicts", "records", "recarray", "periods", "intervals", "lists"])
def test_tables_of_what_is_no_number(kind: str) -> None:
    pandas = pytest.importorskip("pandas")
    records = np.array([(1.0, 2), (2.0, 3)], dtype=[("a", float), ("b", float)])
    given, message = {
        "dicts": ([{"a": 1.0}, {"a": 2.0}], r"X must be a table of numbers, got a list of dict"),
        "records": (records, r"got records of a, b; pandas\.DataFrame"),
        "recarray": (np.rec.array(records), r"got records of a, b"),
        "periods": (
            _frame(a=pandas.period_range("2020", periods=2, freq="M")),
            "got Period .* column 'a'",
        ),
        "intervals": (_frame(a=pandas.interval_range(0, 2)), "got Interval .* row 0 of column 'a'"),
        "lists": (_frame(a=[[1.0], [2.0]]), r"got list \[1.0\] in row 0 of column 'a'"),
    }[kind]
    with pytest.raises(TypeError, match=message):
        Classifier(1).fit(given, [0, 1])


def test_true_is_no_number() -> None:
    clf = fitted()
    for call, message in (
        (lambda: clf.certify(X, at=True), "at must be a positive number or None, got True"),
        (
            lambda: clf.minimal_perturbation(X, time_limit=True),
            "time_limit must be a positive number",
        ),
        (
            lambda: clf.robust_error(X, Y, [True]),
            r"radii must be numbers of at least 0, got \[True\]",
        ),
        (lambda: rm.ThreatModel(norm=True), "norm must be 1, 2 or inf, got True"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_empty_bounds_name_the_feature_and_the_row() -> None:
    clf = fitted()
    upper = np.ones((4, 2))
    upper[2, 1] = -1.0
    with pytest.raises(
        ValueError, match=r"lower <= upper everywhere, got \[0.0, -1.0\] for feature 1 in row 2"
    ):
        clf.certify(X, bounds=(0.0, upper))
    with pytest.raises(ValueError, match=r"got \[nan, 1.0\] for feature 1 in row 0"):
        clf.certify(X, bounds=([0.0, np.nan], 1.0))
    with pytest.raises(ValueError, match=r"lower <= upper everywhere, got .* for feature 1"):
        rm.ThreatModel(bounds=([0, 2], 1))
    with pytest.raises(ValueError, match="one number of features"):
        rm.ThreatModel(bounds=([0, 0], [1, 1, 1]))
