"""Exact radii of K-NN votes: share closed, time, what the bound leaves, certified robust errors.

Usage: python bench/exact_radii.py [--points N] [--limit SECONDS] [--k K,K,...] [--metric arml|euclidean]
                                   [--fit-at-most N] [splice pendigits usps mnist 1e5x8 ...]

For each data set and K, the first N (200) correctly classified test points, of the protocol or of a
mixture (mixtures.py), one thread each, two threads side by side, at most --limit (1) seconds a point by
the clock; the times printed are of the CPU. The metric is learned on a stratified sample of --fit-at-most
training points (default: all of them). Prints two tables in Markdown. In the second, "bound" is the K-NN
bound; the errors by the exact radii lie between those by "lower" and by "upper".
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import protocol
from mixtures import is_named, named

import robust_metric as rm
from robust_metric.paper.protocol import stratified
from robust_metric.results import certified_robust_error

CLOSED = 1e-6
MIXTURE_RADII = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)


def run(
    clf: rm.CertifiedKNeighborsClassifier, X: np.ndarray, limit: float
) -> dict[str, np.ndarray]:
    """Intervals, nodes and seconds of CPU of single points."""

    def one(x: np.ndarray) -> tuple[float, ...]:
        start = time.thread_time()
        m = clf.minimal_perturbation(x[None], time_limit=limit)
        seconds = time.thread_time() - start
        return m.lower[0], m.upper[0], m.nodes[0], seconds

    one(X[0])  # what the first call alone has to do
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        columns = np.array(list(pool.map(one, X))).T
    return dict(zip(("lower", "upper", "nodes", "seconds"), columns, strict=True))


def summary(bound: np.ndarray, found: dict[str, np.ndarray]) -> str:
    """Share closed, worst open interval, time, nodes and what the bound leaves, as cells of a row."""
    lower, upper, ms = found["lower"], found["upper"], 1e3 * found["seconds"]
    is_open = upper > lower * (1 + CLOSED)
    worst = f"{np.min(lower[is_open] / upper[is_open]):.3f}" if is_open.any() else "-"
    gain = lower[bound > 0] / bound[bound > 0]
    return " | ".join(
        (
            f"{np.sum(~is_open)} of {len(lower)}",
            worst,
            f"{np.median(ms):.1f}, {np.quantile(ms, 0.99):.0f}, {ms.max():.0f}",
            f"{np.median(found['nodes']):.0f}, {np.quantile(found['nodes'], 0.99):.0f}",
            f"{np.median(gain):.3f}, {np.quantile(gain, 0.9):.3f}",
        )
    )


def load(name: str) -> tuple[np.ndarray, ...]:
    """A data set of the protocol, or a mixture by points and features, such as 1e5x8."""
    return named(name, 2000) if is_named(name) else protocol.load(name, None)


def radii(name: str) -> tuple[float, ...]:
    return protocol.RADII.get(name, MIXTURE_RADII)


def rows(
    name: str, metric: str, ks: list[int], points: int, limit: float, fit_at_most: int | None
) -> Iterator[tuple[str, list[str]]]:
    """For each K a row of the first table and three of the second."""
    X_train, y_train, X_test, y_test = load(name)
    components = None
    if metric == "arml":
        fitted = stratified(y_train, fit_at_most)
        components = rm.ARML(random_state=0).fit(X_train[fitted], y_train[fitted]).components_
    for k in ks:
        clf = rm.CertifiedKNeighborsClassifier(k, components, n_jobs=1).fit(X_train, y_train)
        X, y = X_test[: 2 * points], y_test[: 2 * points]
        correct = np.flatnonzero(clf.predict(X) == y)[:points]
        seen = int(correct[-1]) + 1  # these and the misclassified ones among them
        X = X[correct]
        bound = clf.certify(X).radius
        found = run(clf, X, limit)
        errors = []
        for what, radius in (
            ("bound", bound),
            ("lower", found["lower"]),
            ("upper", found["upper"]),
        ):
            error = certified_robust_error(np.r_[radius, np.zeros(seen - len(X))], radii(name))
            cells = " | ".join((name, str(k), what, *(f"{e:.3f}" for e in error)))
            errors.append(f"| {cells} | {seen} |")
        yield f"| {name} | {k} | {summary(bound, found)} |", errors


def main() -> None:
    """Print both tables; each row of the first as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--limit", type=float, default=1.0)
    parser.add_argument("--k", default="3,5,11")
    parser.add_argument("--metric", choices=("arml", "euclidean"), default="arml")
    parser.add_argument("--fit-at-most", type=int, metavar="N")
    parser.add_argument("names", nargs="*", default=["splice", "pendigits", "usps"])
    args = parser.parse_args()
    print(
        f"{args.metric}, {args.points} correct test points, at most {args.limit:g} s a point\n\n"
        "| data | K | closed to 1e-6 | least lower/upper of the rest | ms of CPU a point: median, 99 %, most"
        " | nodes: median, 99 % | lower over bound: median, 90 % |\n" + "|---" * 7 + "|",
        flush=True,
    )
    errors: dict[str, list[str]] = {}
    for name in args.names:
        ks = [int(k) for k in args.k.split(",")]
        for row, more in rows(name, args.metric, ks, args.points, args.limit, args.fit_at_most):
            print(row, flush=True)
            errors.setdefault(name, []).extend(more)
    for name, lines in errors.items():
        columns = " | ".join(f"{r:g}" for r in radii(name))
        print(f"\n| data | K | certified by | {columns} | points |")
        print("|---" * (4 + len(radii(name))) + "|")
        print("\n".join(lines))


if __name__ == "__main__":
    main()
