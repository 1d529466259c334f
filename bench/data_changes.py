"""Radii that hold for changed training data: curves, attacks with changed data, and all changes of tiny data.

Usage: python bench/data_changes.py [--points 200] [--attacked 25] [digits pendigits]
       python bench/data_changes.py --votes 1000000 [--seed 0]

The first prints for K = 5 and 11 and each choice of inserted, deleted and relabelled points the
certified error at some radii, the median radius, and, over the attacked points whose radius is positive,
the median of radius / cost of the cheapest attack: the changes are made as an attacker would (points of
the rival class put on the query, the nearest of the own class taken out or relabelled), and the region
attack searches against what comes out. Exit status 1 where an attack costs less than a radius.

The second draws tiny problems, and inputs at certified queries and just inside their radii along the
normals of half-spaces and in random directions, and takes the vote for every choice of changes, in
rational arithmetic, until that many votes were taken. Exit status 1 where one is another than certified.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import protocol

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from changed_data import tiny, votes_of_changed, winner
from helpers import Problem, strictly_inside

import robust_metric as rm
from robust_metric import DataChanges
from robust_metric.attacks import RegionAttack

CHANGES = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (0, 0, 2), (1, 1, 1), (4, 0, 0)]
RADII = {"digits": (0.0, 0.2, 0.4), "pendigits": (0.0, 0.1, 0.2)}


def main() -> int:
    """Print the tables in Markdown, or what became of the votes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", default=["digits", "pendigits"])
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--attacked", type=int, default=25)
    parser.add_argument("--votes", type=int)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.votes is not None:
        return take_votes(args.votes, args.seed)
    failed = False
    for name in args.names:
        data = protocol.load(name)
        for k in (5, 11):
            print(f"{name}, K = {k}, {args.points} test points\n")
            heads = "".join(f" error at {r:g} |" for r in RADII[name])
            print(f"| inserted, deleted, relabelled |{heads} median radius | radius / attack |")
            print("|---" * (len(RADII[name]) + 3) + "|")
            for counts in CHANGES:
                failed |= row(name, data, k, DataChanges(*counts), args.points, args.attacked)
            print()
    return int(failed)


def row(
    name: str,
    data: tuple[np.ndarray, ...],
    k: int,
    changes: DataChanges,
    points: int,
    attacked: int,
) -> bool:
    """Print one row; return whether an attack was cheaper than a radius."""
    X_train, y_train, X, y = data[0], data[1], data[2][:points], data[3][:points]
    clf = rm.CertifiedKNeighborsClassifier(k).fit(X_train, y_train)
    found = clf.certify(X, y, data_changes=changes)
    ratios = [
        radius / cheapest_attack(X_train, y_train, k, z, label, changes)
        for z, radius, label in zip(X[:attacked], found.radius, found.label, strict=False)
        if radius > 0.0
    ]
    errors = "".join(f" {e:.3f} |" for e in found.robust_error(RADII[name]))
    counts = f"{changes.insert}, {changes.delete}, {changes.relabel}"
    ratio = f"{np.median(ratios):.2f}" if ratios else "none"
    print(f"| {counts} |{errors} {np.median(found.radius):.3f} | {ratio} |", flush=True)
    return bool(np.any(np.array(ratios) > 1.0))


def cheapest_attack(
    X: np.ndarray, y: np.ndarray, k: int, z: np.ndarray, label: int, changes: DataChanges
) -> float:
    """Cost of the cheapest change of z after changes of the data towards the nearest two other classes."""
    order = np.argsort(((X - z) ** 2).sum(axis=1), kind="stable")
    own = order[y[order] == label]
    rivals = list(dict.fromkeys(y[order[y[order] != label]].tolist()))[:2]
    costs = []
    for rival in rivals:
        taken = own[changes.relabel : changes.relabel + changes.delete]
        new = y.copy()
        new[own[: changes.relabel]] = rival
        keep = np.setdiff1d(np.arange(len(X)), taken)
        points = np.vstack([X[keep], np.repeat(z[None], changes.insert, axis=0)])
        labels = np.r_[new[keep], np.full(changes.insert, rival)]
        changed = rm.CertifiedKNeighborsClassifier(k).fit(points, labels)
        if changed.predict(z[None])[0] != label:
            return 0.0
        costs.append(RegionAttack()(changed, z[None]).costs[0])
    return float(min(costs))


def take_votes(wanted: int, seed: int) -> int:
    """Take so many votes of changed tiny data inside certified radii."""
    rng = np.random.default_rng(seed)
    allowed = [DataChanges(*c) for c in product(range(3), repeat=3) if 0 < sum(c) <= 4]
    votes = certificates = inputs = 0
    while votes < wanted:
        p, _ = tiny(int(rng.integers(2**32)), bool(rng.integers(2)), int(rng.integers(2, 4)))
        changes = allowed[rng.integers(len(allowed))]
        if changes.delete > len(p.X) - p.k:
            continue
        found = p.classifier().certify(p.Z, data_changes=changes)
        for z, radius, label in zip(p.Z, found.radius, found.label, strict=True):
            if radius == 0.0:
                continue
            certificates += 1
            for moved in inside(p, z, min(float(radius), 1e3), rng):
                inputs += 1
                for vote in votes_of_changed(p, moved, changes):
                    votes += 1
                    if winner(vote) != label:
                        print(f"BROKEN: {p.X=} {p.y=} {p.k=} {z=} {moved=} {changes=}")
                        return 1
    print(f"{votes} votes at {inputs} inputs of {certificates} certificates: none lost")
    return 0


def inside(
    p: Problem, z: np.ndarray, radius: float, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """The query itself, and inputs strictly inside the radius, next to its end."""
    yield z
    pairs = rng.integers(len(p.X), size=(3, 2))
    normals = np.vstack([p.X[pairs[:, 0]] - p.X[pairs[:, 1]], rng.normal(size=(2, len(z)))])
    normals = normals[normals.any(axis=1)]
    steps = normals / np.linalg.norm(normals, axis=1)[:, None]
    yield from strictly_inside(z, z + radius * (1 - 2**-50) * steps, radius, p.threat)


if __name__ == "__main__":
    sys.exit(main())
