"""Training sets in shards whose points are all equal, at 1e-200, 1, 1e200 or all of these together.

A part of bench/break_certificates.py. Neighbours, labels and radii of the shards must be those of the
whole set and of rational arithmetic; an attempt is one input strictly inside a radius, and a success is
one that changes the class (or, of a certificate of neighbours, the neighbours), or an answer that differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from helpers import Problem, attacks, exact_neighbors, exact_prediction
from threat_problems import NORMS, threat_model

import robust_metric as rm
from robust_metric.distributed.shards import Rows, Rule, certify_shards

POWERS = (-200, 0, 200)
EXACT = 3  # attempts inside each radius that are decided in rational arithmetic


def attempts(rng: np.random.Generator) -> tuple[int, list[str]]:
    """One problem: inputs tried inside radii, and what was wrong."""
    p, counts = draw(rng)
    wrong = [f"single values: {p.name}: {line}" for line in different_answers(p, counts)]
    count = 0
    clf = p.classifier()
    radii, sets = clf.certify(p.Z).radius, clf.certify_neighbors(p.Z)
    for z, radius, keeps in zip(p.Z, radii, sets.radius, strict=True):
        label, neighbors = exact_prediction(p, z), sorted(exact_neighbors(p, z))
        inside = attacks(p, z, float(radius), rng, 20)
        changed = clf.predict(inside) != label if len(inside) else np.zeros(0, dtype=bool)
        for i, point in enumerate(inside[:EXACT]):
            changed[i] |= exact_prediction(p, point) != label
        around = attacks(p, z, float(keeps), rng, 20)
        other = [sorted(exact_neighbors(p, point)) != neighbors for point in around[:EXACT]]
        count += len(inside) + len(around)
        for point in [*inside[changed], *around[: len(other)][other]]:
            wrong.append(f"single values: {p.name}: z={z.tolist()} at {point.tolist()}")
    return count, wrong


def draw(rng: np.random.Generator) -> tuple[Problem, list[int]]:
    """Blocks of equal points, and how many each has; an empty one among them."""
    d, blocks = int(rng.integers(1, 4)), int(rng.integers(1, 5))
    powers = rng.choice(POWERS, size=(blocks, 1)) if rng.random() < 0.5 else rng.choice(POWERS)
    values = rng.integers(-3, 4, size=(blocks, d)) * 10.0**powers
    counts = [*rng.integers(1, 4, size=blocks).tolist(), 0]
    X = np.repeat(values, counts[:-1], axis=0)
    y = rng.integers(0, 3, size=len(X))
    Z = rng.integers(-3, 4, size=(4, d)) * 10.0 ** rng.choice(POWERS, size=(4, 1))
    Z[0] = X[0] * rng.choice([0.5, 1.25, -1.0])
    k = int(rng.integers(1, len(X) + 1))
    L = rng.integers(-2, 3, size=(int(rng.integers(1, 3)), d)).astype(float)
    kind = str(rng.choice(["plain", "weighted", "frozen"]))
    threat = threat_model(rng, float(rng.choice(NORMS)), kind, X)
    p = Problem(X, y, Z, k, L if rng.random() < 0.3 else None, threat=threat)
    return replace(p, name=f"{X=} {y=} {Z=} {k=} L={p.L} {threat}"), counts


def different_answers(p: Problem, counts: list[int]) -> Iterator[str]:
    """Where shards, the whole set and rational arithmetic do not agree."""
    classes, codes = np.unique(p.y, return_inverse=True)
    parts = np.split(np.arange(len(p.X)), np.cumsum(counts)[:-1])
    shards = [Rows(rows, p.X[rows], codes[rows].astype(np.int32)) for rows in parts]
    rule = Rule(p.k, len(classes), p.L, p.threat)
    radius, label = certify_shards(
        lambda function, *arguments: [function(shard, *arguments) for shard in shards],
        rule, p.Z, None, 3,
    )  # fmt: skip
    whole = p.classifier().certify(p.Z)
    positions = rm.CertifiedNearestNeighbors(p.k, p.L).fit(p.X).kneighbors(p.Z)[1]
    for i, z in enumerate(p.Z):
        if not classes[label[i]] == whole.label[i] == exact_prediction(p, z):
            yield f"z={z.tolist()}: class {classes[label[i]]}, of the whole {whole.label[i]}"
        if radius[i] != whole.radius[i]:
            yield f"z={z.tolist()}: radius {radius[i]!r}, of the whole {whole.radius[i]!r}"
        if positions[i].tolist() != exact_neighbors(p, z):
            yield f"z={z.tolist()}: neighbours {positions[i].tolist()}"
