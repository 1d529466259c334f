"""Certified radii for K = 11: against prediction without certificates, and against the dense formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import rivals
from textbook import textbook_radii

import robust_metric as rm

TEXTBOOK_QUERIES = 30


@rivals.needs_mnist
def test_certify_mnist(benchmark: Any) -> None:
    X_train, y_train, X, _ = rivals.mnist()
    clf = rivals.classifier("mnist", rivals.K)
    wide = X_train.astype(np.float64), X.astype(np.float64)
    certificates = rivals.compare(
        benchmark,
        lambda: clf.certify(X),
        {
            "sklearn_float32": rivals.sklearn_predict(X_train, y_train, X),
            "sklearn_float64": rivals.sklearn_predict(wide[0], y_train, wide[1]),
            "faiss": rivals.faiss_search(X_train, X),
            "sgemm": rivals.bare_sgemm(X_train, X),
            "predict": lambda: clf.predict(X),
        },
        queries=len(X),
    )
    assert np.median(certificates.radius) > 0.5


@rivals.needs_mnist
def test_certify_mnist_two_threads(benchmark: Any) -> None:
    X = rivals.mnist()[2]
    two, one = (rivals.classifier("mnist", rivals.K, n_jobs) for n_jobs in (2, 1))
    rivals.compare(benchmark, lambda: two.certify(X), {"one": lambda: one.certify(X)}, rounds=2)


@rivals.needs_mnist
def test_prepare_mnist(benchmark: Any) -> None:
    """Fitting and the first query: centring, norms and packing of the training set."""
    X_train, y_train, X, _ = rivals.mnist()

    def work() -> Any:
        return rm.CertifiedKNeighborsClassifier(rivals.K).fit(X_train, y_train).certify(X[:1])

    rivals.compare(benchmark, work, {}, rounds=2)


@rivals.needs_mnist
def test_certify_mnist_growing(benchmark: Any) -> None:
    """The whole training set; its quarter and half as rivals: what doubling it costs."""
    X_train, y_train, X, _ = rivals.mnist()
    X = X[:1000]
    order = np.random.default_rng(0).permutation(len(X_train))
    sizes = [len(X_train) // 4, len(X_train) // 2, len(X_train)]
    quarter, half, whole = (
        rm.CertifiedKNeighborsClassifier(rivals.K).fit(X_train[order[:n]], y_train[order[:n]])
        for n in sizes
    )
    rivals.compare(
        benchmark,
        lambda: whole.certify(X),
        {"quarter": lambda: quarter.certify(X), "half": lambda: half.certify(X)},
        sizes=sizes,
        queries=len(X),
    )


@pytest.mark.parametrize("name", rivals.TABLES)
def test_certify(benchmark: Any, name: str) -> None:
    X_train, y_train, X, y = rivals.load(name)
    clf, one = rivals.classifier(name, rivals.K), rivals.classifier(name, rivals.K, n_jobs=1)
    few = X_train, y_train, X[:TEXTBOOK_QUERIES], y[:TEXTBOOK_QUERIES]
    rivals.compare(
        benchmark,
        lambda: clf.certify(X),
        {
            "one": lambda: one.certify(X),
            "sklearn": rivals.sklearn_predict(X_train, y_train, X),
        },
        rounds=5,
        queries=len(X),
    )
    # once: all lengths |x+ - x-| are most of it, whatever the number of queries
    seconds: dict[str, list[float]] = benchmark.extra_info["rivals"]
    seconds["dense"] = [rivals.timed(lambda: textbook_radii(few, [((rivals.K + 1) // 2,) * 2]))]
    benchmark.extra_info["dense_queries"] = TEXTBOOK_QUERIES
