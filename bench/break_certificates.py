"""Try to break certificates, for as many attempts as asked: the long run of tests/test_soundness.py.

Usage: python bench/break_certificates.py [--attempts 1000000] [--seed 0]

Every family of tests/support/helpers.py (massive ties, duplicates with different labels, offsets, extreme
scales, subnormals, rank-deficient and ill-conditioned components) is drawn with K from 1 to 15,
2 to 10 classes and up to 2000 features; in one problem of ten the points are prototypes learned
from these; two in three have a threat model of another norm, or with feature costs, frozen features
or a box. In every other problem all arrays that were handed in, and what they are views of, are
overwritten once the radii are there. Inside each certified radius (or the lower end of a
minimal perturbation, every other time), decided exactly, it tries random directions, the farthest
allowed steps along the normals of all half-spaces at radius (1 - 2^-50) and floats next to them,
coordinate-wise walks by nextafter, the witness of a search or of the region attack shrunk to just
inside, and a boundary attack from there. An attempt is one input strictly inside a radius on which
``predict`` was run; a share of them is decided again in rational arithmetic. Exit status 1 where one
changes the class.

One problem in five has a few points with small integers as coordinates, where nearly every distance is
met many times. There the upper end of the minimal perturbation is held against attacks as well: one
that finds a cheaper witness, among those above, on a grid of halves and by the region attack, has found
a witness that the search missed, and counts as a success.

Three parts in files of their own go along: radii beyond a known witness with forged evidence, which the
checker may not prove (`forged_radii.py`); shards whose points are all equal, at 1e-200 to 1e200
(`single_valued_shards.py`); and forks while other threads are in a call (`forks_in_calls.py`).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import forged_radii
import forks_in_calls
import single_valued_shards
from exact_infimum import small_integers
from helpers import (
    FAMILIES,
    METRICS,
    Problem,
    attacks,
    exact_prediction,
    problem,
    strictly_inside,
    with_prototypes,
)
from threat_problems import NORMS, THREATS, threat_model

import robust_metric as rm
from robust_metric.attacks import RegionAttack

PER_QUERY = 200  # directions and normals tried for one certificate
EXACT_PER_QUERY = 2  # attempts decided in rational arithmetic as well
HAIR = 1e-12  # by which a witness next to a tie may be beaten
EXACT_COST = 2000  # ... where n * d * rank is no more than this many exact products


# other ways to break a certificate: what each makes of one drawn problem, and how often
PARTS = {
    "forged evidence": (forged_radii.attempts, 0.2),
    "single values": (single_valued_shards.attempts, 0.2),
    "forks": (forks_in_calls.attempts, 0.02),
}


@dataclass
class Tally:
    """What was tried, and what of it succeeded."""

    tried: Counter[str] = field(default_factory=Counter)
    by_threat: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    exact: int = 0
    problems: int = 0
    certificates: int = 0

    def __str__(self) -> str:
        rows = sorted(self.tried.items()) + sorted(self.by_threat.items())
        lines = [f"{name:16s} {count:10d} attempts" for name, count in rows]
        lines.append(
            f"{self.problems} problems, {self.certificates} certificates, "
            f"{self.tried.total()} attempts"
        )
        lines.append(
            f"({self.exact} decided in rational arithmetic too): {len(self.broken)} successes"
        )
        return "\n".join([*lines, *self.broken[:20]])


def main() -> int:
    """Run until the wanted number of attempts; print the count by family."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--attempts", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    start = time.perf_counter()
    tally = attempt(args.attempts, np.random.default_rng(args.seed))
    print(tally)
    print(f"{time.perf_counter() - start:.0f} s")
    return int(bool(tally.broken))


def attempt(count: int, rng: np.random.Generator) -> Tally:
    """At least so many attempts, by each part in turn."""
    tally = Tally()
    while tally.tried.total() < count:
        tally.problems += 1
        attack(draw(rng), rng, tally)
        for name, (part, share) in PARTS.items():
            if rng.random() < share:
                tried, broken = part(rng)
                tally.tried[name] += tried
                tally.broken += broken
    return tally


