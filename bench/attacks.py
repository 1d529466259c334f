"""How near attacks come to the minimal perturbation, and how fast, on digits.

Usage: python bench/attacks.py [--metric euclidean|arml] [--points 450] [--seconds 2]

For K = 1, 3 and 11 each attack's median cost, its ratio to what is proved, the share of points within
5 % of it, and its time. Proved is the lower end of ``minimal_perturbation``, ``--seconds`` a point at
most. The boundary attack is run with as many steps as fit into the time of the region attack, and
with its default.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import robust_metric as rm
from robust_metric.attacks import Attack, AttackResult, BoundaryAttack, GradientAttack, RegionAttack


def main() -> int:
    """Print the table; exit status 1 where the region attack is not the best."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--metric", choices=("euclidean", "arml"), default="euclidean")
    parser.add_argument("--points", type=int, default=450)
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    X_train, X, y_train, y = rm.datasets.load("digits")
    X, y = X[: args.points], y[: args.points]
    metric = rm.ARML(random_state=0).fit(X_train, y_train) if args.metric == "arml" else None
    failed = False
    for k in (1, 3, 11):
        clf = rm.CertifiedKNeighborsClassifier(k, metric).fit(X_train, y_train)
        found = clf.minimal_perturbation(X, y, time_limit=args.seconds)
        proved, right = found.lower, found.lower > 0.0
        width = found.upper[right] / proved[right]
        print(f"K = {k}, {args.metric}, {right.sum()} points right, ratios to the proved minimum")
        print(f"  interval of the search: median upper/lower {np.median(width):.4f}, "
              f"{np.mean(width < 1 + 1e-6):.1%} closed")  # fmt: skip
        region, seconds = run("region", RegionAttack(), clf, X, y, proved)
        steps = steps_that_fit(clf, X, y, seconds)
        equal, _ = run("boundary, same time", BoundaryAttack(n_steps=steps), clf, X, y, proved)
        run("boundary, 1000 steps", BoundaryAttack(), clf, X, y, proved)
        run("gradient", GradientAttack(), clf, X, y, proved)
        failed |= not region.costs[right].mean() < equal.costs[right].mean()
    return int(failed)


def run(
    name: str,
    attack: Attack,
    clf: rm.CertifiedKNeighborsClassifier,
    X: np.ndarray,
    y: np.ndarray,
    proved: np.ndarray,
) -> tuple[AttackResult, float]:
    """Attack and print one row."""
    start = time.perf_counter()
    result = attack(clf, X, y)
    seconds = time.perf_counter() - start
    right = proved > 0.0
    ratio = result.costs[right] / proved[right]
    assert (ratio >= 1.0).all()
    print(
        f"  {name:22s} median cost {np.median(result.costs[right]):.4f}"
        f"  mean {result.costs[right].mean():.4f}"
        f"  ratio: median {np.median(ratio):.4f}, 90 % {np.quantile(ratio, 0.9):.3f},"
        f" within 5 %: {np.mean(ratio <= 1.05):.3f}  {seconds:7.2f} s"
    )
    return result, seconds


def steps_that_fit(
    clf: rm.CertifiedKNeighborsClassifier, X: np.ndarray, y: np.ndarray, seconds: float
) -> int:
    """Steps of the boundary attack that take about so long, its start not counted; 20 to 1000."""
    times = []
    for steps in (1, 1, 41):  # the first call warms up
        start = time.perf_counter()
        BoundaryAttack(n_steps=steps)(clf, X, y)
        times.append(time.perf_counter() - start)
    return int(np.clip(seconds / max((times[2] - times[1]) / 40, 1e-6), 20, 1000))


if __name__ == "__main__":
    sys.exit(main())
