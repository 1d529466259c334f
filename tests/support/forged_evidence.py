"""Certificates with something wrong in them: radii, labels, and each kind of array of the evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from robust_metric import Certificates
from robust_metric.results import SearchTrees


def forged(rng: np.random.Generator, honest: Certificates, n: int) -> Certificates:
    """Certificates with something wrong in each kind of array."""
    evidence, radius, label = honest.evidence, honest.radius.copy(), honest.label.copy()
    assert evidence is not None
    changes: dict[str, Any] = {}
    for _ in range(rng.integers(1, 3)):
        i = rng.integers(len(radius))
        kind = rng.integers(7)
        if kind == 0:
            radius[i:] *= rng.choice([1 + 2**-52, 1.001, 2.0, -1.0])
        elif kind == 1:
            radius[i] = rng.choice([0.0, 5e-324, 1e300, np.inf, np.nan, -0.0])
        elif kind == 2:
            label[i:] = rng.integers(0, 5, size=len(label[i:]))
        elif kind == 3:
            changes["queries"] = evidence.queries + rng.choice([1e-12, 0.1])
        elif kind == 4 and len(evidence.multipliers):
            weights = evidence.multipliers.copy()
            weights[rng.integers(len(weights)) :] *= rng.choice([0.5, -1.0, 1e30, np.nan])
            changes["multipliers"] = weights
        else:
            name = rng.choice(["near_own", "own", "row_other"])
            values = getattr(evidence, name).copy()
            if len(values):
                values[rng.integers(len(values))] = rng.integers(-1, n + 1)
            changes[name] = values
    if evidence.trees is not None and rng.integers(2):
        changes["trees"] = forged_trees(rng, evidence.trees, n)
    return replace(honest, radius=radius, label=label, evidence=replace(evidence, **changes))


def forged_trees(rng: np.random.Generator, trees: SearchTrees, n: int) -> SearchTrees:
    """Trees with something wrong in one array; few changes leave the numbers of children those of trees."""
    names = ["point", "children", "entering", "beaten", "multipliers", "own"]
    name = rng.choice(names)
    values = getattr(trees, name).copy()
    if not len(values):
        return trees
    one = rng.integers(len(values))
    if name == "multipliers":
        values[one] *= rng.choice([0.0, 0.5, 1.001, -1.0, np.nan, np.inf])
    elif name == "children":
        values[one] += rng.choice([-1, 1, -(2**62)])
    else:
        values[one] = rng.choice([rng.integers(-1, n + 1), *values[:2], 2**62])
    return replace(trees, **{name: values})