def attack(p: Problem, rng: np.random.Generator, tally: Tally) -> None:
    """Everything that is tried inside the certificates of one problem."""
    clf, handed_in = aliased(p, rng)
    if "integers" in p.name:
        tally.broken += missed_witnesses(p, clf)
    radii, targets = certified(clf, p, search=rng.random() < 0.5)
    if rng.random() < 0.5:
        overwrite([*handed_in, clf.fitted_view().points, clf.components_], rng)
    for z, radius, label, target in zip(p.Z, radii, clf.predict(p.Z), targets, strict=True):
        if not 0 < radius < np.inf:
            continue
        points = inside_points(p, clf, z, radius, label, target, rng)
        if len(points) == 0:  # a radius of a few subnormals: no float is strictly inside
            continue
        tally.certificates += 1
        tally.tried[p.name.split("family='")[1].split("'")[0]] += len(points)
        tally.by_threat[p.name.split("threat=")[1].split(",")[0]] += len(points)
        changed = points[clf.predict(points) != label]
        if p.X.size * (1 if p.L is None else len(p.L)) <= EXACT_COST:
            for point in points[rng.permutation(len(points))[:EXACT_PER_QUERY]]:
                tally.exact += 1
                if exact_prediction(p, point) != label:
                    changed = np.vstack([changed, point])
        if len(changed):
            tally.broken.append(
                f"{p.name}: z={z.tolist()} radius={radius!r} at {changed[0].tolist()}"
            )


def draw(rng: np.random.Generator) -> Problem:
    """A random problem; one in fifty has many features, one in five small integers."""
    if rng.random() < 0.2:
        p = small_integers(int(rng.integers(2**32)))
        return replace(p, name=f"{p.name}, family='integers', threat={p.threat.norm:g} integers,")
    classes, k = int(rng.integers(2, 11)), int(rng.integers(1, 16))
    wide = rng.random() < 0.02
    p = problem(
        seed=int(rng.integers(2**32)),
        family=str(rng.choice(FAMILIES)),
        metric=str(rng.choice(["euclidean", "wide"] if wide else METRICS)),
        n_classes=classes,
        k=k,
        d=int(rng.integers(200, 2001)) if wide else int(rng.integers(1, 9)),
        n=max(classes, k) + int(rng.integers(0, 30)),
        queries=2 if wide else 4,
    )
    if rng.random() < 0.2:  # what float32 can hold
        with np.errstate(over="ignore", under="ignore"):
            single = p.X.astype(np.float32)
        if np.isfinite(single).all():
            p = replace(p, X=single.astype(np.float64), name=p.name + ", float32")
    p = with_threat(p, rng)
    return with_prototypes(p) if rng.random() < 0.1 else p


def with_threat(p: Problem, rng: np.random.Generator) -> Problem:
    """The problem under a threat model of some kind; one in three under the plain one."""
    if rng.random() < 1 / 3:
        return replace(p, name=p.name + ", threat=2 plain")
    norm, kind = float(rng.choice(NORMS)), str(rng.choice(THREATS))
    threat = threat_model(rng, norm, kind, p.X)
    if threat.feature_cost is not None and rng.random() < 0.3:
        threat = replace(threat, feature_cost=threat.feature_cost * 2.0 ** rng.uniform(-50, 50))
    return replace(p, Z=threat.admit(p.Z), threat=threat, name=f"{p.name}, threat={norm:g} {kind}")


def missed_witnesses(p: Problem, clf: rm.CertifiedKNeighborsClassifier) -> list[str]:
    """Attacks that are cheaper than the upper end of a minimal perturbation."""
    found = clf.minimal_perturbation(p.Z, time_limit=5)
    attacked = p.Z + RegionAttack(8)(clf, p.Z).perturbations
    frozen = p.threat.frozen(p.Z.shape[1])
    grid = np.array(list(product(np.arange(-1, 4.5, 0.5), repeat=p.Z.shape[1])))
    missed = []
    for z, start, upper, label in zip(p.Z, attacked, found.upper, found.label, strict=True):
        points = grid.copy()
        points[:, frozen] = z[frozen]
        points = np.vstack([points[p.threat.holds(points)], start])
        changed = points[clf.predict(points) != label]
        costs = p.threat.cost(changed - z)
        for point in changed[costs * (1 + 1e-9) + HAIR < upper]:
            missed.append(f"{p.name}: z={z.tolist()} {upper=} missed {point.tolist()}")
    return missed


