"""The gradient attack: descent on a soft vote of the nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from .._base.arrays import Floats, Indices, Mask
from .._base.validation import check_positive
from .base import Attack
from .refine import bisect
from .target import Target

# queries handled together: their neighbours are copied out
_ROWS = 128


@dataclass(frozen=True)
class GradientAttack(Attack):
    """Minimise the cost plus a penalty on a differentiable vote, by Adam.

    The vote of a training point is soft: a sigmoid of how far its squared distance is below that of
    the K-th neighbour, which is taken anew at every step. The penalty is the number of soft votes
    by which the own class leads the strongest other class. Its weight grows while the class is
    unchanged and falls while it is changed, per query, so that the walk stays at the decision
    boundary. Points near the query and near where it starts vote.

    Parameters
    ----------
    n_steps : int, default 150
    learning_rate : float, default 0.3
        Length of the first step, as a share of that of the start.
    n_guides : int, default 32
        Points of the own class, and points of other classes, that vote; at least 2 K of each.
    sharpness : float, default 20.0
        Slope of the sigmoid, in units of one over the squared distance of the K-th neighbour.

    References
    ----------
    Sitawarin, Wagner, "On the Robustness of Deep K-Nearest Neighbors", 2019, and "Minimum-Norm
    Adversarial Examples on KNN and KNN-Based Models", IEEE Security and Privacy Workshops 2020:
    soft votes around a moving threshold. The weight's control differs from theirs.
    """

    n_steps: int = 150
    learning_rate: float = 0.3
    n_guides: int = 32
    sharpness: float = 20.0

    def __post_init__(self) -> None:
        for name in ("n_steps", "learning_rate", "n_guides", "sharpness"):
            check_positive(name, getattr(self, name))

    def _run(self, target: Target) -> Floats:
        steps, found = target.starts()
        rows = np.flatnonzero(found)
        for first in range(0, len(rows), _ROWS):
            some = rows[first : first + _ROWS]
            block = target.take(some)
            steps[some] = _Descent(block, bisect(block, steps[some]), self).run()
        return steps


class _Descent:
    """Descents of one block of m queries, each with g training points that vote.

    Steps are measured in the length of the start, features by their costs.
    """

    def __init__(self, target: Target, start: Floats, settings: GradientAttack) -> None:
        self.target, self.settings = target, settings
        self.view, d = target.clf.fitted_view(), target.X.shape[1]
        self.k, self.L = self.view.n_neighbors, self.view.components
        cost = target.threat.weights(d)
        length = np.linalg.norm(start * np.where(np.isfinite(cost), cost, 0.0), axis=1)
        self.length = np.where(length > 0.0, length, 1.0)[:, None]
        self.unit = self.length / cost  # (m, d); 0 in frozen features
        self.best, self.best_cost = start, target.cost(start)
        guides = self._guides(start)
        self.centre = target.X.mean(axis=0)
        self.points = self._map(self.view.points[guides] - self.centre)  # (m, g, r)
        self.sizes = (self.points**2).sum(axis=2)
        label = self.view.labels[guides]
        self.own = label == np.searchsorted(self.view.classes, target.label)[:, None]
        self.classes = label[:, :, None] == np.arange(len(self.view.classes))
        self.classes[self.own] = False

    def _guides(self, start: Floats) -> Indices:
        """Indices (m, g): own-class points near the query, others near the start."""
        stored, labels = self.view.points, self.view.labels
        count = min(max(self.settings.n_guides, 2 * self.k), len(labels))
        own = labels == np.searchsorted(self.view.classes, self.target.label)[:, None]
        rows = self._map(stored.astype(np.float64) - stored[0])
        tables = []
        for points, excluded in ((self.target.X, ~own), (self.target.X + start, own)):
            distances = _squared_distances(self._map(points - stored[0]), rows)
            distances[excluded] = np.inf
            tables.append(np.argsort(distances, axis=1, kind="stable")[:, :count])
        return np.concatenate(tables, axis=1)

    def _map(self, rows: Floats) -> Floats:
        return rows if self.L is None else rows @ self.L.T

    def run(self) -> Floats:
        """Return the cheapest perturbation met, (m, d)."""
        settings, d = self.settings, self.target.X.shape[1]
        position = np.divide(
            self.best, self.unit, out=np.zeros_like(self.best), where=self.unit > 0
        )
        mean, square = np.zeros_like(position), np.zeros_like(position)
        weight, factor = np.ones(len(self.target)), np.full(len(self.target), 2.0)
        before = np.ones(len(self.target), dtype=np.bool_)
        for t in range(1, settings.n_steps + 1):
            slope = self._cost_slope(position) + weight[:, None] * self._vote_slope(position)
            mean = 0.8 * mean + 0.2 * slope
            square = 0.95 * square + 0.05 * (slope**2).mean(axis=1, keepdims=True)
            change = (mean / (1 - 0.8**t)) / (np.sqrt(square / (1 - 0.95**t)) + 1e-30)
            rate = settings.learning_rate * 0.02 ** (t / settings.n_steps) / np.sqrt(d)
            steps = self.target.clip((position - rate * change) * self.unit)
            position = np.divide(steps, self.unit, out=np.zeros_like(steps), where=self.unit > 0)
            fooled = self._keep_best(steps)
            # each time the boundary is crossed, the weight changes by a smaller factor from then on
            factor = np.where(fooled != before, np.maximum(np.sqrt(factor), 1.1), factor)
            weight *= np.where(fooled, 1.0 / factor, factor)
            weight, before = np.clip(weight, 1e-6, 1e12), fooled
        return self.best

    def _keep_best(self, steps: Floats) -> Mask:
        fooled = self.target.fooled(steps)
        cost = self.target.cost(steps)
        better = fooled & (cost < self.best_cost)
        self.best = np.where(better[:, None], steps, self.best)
        self.best_cost = np.where(better, cost, self.best_cost)
        return fooled

    def _cost_slope(self, position: Floats) -> Floats:
        """Gradient of the norm, of a smooth one in place of 1 and infinity."""
        norm = self.target.threat.norm
        largest = np.maximum(np.abs(position).max(axis=1, keepdims=True), np.finfo(float).tiny)
        share = position / largest
        if norm == 1:
            slope = share / (np.abs(share) + 0.05)
        else:
            slope = share if norm == 2 else np.sign(share) * np.abs(share) ** 9
        size = np.sqrt((slope**2).sum(axis=1, keepdims=True))
        unit: Floats = slope / np.where(size > 0.0, size, 1.0)
        return unit

    def _vote_slope(self, position: Floats) -> Floats:
        """Gradient of the soft votes by which the own class leads."""
        at = self._map(self.target.X + position * self.unit - self.centre)
        products = np.matmul(self.points, at[:, :, None])[:, :, 0]
        distance = (at**2).sum(axis=1)[:, None] - 2.0 * products + self.sizes
        threshold = np.partition(distance, self.k - 1, axis=1)[:, self.k - 1 : self.k]
        sharpness = self.settings.sharpness / np.maximum(threshold, np.finfo(float).tiny)
        votes = expit(sharpness * (threshold - distance))
        of_class = np.einsum("mg,mgc->mc", votes, self.classes)
        rival = self.classes[np.arange(len(votes)), :, of_class.argmax(axis=1)]
        pull = (rival * 1.0 - self.own) * votes * (1.0 - votes) * sharpness
        moved = at * pull.sum(axis=1)[:, None] - np.matmul(pull[:, None, :], self.points)[:, 0, :]
        slope: Floats = 2.0 * (moved if self.L is None else moved @ self.L) * self.unit
        return slope


def _squared_distances(A: Floats, B: Floats) -> Floats:
    product: Floats = (A**2).sum(1)[:, None] - 2.0 * (A @ B.T) + (B**2).sum(1)
    return product
