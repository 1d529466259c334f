"""Estimators among others of scikit-learn: tables with names, labels, output, routing, copies."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import robust_metric as rm
from robust_metric import baselines

NAMES = ["sepal length", "sepal width", "petal length", "petal width"]

CLASSIFIERS = [
    rm.CertifiedKNeighborsClassifier(3),
    rm.CertifiedPrototypeClassifier(n_prototypes=2, max_iter=5),
]
LEARNERS = [
    rm.ARML(max_iter=5),
    baselines.LFDA(),
    baselines.LMNN(max_iter=5),
    baselines.NCA(max_iter=3),
    baselines.ITML_Supervised(max_iter=3, random_state=0),
    baselines.CAP(max_iter=3),
    baselines.AML(max_iter=3),
]
PRUNING = baselines.AdversarialPruning(rm.CertifiedKNeighborsClassifier(1), radius=1e-3)
ESTIMATORS = [*CLASSIFIERS, rm.CertifiedNearestNeighbors(3), PRUNING, *LEARNERS]


def name_of(estimator: Any) -> str:
    return type(estimator).__name__


@pytest.fixture(scope="module")
def iris() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


def table(kind: str, X: np.ndarray, names: list[str] = NAMES) -> Any:
    if kind == "pandas":
        return pytest.importorskip("pandas").DataFrame(X, columns=names)
    return pytest.importorskip("polars").DataFrame(X, schema=names)


def column(kind: str, y: np.ndarray) -> Any:
    return pytest.importorskip(kind).Series(y.tolist())


def answers(estimator: Any, X: Any) -> list[np.ndarray]:
    """What an estimator says of X, by every method that takes points."""
    if hasattr(estimator, "transform"):
        return [np.asarray(estimator.transform(X))]
    if isinstance(estimator, baselines.AdversarialPruning):
        return [estimator.predict(X)]
    found = estimator.certify_neighbors(X)
    said = [found.radius, found.indices, *estimator.kneighbors(X)]
    if isinstance(estimator, rm.CertifiedKNeighborsClassifier):
        c, m = estimator.certify(X), estimator.minimal_perturbation(X)
        said += [c.radius, c.label, m.lower, m.upper, m.adversarial_label]
        said += [estimator.predict(X), estimator.predict_proba(X)]
    return said


def assert_same(one: list[np.ndarray], other: list[np.ndarray]) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_tables_with_names(estimator: Any, kind: str, iris: tuple[np.ndarray, ...]) -> None:
    X, y = iris
    named = clone(estimator).fit(table(kind, X), column(kind, y))
    plain = clone(estimator).fit(X, y)
    assert named.feature_names_in_.tolist() == NAMES
    assert not hasattr(plain, "feature_names_in_")
    assert_same(answers(named, table(kind, X[:20])), answers(plain, X[:20]))
    with pytest.raises(ValueError, match="feature names should match"):
        answers(named, table(kind, X[:20], NAMES[::-1]))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        answers(named, X[:20])
    with pytest.warns(UserWarning, match="X has feature names, but"):
        answers(plain, table(kind, X[:20]))


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_of)
def test_labels_in_a_column(estimator: Any, iris: tuple[np.ndarray, ...]) -> None:
    X, y = iris
    clf = clone(estimator).fit(X, y)
    expected = clf.certify(X, y)
    for kind in ("pandas", "polars"):
        given = clf.certify(X, column(kind, y))
        np.testing.assert_array_equal(given.radius, expected.radius)
        assert np.array_equal(
            clf.robust_error(X, column(kind, y), [0.1]), expected.robust_error([0.1])
        )


@pytest.mark.parametrize("kind", ["pandas", "polars"])
@pytest.mark.parametrize("learner", LEARNERS, ids=name_of)
def test_set_output(learner: Any, kind: str, iris: tuple[np.ndarray, ...]) -> None:
    X, y = iris
    fitted = clone(learner).fit(table(kind, X), y)
    names = [f"{name_of(learner).lower()}{i}" for i in range(len(fitted.components_))]
    assert fitted.get_feature_names_out().tolist() == names
    out = fitted.set_output(transform=kind).transform(table(kind, X))
    assert type(out) is type(table(kind, X))
    assert list(out.columns) == names
    reduced = rm.ARML(n_components=2, max_iter=5).set_output(transform=kind)
    assert list(reduced.fit_transform(table(kind, X), y).columns) == ["arml0", "arml1"]
    scaled = make_pipeline(MinMaxScaler(), rm.ARML(max_iter=5)).set_output(transform=kind)
    assert list(scaled.fit_transform(table(kind, X), y).columns) == [f"arml{i}" for i in range(4)]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_sparse_input_is_refused_with_the_remedy(
    estimator: Any, iris: tuple[np.ndarray, ...]
) -> None:
    X, y = iris
    with pytest.raises(TypeError, match=r"[Ss]parse .*toarray\(\)"):
        clone(estimator).fit(sparse.csr_array(X), y)
    fitted = clone(estimator).fit(X, y)
    with pytest.raises(TypeError, match=r"[Ss]parse .*toarray\(\)"):
        answers(fitted, sparse.csr_array(X))


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_of)
def test_metadata_routing_has_weights_alone_to_route(
    estimator: Any, iris: tuple[np.ndarray, ...]
) -> None:
    X, y = iris
    with sklearn.config_context(enable_metadata_routing=True):
        assert set(estimator.get_metadata_routing().fit.requests.values()) <= {None}
        assert set(estimator.get_metadata_routing().fit.requests) <= {"sample_weight"}
        pipeline = make_pipeline(MinMaxScaler(), clone(estimator))
        assert cross_validate(pipeline, X, y, cv=3)["test_score"].mean() > 0.8
        search = GridSearchCV(pipeline, {f"{pipeline.steps[-1][0]}__n_neighbors": [1, 2]}, cv=3)
        assert search.fit(X, y).best_score_ > 0.8


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_copies(estimator: Any, iris: tuple[np.ndarray, ...]) -> None:
    X, y = iris
    fitted = clone(estimator).fit(X, y)
    expected = answers(fitted, X[:20])
    for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert_same(answers(other, X[:20]), expected)
    assert clone(fitted).get_params().keys() == estimator.get_params().keys()
    assert_same(answers(clone(fitted).fit(X, y), X[:20]), expected)


def test_parameters_of_learner_and_threat_are_reached() -> None:
    clf = rm.CertifiedKNeighborsClassifier(metric=rm.ARML(max_iter=7))
    assert clf.get_params()["metric__max_iter"] == 7
    clf.set_params(metric__max_iter=3, n_neighbors=1)
    X, y = load_iris(return_X_y=True)
    assert clf.fit(X, y).components_.shape == (4, 4)
    assert not hasattr(clf.metric, "components_")
    search = GridSearchCV(clf, {"metric__n_components": [1, 2]}, cv=2).fit(X, y)
    assert (
        search.best_estimator_.components_.shape[0] == search.best_params_["metric__n_components"]
    )


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_estimators_describe_themselves(estimator: Any, iris: tuple[np.ndarray, ...]) -> None:
    fitted = clone(estimator).fit(*iris)
    for one in (estimator, fitted):
        assert repr(one).startswith(name_of(estimator) + "(")
        assert name_of(estimator) in one._repr_html_()
    threat = rm.ThreatModel(norm=1, feature_cost=np.arange(1.0, 30.0))
    clf = rm.CertifiedKNeighborsClassifier(3, metric=rm.ARML(), threat=threat)
    assert repr(clf).replace("\n", "").replace(" ", "") == (
        "CertifiedKNeighborsClassifier(metric=ARML(),n_neighbors=3,"
        "threat=ThreatModel(norm=1,feature_cost=<29valuesfrom1to29>))"
    )
    assert "29 values from 1 to 29" in clf._repr_html_().replace("&lt;", "<")