def aliased(
    p: Problem, rng: np.random.Generator
) -> tuple[rm.CertifiedKNeighborsClassifier, list[np.ndarray | None]]:
    """The classifier of a problem, and the arrays that were handed to it, some of them read-only views."""
    if p.fitted is not None:
        return p.fitted, []
    arrays = [p.X, p.L, p.threat.feature_cost, *(p.threat.bounds or (None, None))]
    X, L, cost, lower, upper = handed_in = [None if a is None else np.array(a) for a in arrays]
    bounds = None if p.threat.bounds is None else (lower, upper)
    threat = rm.ThreatModel(p.threat.norm, bounds, cost, p.threat.clip_queries)
    points = X[:]
    points.flags.writeable = bool(rng.random() < 0.5)
    return rm.CertifiedKNeighborsClassifier(p.k, L, threat, 1).fit(points, p.y), handed_in


def overwrite(arrays: list[np.ndarray | None], rng: np.random.Generator) -> None:
    """Put other numbers into arrays; those that were handed out must refuse."""
    for array in arrays:
        if array is not None and array.flags.writeable:
            array[...] = rng.permutation(array.ravel()).reshape(array.shape) * 3.0


def certified(
    clf: rm.CertifiedKNeighborsClassifier, p: Problem, search: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Radii to attack, by the search or by the bound, and a point outside that changes the class."""
    if search:
        found = clf.minimal_perturbation(p.Z, time_limit=0.5)
        return found.lower, p.Z + found.perturbation
    return clf.certify(p.Z).radius, p.Z + RegionAttack(4)(clf, p.Z).perturbations


def inside_points(
    p: Problem,
    clf: rm.CertifiedKNeighborsClassifier,
    z: np.ndarray,
    radius: float,
    label: object,
    target: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Inputs strictly inside the radius, most of them at its very edge."""
    basic = attacks(p, z, radius, rng)
    basic = basic[rng.permutation(len(basic))[:PER_QUERY]]
    edge = basic[:40]
    walks = [edge]
    for _ in range(3):  # coordinate-wise walks by nextafter, outwards and back
        column = rng.integers(len(z))
        for direction in (-np.inf, np.inf):
            moved = walks[-1].copy()
            moved[:, column] = np.nextafter(moved[:, column], direction)
            walks.append(moved)
    candidates = np.vstack(
        [*walks[1:], shrunk(p, z, target, radius), boundary(p, clf, z, label, target, rng)]
    )
    return np.vstack([basic, strictly_inside(z, candidates, radius, p.threat)])


def shrunk(p: Problem, z: np.ndarray, target: np.ndarray, radius: float) -> np.ndarray:
    """The witness, pulled back to the radius and to floats just inside it."""
    size = p.threat.cost((target - z)[None] / radius)[0]
    if not 0 < size < np.inf:
        return z[None]
    factors = np.r_[1.0, 1 - 2.0 ** -np.arange(40, 54), 1 - 1e-12, 1 - 1e-9]
    return z + (target - z) * (factors / size)[:, None]


def boundary(
    p: Problem,
    clf: rm.CertifiedKNeighborsClassifier,
    z: np.ndarray,
    label: object,
    target: np.ndarray,
    rng: np.random.Generator,
    rounds: int = 8,
) -> np.ndarray:
    """A short boundary attack (Brendel et al. 2018): walk along the decision boundary towards z.

    Returns every adversarial point found; one inside the radius would break the certificate.
    """
    best = target
    if clf.predict(best[None])[0] == label:
        return z[None]
    found = [best]
    for _ in range(rounds):
        scale = np.abs(best - z).max()
        steps = rng.normal(size=(16, len(z))) * scale * 0.3 / np.sqrt(len(z))
        tries = np.vstack([best + steps, z + (best - z) * rng.uniform(0.5, 1.0, (16, 1))]) - z
        tries = z + p.threat.clip(np.broadcast_to(z, tries.shape), tries)
        adversarial = tries[clf.predict(tries) != label]
        if len(adversarial):
            size = p.threat.cost(np.vstack([best, adversarial]) - z)
            if size[1:].min() < size[0]:
                best = adversarial[np.argmin(size[1:])]
                found.append(best)
    return np.array(found)


if __name__ == "__main__":
    sys.exit(main())
