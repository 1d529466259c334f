"""Rivals of the benchmarks, and a way to time them in turns with the package.

Times on a shared machine drift within minutes; only what was measured in turns can be compared. So
`compare` times every rival once before each round of the benchmark itself, and leaves the times in
the benchmark's ``extra_info``; ratios are of the smallest times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import protocol
import pytest
from sklearn.neighbors import KNeighborsClassifier
from textbook import squared_distances

import robust_metric as rm

HAVE_DATA = (protocol.DATA / "pendigits.npz").exists()
TABLES = ("pendigits", "usps") if HAVE_DATA else ("digits",)
FITS = ("splice", *TABLES) if HAVE_DATA else TABLES
K = 11

needs_mnist = pytest.mark.skipif(
    not (protocol.DATA / "mnist.npz").exists(), reason="needs mnist.npz in ROBUST_METRIC_DATA"
)

Work = Callable[[], Any]


def timed(work: Work) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(
    benchmark: Any, ours: Work, rivals: Mapping[str, Work], rounds: int = 3, **info: Any
) -> Any:
    """Time ``ours`` by the benchmark and the rivals in turns with it; return the answer of ``ours``."""
    seconds: dict[str, list[float]] = {name: [] for name in rivals}

    def run_rivals() -> None:
        for name, work in rivals.items():
            seconds[name].append(timed(work))

    ours()  # warm up: threads, caches, lazily prepared training sets
    benchmark.extra_info.update(info)
    answer = benchmark.pedantic(ours, setup=run_rivals, rounds=rounds, iterations=1)
    benchmark.extra_info["rivals"] = seconds
    return answer


@cache
def load(name: str, n_test: int = 1000) -> tuple[np.ndarray, ...]:
    """X_train, y_train, X_test, y_test by the protocol of the tables; scikit-learn's digits without data."""
    return protocol.load(name, n_test)


@cache
def mnist(n_test: int = 2000) -> tuple[np.ndarray, ...]:
    """MNIST in float32, as users of faiss and scikit-learn keep it."""
    X_train, y_train, X, y = load("mnist", n_test)
    return X_train.astype(np.float32), y_train, X.astype(np.float32), y


def classifier(name: str, k: int, n_jobs: int | None = None) -> rm.CertifiedKNeighborsClassifier:
    """Fitted on the training set of a data set; MNIST in float32."""
    X_train, y_train = (mnist() if name == "mnist" else load(name))[:2]
    return rm.CertifiedKNeighborsClassifier(k, n_jobs=n_jobs).fit(X_train, y_train)


def sklearn_predict(X_train: np.ndarray, y_train: np.ndarray, X: np.ndarray) -> Work:
    """K-nearest-neighbour prediction by scikit-learn's brute force, on all cores."""
    clf = KNeighborsClassifier(K, algorithm="brute", n_jobs=-1).fit(X_train, y_train)
    return lambda: clf.predict(X)


def faiss_search(X_train: np.ndarray, X: np.ndarray) -> Work:
    """Flat search for the K nearest by faiss, on all cores."""
    faiss = pytest.importorskip("faiss")
    index = faiss.IndexFlatL2(X_train.shape[1])
    index.add(X_train.astype(np.float32))
    queries = X.astype(np.float32)
    return lambda: index.search(queries, K)


def bare_sgemm(X_train: np.ndarray, X: np.ndarray, chunk: int = 500) -> Work:
    """The float32 matrix product of all queries and all training points, in chunks that fit memory."""
    A, B = X.astype(np.float32), np.ascontiguousarray(X_train, np.float32)
    out = np.empty((min(chunk, len(A)), len(B)), np.float32)

    def work() -> None:
        for start in range(0, len(A), chunk):
            rows = A[start : start + chunk]
            np.matmul(rows, B.T, out=out[: len(rows)])

    return work


def textbook_predict(
    X_train: np.ndarray, y_train: np.ndarray, X: np.ndarray, chunk: int = 500
) -> Work:
    """All distances by the expanded formula in NumPy, then a partition, then a vote."""

    def work() -> np.ndarray:
        votes = []
        for start in range(0, len(X), chunk):
            distances = squared_distances(X[start : start + chunk], X_train)
            nearest = y_train[np.argpartition(distances, K, axis=1)[:, :K]]
            votes += [np.bincount(row).argmax() for row in nearest]
        return np.array(votes)

    return work
