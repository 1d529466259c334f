"""The scorer: certified accuracy in model selection."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import robust_metric as rm


@pytest.fixture(scope="module")
def iris() -> tuple[np.ndarray, np.ndarray]:
    X, _, y, _ = rm.datasets.load("iris")
    return X, y


def test_score_is_one_minus_the_certified_error(iris: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = iris
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X[::2], y[::2])
    for radii in (0.05, [0.0, 0.1, 0.2]):
        expected = 1.0 - clf.robust_error(X[1::2], y[1::2], radii).mean()
        score = rm.certified_accuracy_scorer(radii)(clf, X[1::2], y[1::2])
        assert score == pytest.approx(expected) and 0.0 < score < 1.0
    exact = rm.certified_accuracy_scorer(0.05, exact=True, time_limit=5.0)(clf, X[1::2], y[1::2])
    assert exact >= rm.certified_accuracy_scorer(0.05)(clf, X[1::2], y[1::2])


def test_cross_validation(iris: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = iris
    folds = KFold(3, shuffle=True, random_state=0)
    clf = rm.CertifiedKNeighborsClassifier(3)
    scores = cross_val_score(clf, X, y, scoring=rm.certified_accuracy_scorer(0.05), cv=folds)
    for score, (train, test) in zip(scores, folds.split(X), strict=True):
        clf.fit(X[train], y[train])
        assert score == pytest.approx(np.mean(clf.certify(X[test], y[test]).radius > 0.05))


def test_grid_search_prefers_the_provable(iris: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = iris
    metric = make_pipeline(MinMaxScaler(), rm.ARML(max_iter=10))
    grid = GridSearchCV(
        rm.CertifiedKNeighborsClassifier(metric=metric),
        {"n_neighbors": [3, 40], "metric__arml__max_iter": [5, 10]},
        scoring={"certified": rm.certified_accuracy_scorer(0.05), "clean": "accuracy"},
        refit="certified",
        cv=3,
    ).fit(X, y)
    results = grid.cv_results_
    best = int(np.argmax(results["mean_test_certified"]))
    assert grid.best_params_ == results["params"][best]
    assert (results["mean_test_certified"] <= results["mean_test_clean"]).all()


def test_prototypes_are_scored_too(iris: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = iris
    clf = rm.CertifiedPrototypeClassifier(n_prototypes=2, max_iter=20).fit(X, y)
    assert 0.0 <= rm.certified_accuracy_scorer(0.05)(clf, X, y) <= 1.0


def test_pipelines_are_refused_unless_their_space_is_meant(
    iris: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), rm.CertifiedKNeighborsClassifier(3)).fit(X, y)
    with pytest.raises(ValueError, match=r"not a Pipeline, whose radii are not lengths in its inp"):
        rm.certified_accuracy_scorer(0.1)(pipeline, X, y)
    score = rm.certified_accuracy_scorer(0.1, space="transformed")(pipeline, X, y)
    moved = pipeline[:-1].transform(X)
    assert score == pytest.approx(np.mean(pipeline[-1].certify(moved, y).radius > 0.1))
    alone = make_pipeline(rm.CertifiedKNeighborsClassifier(3)).fit(X, y)
    assert 0.0 < rm.certified_accuracy_scorer(0.1)(alone, X, y) <= 1.0


def test_bad_arguments(iris: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(ValueError, match=r"radius must be a number of at least 0, .* got -1"):
        rm.certified_accuracy_scorer(-1)
    with pytest.raises(ValueError, match=r"radius must be"):
        rm.certified_accuracy_scorer([])
    with pytest.raises(ValueError, match=r"space must be one of input, transformed, got 'raw'"):
        rm.certified_accuracy_scorer(0.1, space="raw")
    with pytest.raises(TypeError, match=r"estimator must be a fitted Certified.*, got KNeig"):
        rm.certified_accuracy_scorer(0.1)(KNeighborsClassifier().fit(*iris), *iris)


def test_scorers_can_be_pickled() -> None:
    scorer = rm.certified_accuracy_scorer([0.1, 0.2], exact=True)
    assert pickle.loads(pickle.dumps(scorer)) == scorer
