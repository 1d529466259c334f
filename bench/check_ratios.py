"""Check the ratios of docs/performance.md that hold on scikit-learn's digits, with slack.

Usage: python bench/check_ratios.py

Both sides of a ratio run in turns in this process, on one thread, and are measured by their CPU time; the
least of several rounds counts. Seconds are neither printed nor judged. A limit is about twice what was
measured when it was set: what fails here has become slower by a factor. Exit status 1 where one fails.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.neighbors import KNeighborsClassifier, NeighborhoodComponentsAnalysis
from threadpoolctl import threadpool_limits

import robust_metric as rm

K = 11
ROUNDS = 5
CALLS_FOR = 0.05  # seconds of CPU time that the calls of a round take at least

Work = Callable[[], Any]


@dataclass(frozen=True)
class Ratio:
    """CPU time of one work over that of another, and what it must not exceed."""

    what: str
    ours: Work
    other: Work
    limit: float

    def measure(self) -> float:
        self.ours(), self.other()  # what is prepared at the first call
        rounds = [(cpu_time(self.ours), cpu_time(self.other)) for _ in range(ROUNDS)]
        ours, other = (min(times) for times in zip(*rounds, strict=True))
        return ours / other


def cpu_time(work: Work) -> float:
    """CPU seconds of one call, from as many calls as the clock needs to be exact."""
    calls, start = 0, time.process_time()
    while (passed := time.process_time() - start) < CALLS_FOR:
        work()
        calls += 1
    return passed / calls


def ratios() -> list[Ratio]:
    X_train, X, y_train, _ = rm.datasets.load("digits")
    half = slice(None, None, 2)

    def classifier(k: int, rows: slice = slice(None)) -> rm.CertifiedKNeighborsClassifier:
        clf = rm.CertifiedKNeighborsClassifier(k, n_jobs=1)
        return clf.fit(X_train[rows], y_train[rows])

    nearest, vote, fewer = classifier(1), classifier(K), classifier(K, half)
    plain = KNeighborsClassifier(K, algorithm="brute").fit(X_train, y_train)
    few = X_train[half], y_train[half]
    arml, nca = rm.ARML(n_jobs=1), NeighborhoodComponentsAnalysis(max_iter=10, random_state=0)
    return [
        Ratio(
            "predict ÷ scikit-learn's brute-force predict",
            lambda: vote.predict(X),
            lambda: plain.predict(X),
            limit=2.0,
        ),
        Ratio(
            "certify ÷ predict",
            lambda: vote.certify(X),
            lambda: vote.predict(X),
            limit=40.0,
        ),
        Ratio(
            "certify ÷ scikit-learn's brute-force predict",
            lambda: vote.certify(X),
            lambda: plain.predict(X),
            limit=35.0,
        ),
        Ratio(
            "exact 1-NN radii ÷ certify",
            lambda: nearest.minimal_perturbation(X),
            lambda: vote.certify(X),
            limit=4,
        ),
        Ratio(
            "certify ÷ the same on half of the training set",
            lambda: vote.certify(X),
            lambda: fewer.certify(X),
            limit=3.0,
        ),
        Ratio(
            "ARML fit ÷ ten steps of scikit-learn's NCA",
            lambda: arml.fit(*few),
            lambda: nca.fit(*few),
            limit=8.0,
        ),
    ]


def main() -> int:
    """Print each ratio beside its limit."""
    failed = False
    with threadpool_limits(1):
        for ratio in ratios():
            found = ratio.measure()
            failed |= found > ratio.limit
            verdict = "TOO SLOW" if found > ratio.limit else "fine"
            print(f"{ratio.what}: {found:.3g}, at most {ratio.limit:g}: {verdict}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
