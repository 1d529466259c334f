"""What predictions and certificates cost on tables, beside what scikit-learn and faiss need to predict.

Usage: python bench/tables.py [--queries N] [--products] [--fit] [NAME ...]

Data sets: pendigits, splice, usps (from the folder in ROBUST_METRIC_DATA) and Gaussian mixtures by points
and features, such as 1e5x8 (see mixtures.py). Everything runs on one thread, K = 11, in turns; the
microseconds of CPU time a query are the least of several rounds. ``--products`` adds the package without
its leaves, which searches by matrix products alone as it does on long rows. ``--fit`` adds seconds of CPU
time of fitting, leaves or codes included, and of scikit-learn's kd_tree.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import protocol
from mixtures import is_named, named
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

import robust_metric as rm

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from helpers import searched_by

NAMES = ("pendigits", "splice", "usps", "1e5x8", "1e5x16", "1e5x32", "1e6x8", "1e6x4")
K = 11
ROUNDS = 3
PEER_QUERIES = 200  # enough for those that take milliseconds each

Data = tuple[np.ndarray, np.ndarray, np.ndarray]
Work = Callable[[np.ndarray], Any]


def load(name: str, n_queries: int) -> Data:
    X, y, Z, _ = (named if is_named(name) else protocol.load)(name, n_queries)
    return X.astype(np.float32), y, Z.astype(np.float32)


def ours(X: np.ndarray, y: np.ndarray, kind: str = "") -> rm.CertifiedKNeighborsClassifier:
    with searched_by(kind):
        clf = rm.CertifiedKNeighborsClassifier(K, n_jobs=1).fit(X, y)
        clf.predict(X[:1])  # prepares the training set
    return clf


def faiss_search(X: np.ndarray) -> Work | None:
    try:
        import faiss
    except ImportError:
        return None
    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatL2(X.shape[1])
    index.add(np.ascontiguousarray(X))
    return lambda Z: index.search(Z, K)


def peers(X: np.ndarray, y: np.ndarray) -> dict[str, Work]:
    works: dict[str, Work] = {}
    for algorithm in ("brute", "kd_tree"):
        clf = KNeighborsClassifier(K, algorithm=algorithm, n_jobs=1).fit(X, y)
        works[algorithm] = clf.predict
    flat = faiss_search(X)
    if flat is not None:
        works["faiss"] = flat
    return works


def microseconds(work: Work, Z: np.ndarray) -> float:
    """CPU time a query; small batches again and again, as the clock is coarse."""
    calls, start = 0, time.process_time()
    while (passed := time.process_time() - start) < 0.05:
        work(Z)
        calls += 1
    return 1e6 * passed / calls / len(Z)


def measure(name: str, n_queries: int, with_products: bool) -> dict[str, float]:
    X, y, Z = load(name, n_queries)
    clf = ours(X, y)
    works = {"predict": clf.predict, "certify": lambda Z: clf.certify(Z).radius}
    if with_products:
        plain = ours(X, y, "none")
        works |= {
            "plain predict": plain.predict,
            "plain certify": lambda Z: plain.certify(Z).radius,
        }
    others = peers(X, y)
    times: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for who, work in works.items():
            times.setdefault(who, []).append(microseconds(work, Z))
        for who, work in others.items():
            times.setdefault(who, []).append(microseconds(work, Z[:PEER_QUERIES]))
    return {who: min(values) for who, values in times.items()}


def fit_seconds(name: str) -> list[str]:
    """CPU time of our fit with the first query, of a kd_tree's, and their ratio; the least of each."""
    X, y, _ = load(name, 1)
    tree = KNeighborsClassifier(K, algorithm="kd_tree", n_jobs=1)
    least: list[float] = []
    for work in (lambda: ours(X, y), lambda: tree.fit(X, y)):
        times = []
        for _ in range(ROUNDS):
            start = time.process_time()
            work()
            times.append(time.process_time() - start)
        least.append(min(times))
    return [f"{least[0]:.3f}", f"{least[1]:.3f}", f"{least[0] / least[1]:.2f}"]


def row(name: str, found: dict[str, float], fit: list[str]) -> str:
    predict, certify = found.pop("predict"), found.pop("certify")
    plain = [found.pop(f"plain {what}", None) for what in ("predict", "certify")]
    fastest = min(found, key=lambda who: found[who])
    cells = [name, f"{predict:.0f}", f"{certify:.0f}", f"{found[fastest]:.0f} ({fastest})"]
    cells += [f"{what / found[fastest]:.2f}" for what in (predict, certify)]
    pairs = zip(plain, (predict, certify), strict=True)
    cells += [f"{before / now:.1f} ×" for before, now in pairs if before]
    return f"| {' | '.join(cells + fit)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--products", action="store_true")
    parser.add_argument("--fit", action="store_true")
    args = parser.parse_args()
    head = ["data", "predict", "certify", "fastest peer", "predict ÷ it", "certify ÷ it"]
    head += ["products: predict", "products: certify"] if args.products else []
    head += ["fit, s", "kd_tree's", "fit ÷ it"] if args.fit else []
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    with threadpool_limits(1):
        for name in args.names:
            fit = fit_seconds(name) if args.fit else []
            print(row(name, measure(name, args.queries, args.products), fit), flush=True)


if __name__ == "__main__":
    main()
