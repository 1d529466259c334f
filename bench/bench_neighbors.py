"""Prediction: K = 11 by the package, scikit-learn, faiss, the dense formula, and the bare product."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import rivals


@rivals.needs_mnist
def test_predict_mnist(benchmark: Any) -> None:
    X_train, y_train, X, y = rivals.mnist()
    clf = rivals.classifier("mnist", rivals.K)
    labels = rivals.compare(
        benchmark,
        lambda: clf.predict(X),
        {
            "faiss": rivals.faiss_search(X_train, X),
            "sgemm": rivals.bare_sgemm(X_train, X),
            "dense": rivals.textbook_predict(X_train, y_train, X),
        },
        queries=len(X),
    )
    assert np.mean(labels == y) > 0.9


@rivals.needs_mnist
def test_predict_mnist_two_threads(benchmark: Any) -> None:
    X = rivals.mnist()[2]
    two, one = (rivals.classifier("mnist", rivals.K, n_jobs) for n_jobs in (2, 1))
    rivals.compare(benchmark, lambda: two.predict(X), {"one": lambda: one.predict(X)}, rounds=2)


@pytest.mark.parametrize("name", rivals.TABLES)
def test_predict(benchmark: Any, name: str) -> None:
    X_train, y_train, X, _ = rivals.load(name)
    clf = rivals.classifier(name, rivals.K)
    rivals.compare(
        benchmark,
        lambda: clf.predict(X),
        {
            "sklearn": rivals.sklearn_predict(X_train, y_train, X),
            "faiss": rivals.faiss_search(X_train, X),
            "sgemm": rivals.bare_sgemm(X_train, X),
            "dense": rivals.textbook_predict(X_train, y_train, X),
        },
        rounds=5,
        queries=len(X),
    )
