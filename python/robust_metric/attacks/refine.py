"""What is done to every attack's result: it is moved towards the query while the class stays changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._base.arrays import Floats, Mask
from .target import Target

# a family of perturbations that costs less the smaller t is: t = 1 is the perturbation, t = 0 the end
Family = Callable[[Floats, Floats], Floats]

BISECTIONS = 24
# bisection is worth its price only where shrinking by so little succeeds
WORTHWHILE = 1.0 - 1e-4


def refine(target: Target, perturbations: Floats) -> Floats:
    """Bisect the segment to the clean point, then shrink coordinates, keeping success.

    Parameters
    ----------
    target : Target
    perturbations : (m, d) float64
        Each changes the class.

    Returns
    -------
    (m, d) float64
        Each changes the class and costs no more.
    """
    for family in (scaled, *_families(target.threat.norm, perturbations.shape[1])):
        perturbations = _shrink(target, perturbations, family)
    return perturbations


def scaled(perturbations: Floats, t: Floats) -> Floats:
    """Points of the segment between the clean point and the perturbed one."""
    return perturbations * t[:, None]


def bisect(target: Target, perturbations: Floats, family: Family = scaled) -> Floats:
    """Return the end of a bisection between t = 1, which succeeds, and t = 0."""
    inside, outside = np.ones(len(target)), np.zeros(len(target))
    best = perturbations
    for _ in range(BISECTIONS):
        middle = 0.5 * (inside + outside)
        tried = target.clip(family(perturbations, middle))
        fooled = target.fooled(tried)
        inside, outside = np.where(fooled, middle, inside), np.where(fooled, outside, middle)
        best = np.where(fooled[:, None], tried, best)
    return best


def _shrink(target: Target, perturbations: Floats, family: Family) -> Floats:
    start = target.clip(family(perturbations, np.full(len(target), WORTHWHILE)))
    rows = np.flatnonzero(target.fooled(start))
    if rows.size == 0:
        return perturbations
    some, before = target.take(rows), perturbations[rows]
    shrunk = bisect(some, before, family)
    cheaper = some.cost(shrunk) < some.cost(before)
    result = perturbations.copy()
    result[rows[cheaper]] = shrunk[cheaper]
    return result


def _families(norm: float, n_features: int) -> list[Family]:
    if norm == 1:
        return [_thresholded]
    if norm == np.inf:
        return [_capped]
    # blocks of coordinates: every 4th from each start
    return [_block(np.arange(n_features) % 4 == start) for start in range(min(4, n_features))]


def _block(block: Mask) -> Family:
    return lambda steps, t: np.where(block, steps * t[:, None], steps)


def _largest(steps: Floats) -> Floats:
    largest: Floats = np.abs(steps).max(axis=1, keepdims=True)
    return largest


def _thresholded(steps: Floats, t: Floats) -> Floats:
    """All sizes reduced by one amount: what lowers the sum of sizes most."""
    amount = (1.0 - t)[:, None] * _largest(steps)
    reduced: Floats = np.sign(steps) * np.maximum(np.abs(steps) - amount, 0.0)
    return reduced


def _capped(steps: Floats, t: Floats) -> Floats:
    cap = t[:, None] * _largest(steps)
    return np.clip(steps, -cap, cap)
