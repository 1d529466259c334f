"""What a dense metric costs beside the Euclidean one: K = 11 bounds, exact 1-NN searches, predictions.

    python bench/dense_metrics.py [usps mnist ...]     CPU time on one thread, per query, and the ratio

`rotation` has the Euclidean metric's distances, so all counts are its own and only the arithmetic
differs; `noise` is the identity plus normal numbers of deviation .02. At most 10 000 training points.
See docs/protocol.md for the data.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from protocol import load

import robust_metric as rm

TRAIN, QUERIES = 10_000, 200


def dense_metrics(d: int) -> dict[str, np.ndarray | None]:
    """Components by name; None for the Euclidean metric, which comes first."""
    random = np.random.default_rng(0)
    return {
        "Euclidean": None,
        "rotation": np.linalg.qr(random.normal(size=(d, d)))[0],
        "noise": np.eye(d) + 0.02 * random.normal(size=(d, d)),
    }


def milliseconds(call, queries: np.ndarray) -> float:
    """CPU time of a call per query, the second time: the first prepares what is kept."""
    call(queries[:2])
    start = time.process_time()
    call(queries)
    return (time.process_time() - start) / len(queries) * 1e3


def measure(name: str) -> None:
    X, y, queries, _ = load(name, QUERIES)
    X, y = X[:TRAIN], y[:TRAIN]
    first: dict[str, float] = {}
    for name, components in dense_metrics(X.shape[1]).items():
        fitted = {
            k: rm.CertifiedKNeighborsClassifier(k, metric=components, n_jobs=1).fit(X, y)
            for k in (1, 11)
        }
        calls = {
            "predict": fitted[11].predict,
            "bound": fitted[11].certify,
            "exact": fitted[1].minimal_perturbation,
        }
        for what, call in calls.items():
            found = milliseconds(call, queries)
            print(
                f"  {name:9s} {what:8s} {found:8.2f} ms  {found / first.setdefault(what, found):6.2f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=["usps", "mnist"])
    for name in parser.parse_args().sets:
        print(name)
        measure(name)


if __name__ == "__main__":
    main()
