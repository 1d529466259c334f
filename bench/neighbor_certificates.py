"""What certified sets of neighbours cost beside the search alone and the dense formula.

``ROBUST_METRIC_DATA=... python bench/neighbor_certificates.py pendigits usps`` prints a row a data set
and K; the dense formula, all pairs of a neighbour and another point, is run on a few queries.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from protocol import load

import robust_metric as rm

NEIGHBORS = (1, 10, 100)
QUERIES, DENSE_QUERIES = 1000, 20


def dense_radii(X: np.ndarray, Z: np.ndarray, k: int) -> np.ndarray:
    """Every pair bound, in float64, by matrix products."""
    squares = (X**2).sum(axis=1)
    radii = np.empty(len(Z))
    for i, z in enumerate(Z):
        distance = ((X - z) ** 2).sum(axis=1)
        order = np.argsort(distance, kind="stable")
        own, other = order[:k], order[k:]
        apart = squares[other][:, None] + squares[own] - 2.0 * X[other] @ X[own].T
        gap = distance[other][:, None] - distance[own]
        radii[i] = (gap / (2.0 * np.sqrt(np.maximum(apart, 1e-300)))).min()
    return radii


def milliseconds(work: Callable[[], object], queries: int) -> float:
    """Best of three runs, a query."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return 1e3 * min(seconds) / queries


def measure(X: np.ndarray, Z: np.ndarray, k: int) -> str:
    """Return one row of the table, after a comparison of the radii."""
    search, few = rm.CertifiedNearestNeighbors(k).fit(X), Z[:DENSE_QUERIES]
    radius = search.certify_neighbors(Z).radius
    assert np.allclose(dense_radii(X, few, k), radius[:DENSE_QUERIES], rtol=1e-6, atol=1e-9)
    alone = milliseconds(lambda: search.kneighbors(Z, return_distance=False), len(Z))
    certified = milliseconds(lambda: search.certify_neighbors(Z), len(Z))
    dense = milliseconds(lambda: dense_radii(X, few, k), DENSE_QUERIES)
    return f"{k:>5}{alone:>10.3f}{certified:>10.3f}{dense:>8.2f}{np.median(radius):>28.4f}"


def main(names: list[str]) -> None:
    """Print the table."""
    print("data        K     search   certify   dense  (ms a query)   median radius")
    for name in names:
        X_train, _, Z, _ = load(name, QUERIES)
        for k in NEIGHBORS:
            print(f"{name:<10}{measure(X_train, Z, k)}")


if __name__ == "__main__":
    main(sys.argv[1:] or ["pendigits", "usps"])
