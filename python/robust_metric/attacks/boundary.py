"""The boundary attack: a random walk along the decision boundary towards the query."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._base.arrays import Floats
from .._base.validation import check_positive
from .base import Attack
from .refine import bisect
from .target import Target, generators

_ADAPT_EVERY = 10
_ADAPTATION = 1.5
# random numbers that are drawn ahead, for all queries together
_DRAWN_AHEAD = 1 << 21


@dataclass(frozen=True)
class BoundaryAttack(Attack):
    """Walk along the decision boundary; needs predictions only.

    Every step is one of the same length in a random direction orthogonal to the perturbation,
    followed by one towards the query; it is taken where the class stays changed and the cost does
    not grow. Both lengths are adapted to how often that happens, per query. Lengths are measured
    with the features' costs.

    Parameters
    ----------
    n_steps : int, default 1000
    spherical_step, source_step : float, default 0.01
        First lengths, as shares of the length of the perturbation.
    random_state : int, default 0

    References
    ----------
    Brendel, Rauber, Bethge, "Decision-Based Adversarial Attacks: Reliable Attacks Against
    Black-Box Machine Learning Models", ICLR 2018.
    """

    n_steps: int = 1000
    spherical_step: float = 0.01
    source_step: float = 0.01
    random_state: int = 0

    def __post_init__(self) -> None:
        for name in ("n_steps", "spherical_step", "source_step"):
            check_positive(name, getattr(self, name))

    def _run(self, target: Target) -> Floats:
        steps, found = target.starts()
        rows = np.flatnonzero(found)
        if rows.size:
            some = target.take(rows)
            steps[rows] = _Walk(some, bisect(some, steps[rows]), self).run()
        return steps


class _Walk:
    """The state of all walks; vectors are (m, d) in units in which all features cost the same."""

    def __init__(self, target: Target, start: Floats, settings: BoundaryAttack) -> None:
        self.target, self.settings = target, settings
        self.best, self.cost = start, target.cost(start)
        d = target.X.shape[1]
        cost = target.threat.weights(d)
        self.movable = np.isfinite(cost)
        self.weight = np.where(self.movable, cost, 1.0)
        m = len(target)
        self.spherical = np.full(m, settings.spherical_step)
        self.source = np.full(m, settings.source_step)
        # successes of points on the sphere and of steps since the last adaptation, and numbers of tries
        self.sphere_hits, self.hits = np.zeros(m), np.zeros(m)
        self.sphere_tries = self.tries = 0
        self.generators = generators(target, settings.random_state)

    def run(self) -> Floats:
        m, d = self.best.shape
        block = max(1, min(self.settings.n_steps, _DRAWN_AHEAD // (m * d)))
        for step in range(self.settings.n_steps):
            if step % block == 0:
                draws = [g.standard_normal((block, d)) for g in self.generators]
            self._step(np.array([draw[step % block] for draw in draws]), step)
        return self.best

    def _step(self, noise: Floats, step: int) -> None:
        position = self.best * self.weight * self.movable
        length = _norm(position)
        length = np.where(length > 0.0, length, 1.0)
        away = position / length[:, None]
        noise = noise * self.movable
        noise -= _dot(noise, away)[:, None] * away
        size = _norm(noise)
        noise *= (self.spherical * length / np.where(size > 0.0, size, 1.0))[:, None]
        sphere = position + noise
        sphere *= (length / np.maximum(_norm(sphere), np.finfo(float).tiny))[:, None]
        if step % _ADAPT_EVERY == 0:
            on_sphere = self.target.clip(sphere / self.weight)
            self.sphere_hits += self.target.fooled(on_sphere)
            self.sphere_tries += 1
        tried = self.target.clip(sphere * (1.0 - self.source)[:, None] / self.weight)
        cost = self.target.cost(tried)
        hit = self.target.fooled(tried) & (cost <= self.cost)
        self.best = np.where(hit[:, None], tried, self.best)
        self.cost = np.where(hit, cost, self.cost)
        self.hits += hit
        self.tries += 1
        if self.tries == 3 * _ADAPT_EVERY:
            self._adapt()

    def _adapt(self) -> None:
        on_sphere = self.sphere_hits / self.sphere_tries
        taken = self.hits / self.tries
        self.spherical *= np.where(on_sphere > 0.5, _ADAPTATION, 1.0)
        self.spherical /= np.where(on_sphere < 0.2, _ADAPTATION, 1.0)
        self.source *= np.where(taken > 0.25, _ADAPTATION, 1.0)
        self.source /= np.where(taken < 0.1, _ADAPTATION, 1.0)
        self.spherical = np.clip(self.spherical, 1e-6, 1.0)
        self.source = np.clip(self.source, 1e-9, 0.5)
        self.sphere_hits[:], self.hits[:] = 0.0, 0.0
        self.sphere_tries = self.tries = 0


def _dot(a: Floats, b: Floats) -> Floats:
    product: Floats = (a * b).sum(axis=1)
    return product


def _norm(a: Floats) -> Floats:
    return np.sqrt(_dot(a, a))
