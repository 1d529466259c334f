"""Exact radii of K-NN votes under the ARML metric: share closed, time, and what the bound leaves.

Usage: python bench/exact_radii.py [--points N] [--limit SECONDS] [--k K,K,...] [splice pendigits usps ...]

For each data set and K, the first N (200) correctly classified test points of the protocol, one thread each,
two threads side by side, at most --limit (1) seconds a point.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import protocol

import robust_metric as rm
from robust_metric.report import certified_robust_error

CLOSED = 1e-6


def run(
    clf: rm.CertifiedKNeighborsClassifier, X: np.ndarray, limit: float
) -> dict[str, np.ndarray]:
    """Intervals, bounds and seconds of single points."""

    def one(x: np.ndarray) -> tuple[float, ...]:
        start = time.perf_counter()
        m = clf.minimal_perturbation(x[None], time_limit=limit)
        seconds = time.perf_counter() - start
        return m.lower[0], m.upper[0], m.nodes[0], seconds

    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        columns = np.array(list(pool.map(one, X))).T
    return dict(zip(("lower", "upper", "nodes", "seconds"), columns, strict=True))


def main() -> None:
    """Print one row for each data set and K."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--limit", type=float, default=1.0)
    parser.add_argument("--k", default="3,5,11")
    parser.add_argument("names", nargs="*", default=["splice", "pendigits", "usps"])
    args = parser.parse_args()
    print(
        "data       K   closed  worst lower/upper  ms: median   99 %    max   nodes: median  99 %",
        end="",
    )
    print("   exact/bound: median  90 %")
    for name in args.names:
        X_train, y_train, X_test, y_test = protocol.load(name, None)
        components = rm.ARML(random_state=0).fit(X_train, y_train).components_
        for k in map(int, args.k.split(",")):
            clf = rm.CertifiedKNeighborsClassifier(k, components, n_jobs=1).fit(X_train, y_train)
            X, y = X_test[: 2 * args.points], y_test[: 2 * args.points]
            correct = np.flatnonzero(clf.predict(X) == y)[: args.points]
            seen = int(correct[-1]) + 1  # these and the misclassified ones among them
            X, y = X[correct], y[correct]
            bound = clf.certify(X).radius
            found = run(clf, X, args.limit)
            lower, upper, ms = found["lower"], found["upper"], 1e3 * found["seconds"]
            closed = upper <= lower * (1 + CLOSED)
            gain = lower[bound > 0] / bound[bound > 0]
            print(
                f"{name:<10} {k:2d} {closed.sum():4d}/{len(X):<4d} {np.min(lower / upper):10.4f}"
                f" {np.median(ms):17.1f} {np.quantile(ms, 0.99):7.1f} {ms.max():7.1f}"
                f" {np.median(found['nodes']):12.0f} {np.quantile(found['nodes'], 0.99):8.0f}"
                f" {np.median(gain):15.3f} {np.quantile(gain, 0.9):10.3f}",
                flush=True,
            )
            for what, radius in (("bound", bound), ("lower", lower), ("upper", upper)):
                errors = certified_robust_error(
                    np.r_[radius, np.zeros(seen - len(X))], protocol.RADII[name]
                )
                print(
                    f"    certified robust error, {what}  {protocol.row(errors)}  ({seen} points)"
                )


if __name__ == "__main__":
    main()
