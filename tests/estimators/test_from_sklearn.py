"""Fitted neighbour estimators of scikit-learn and their certified twins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import robust_metric as rm

D = 3
HALF = np.random.default_rng(5).normal(size=(D, D))
METRICS: dict[str, dict[str, Any]] = {
    "default": {},
    "euclidean": {"metric": "euclidean"},
    "l2": {"metric": "l2"},
    "sqeuclidean": {"metric": "sqeuclidean", "algorithm": "brute"},
    "minkowski": {"metric": "minkowski", "p": 2},
    "weights": {"metric": "minkowski", "metric_params": {"w": np.array([1.0, 2.0, 0.3])}},
    "seuclidean": {"metric": "seuclidean", "metric_params": {"V": np.array([1.0, 4.0, 0.1])}},
    "mahalanobis": {"metric": "mahalanobis", "algorithm": "brute", "metric_params": {"VI": HALF.T @ HALF}},
    "singular": {"metric": "mahalanobis", "algorithm": "brute",
                 "metric_params": {"VI": np.outer(HALF[0], HALF[0])}},
}  # fmt: skip


def points(seed: int, kind: str, n: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X: Any
    Z: Any
    X, Z = rng.normal(size=(n, D)), rng.normal(size=(30, D))
    if kind == "grid":
        X, Z = rng.integers(0, 3, (n, D)) * 1.0, rng.integers(0, 3, (30, D)) * 1.0
    elif kind == "far":
        X, Z = X + 1e7, Z + 1e7
    elif kind == "float32":
        X = X.astype(np.float32)
    return X, rng.permutation(np.arange(n) % 3), Z


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["normal", "grid", "far", "float32"]),
    st.sampled_from(list(METRICS)),
    st.integers(1, 6),
)
def test_predictions_agree_outside_the_list(seed: int, kind: str, metric: str, k: int) -> None:
    X, y, Z = points(seed, kind)
    names = np.array(["c", "a", "b"])[y]
    knn = KNeighborsClassifier(k, **METRICS[metric]).fit(X, names)
    twin, doubt = rm.from_sklearn(knn), rm.where_may_differ(knn, Z)
    sure = np.setdiff1d(np.arange(len(Z)), doubt)
    assert np.array_equal(twin.predict(Z)[sure], knn.predict(Z)[sure])
    if kind == "normal" and metric != "singular":
        assert len(doubt) == 0
    search = NearestNeighbors(n_neighbors=k, **METRICS[metric]).fit(X)
    found = rm.from_sklearn(search).kneighbors(Z, return_distance=False)[sure]
    theirs = search.kneighbors(Z, return_distance=False)[sure]
    assert np.array_equal(np.sort(found), np.sort(theirs))


@pytest.mark.parametrize("metric", METRICS)
def test_distances_and_certificates(metric: str) -> None:
    X, y, Z = points(0, "normal")
    knn = KNeighborsClassifier(3, **METRICS[metric]).fit(X, y)
    twin = rm.from_sklearn(knn, threat=rm.ThreatModel(1), n_jobs=1)
    assert type(twin) is rm.CertifiedKNeighborsClassifier and twin.n_jobs == 1
    squared = metric == "sqeuclidean"
    theirs = knn.kneighbors(Z)[0]
    np.testing.assert_allclose(
        twin.kneighbors(Z)[0], np.sqrt(theirs) if squared else theirs, rtol=1e-6, atol=1e-7
    )
    assert twin.certify(Z).threat == rm.ThreatModel(1)


@pytest.mark.parametrize("shrink", [None, 0.3])
def test_centroids(shrink: float | None) -> None:
    X, y, Z = points(1, "normal")
    model = NearestCentroid(shrink_threshold=shrink).fit(X, y)
    twin, doubt = rm.from_sklearn(model), rm.where_may_differ(model, Z)
    sure = np.setdiff1d(np.arange(len(Z)), doubt)
    assert len(doubt) < 5 and np.array_equal(twin.predict(Z)[sure], model.predict(Z)[sure])
    assert twin.n_samples_fit_ == 3 and twin.n_neighbors == 1


def test_names_and_all_points_as_neighbours() -> None:
    pd = pytest.importorskip("pandas")
    X, y, Z = points(2, "grid")
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    knn = KNeighborsClassifier(len(X)).fit(frame, y)
    twin = rm.from_sklearn(knn)
    assert twin.feature_names_in_.tolist() == ["a", "b", "c"]
    assert len(rm.where_may_differ(knn, pd.DataFrame(Z, columns=frame.columns))) == 0
    with pytest.raises(ValueError, match="feature names should match"):
        twin.predict(frame[["c", "b", "a"]])


def test_what_is_refused_and_why() -> None:
    X, y, _ = points(3, "normal")
    sparse = pytest.importorskip("scipy.sparse")
    knn = KNeighborsClassifier
    several = np.c_[y, y]
    for model, message in (
        (knn(weights="distance").fit(X, y), "weigh votes uniformly, got weights='distance'"),
        (knn(p=1).fit(X, y), "minkowski with p = 1"),
        (knn(metric="cosine").fit(X, y), "'cosine'; on rows that are normalised"),
        (knn(metric="manhattan").fit(X, y), "got 'manhattan'"),
        (knn(metric=lambda a, b: 0.0, algorithm="brute").fit(X, y), "model must have the metric"),
        (knn(metric="seuclidean", algorithm="brute").fit(X, y), "give V"),
        (knn(metric="mahalanobis", algorithm="brute").fit(X, y), "give VI"),
        (knn().fit(X, several), "one output, got several"),
        (knn().fit(sparse.csr_matrix(X), y), "dense points, got sparse"),
        (NearestCentroid(metric="manhattan").fit(X, y), "metric euclidean, got 'manhattan'"),
        (make_pipeline(StandardScaler(), knn()).fit(X, y), "convert its last step"),
        (LogisticRegression().fit(X, y), "must be a fitted KNeighborsClassifier"),
        (rm.CertifiedKNeighborsClassifier(1).fit(X, y), "must be a fitted KNeighborsClassifier"),
        (None, "must be a fitted KNeighborsClassifier"),
    ):
        with pytest.raises(ValueError, match=message):
            rm.from_sklearn(model)
    with pytest.raises(NotFittedError):
        rm.from_sklearn(knn())


@pytest.mark.parametrize("metric", ["euclidean", "l2"])
def test_the_euclidean_metric_by_name(metric: str) -> None:
    X, y, _ = points(4, "normal")
    for make in (rm.CertifiedKNeighborsClassifier, rm.CertifiedNearestNeighbors):
        assert make(2, metric=metric).fit(X, y).components_ is None
        with pytest.raises(ValueError, match=r"metric must be None, euclidean, .* got 'cosine'"):
            make(2, metric="cosine").fit(X, y)
    learned = rm.CertifiedPrototypeClassifier(2, metric=metric, max_iter=20, n_directions=2)
    plain = rm.CertifiedPrototypeClassifier(2, max_iter=20, n_directions=2)
    assert np.array_equal(learned.fit(X, y).prototypes_, plain.fit(X, y).prototypes_)
