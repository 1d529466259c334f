"""Certified radii on one and two Dask workers: queries in blocks, and a training set in shards.

Usage: python bench/dask_workers.py [training points] [queries]

Normal points of two classes in 32 dimensions, K = 11. Workers are processes of one thread each. Each
figure is the best of three; the radii are compared with those of one machine, bit for bit.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import robust_metric as rm
from robust_metric.dask import certified_radii
from robust_metric.distributed.shards import Rows, Rule, certify_shards, support


def best(work: Callable[[], np.ndarray], expected: np.ndarray) -> float:
    """Seconds of the fastest of three runs, each of which has to give the expected radii."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        radius = work()
        seconds.append(time.perf_counter() - start)
        assert np.array_equal(radius, expected)
    return min(seconds)


def main() -> None:
    n, m = (int(a) for a in (*sys.argv[1:], *("200000", "2000")[len(sys.argv) - 1 :]))
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    X = rng.normal(size=(n, 32)) + 0.6 * y[:, None]
    Z = rng.normal(size=(m, 32)) + 0.3
    clf = rm.CertifiedKNeighborsClassifier(11, n_jobs=1).fit(X, y)
    expected = clf.certify(Z).radius
    alone = best(lambda: clf.certify(Z).radius, expected)
    print(f"{n} training points, {m} queries, K = 11")
    print(f"rows of the core, queries still open, in each round: {rounds(X, y, Z)}\n")
    print("| | queries in blocks, s | training set in 4 shards, s |\n|---|---|---|")
    print(f"| one thread without Dask | {alone:.1f} | |", flush=True)
    for workers in (1, 2):
        with (
            LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None
            ) as cluster,
            Client(cluster),
        ):
            by_query, by_shard = measured(clf, X, y, Z, expected)
            name = "1 worker" if workers == 1 else f"{workers} workers"
            print(f"| {name} | {by_query:.1f} | {by_shard:.1f} |", flush=True)


def rounds(X: np.ndarray, y: np.ndarray, Z: np.ndarray) -> list[tuple[int, int]]:
    """Size of the core and number of queries in each round of the exchange between four shards."""
    parts = np.array_split(np.arange(len(X)), 4)
    shards = [Rows(ids, X[ids], y[ids].astype(np.int32)) for ids in parts]
    sizes = []

    def run(function: Callable[..., Any], *arguments: Any) -> list[Any]:
        if function is support:
            _, core, queries, _ = arguments
            sizes.append((len(core.ids), len(queries)))
        return [function(shard, *arguments) for shard in shards]

    certify_shards(run, Rule(11, 2, None, rm.ThreatModel()), Z, None, len(Z))
    return sizes


def measured(clf: rm.CertifiedKNeighborsClassifier, X, y, Z, expected) -> tuple[float, float]:
    """Seconds for queries in eight blocks, and for the training set in four shards."""
    queries = da.from_array(Z, chunks=(len(Z) // 8, -1))
    shards = da.from_array(X, chunks=(len(X) // 4, -1)).persist()
    return (
        best(lambda: clf.certify(queries).radius.compute(), expected),
        best(lambda: certified_radii(shards, y, Z, n_neighbors=11).radius, expected),
    )


if __name__ == "__main__":
    main()
