"""How near attacks come to the minimal perturbation, and how fast, on digits.

Usage: python bench/attacks.py [--metric euclidean|arml] [--points 450] [--seconds 2]

For K = 1, 3 and 11 each attack's median cost, its ratio to what is proved, the share of points within
5 % of it, and its time. Proved is the lower end of ``minimal_perturbation``, ``--seconds`` a point at
most. The boundary attack is run with as many steps as fit into the time of the region attack, and
with its default. A second table has the certified robust error, of the bound and of the search, the
empirical one of the region attack, and the gap between proof and attack.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import robust_metric as rm
from robust_metric import results
from robust_metric.attacks import Attack, AttackResult, BoundaryAttack, GradientAttack, RegionAttack

RADII = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


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
    heads = ("K", "attack", "median cost", "ratio: median", "90 %", "within 5 %", "s")
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    failed, tables = False, []
    for k in (1, 3, 11):
        clf = rm.CertifiedKNeighborsClassifier(k, metric).fit(X_train, y_train)
        found = clf.minimal_perturbation(X, y, time_limit=args.seconds)
        proved, right = found.lower, found.lower > 0.0
        region, seconds = run(k, "region", RegionAttack(), clf, X, y, proved)
        steps = steps_that_fit(clf, X, y, seconds)
        equal, _ = run(k, f"boundary, {steps} steps", BoundaryAttack(steps), clf, X, y, proved)
        run(k, "boundary, 1000 steps", BoundaryAttack(), clf, X, y, proved)
        run(k, "gradient", GradientAttack(), clf, X, y, proved)
        failed |= not region.costs[right].mean() < equal.costs[right].mean()
        closed = np.mean(found.upper[right] < proved[right] * (1 + 1e-6))
        clean = float(np.mean(found.label != y))
        tables.append(gap_table(k, clean, clf.certify(X, y).radius, proved, region.costs))
        tables.append(f"(K = {k}: {right.sum()} points right, {closed:.1%} of intervals closed)")
    print("", *tables, sep="\n")
    return int(failed)


def gap_table(
    k: int, clean: float, bound: np.ndarray, proved: np.ndarray, costs: np.ndarray
) -> str:
    """Certified and empirical robust errors, and what lies between, at the usual radii."""
    curves = [
        results.RobustErrorCurve("digits", k, kind, values, clean)
        for kind, values in (("bound", bound), ("search", proved), ("attack", costs))
    ]
    lines = [results.format_table(curves, RADII)]
    for curve in curves[:2]:
        gap = results.robustness_gap(curve, curves[2], RADII)
        lines.append(f"gap to the {curve.kind}: " + " ".join(f"{share:.3f}" for share in gap))
    return "\n".join(lines)


def run(
    k: int,
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
        f"| {k} | {name} | {np.median(result.costs[right]):.4f} | {np.median(ratio):.4f} "
        f"| {np.quantile(ratio, 0.9):.3f} | {np.mean(ratio <= 1.05):.3f} | {seconds:.2f} |",
        flush=True,
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
