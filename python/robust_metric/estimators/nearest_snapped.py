"""Cheap points of a wanted class among those whose numbers are on a grid, or have few digits.

No search of the grid: what is found is an upper end, whose lower end is that of the search over all real
numbers. Every point that is returned was predicted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats, Labels, Mask
from ..fitted import Box, Fitted
from ..results.perturbations import MinimalPerturbations
from .snapping import Snap, movable

# how far on the way to a witness, and beyond it, points are rounded
_SHARES = np.array([1.0, 1.001, 1.01, 1.03, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0])
# training points of the wanted class that are tried, and how far on the way to them
_NEAR, _NEAR_SHARES = 64, np.array([0.5, 0.625, 0.75, 0.875, 1.0])
# rounds of moving back, and features of which pairs are moved against each other
_ROUNDS, _PAIRED = 200, 24


class SnappedSearch:
    """Searches of single queries.

    Parameters
    ----------
    view : Fitted
    scaled : callable
        From the units of the points to those of the classifier.
    snap : Snap
    """

    def __init__(self, view: Fitted, scaled: Callable[[Floats], Floats], snap: Snap) -> None:
        self.view, self.scaled, self.snap = view, scaled, snap

    def run(
        self,
        raw: Floats,
        queries: Floats,
        witnesses: Floats,
        box: Box,
        targets: Labels | None,
        found: MinimalPerturbations,
    ) -> tuple[Floats, Floats, NDArray[Any]]:
        """Return points (m, d), their costs (m,), inf where none was found, and their classes (m,).

        Parameters
        ----------
        raw, queries : (m, d) float64
            In the units of the points, and of the classifier.
        witnesses : (m, d) float64
            Of the search over all numbers; NaN where it found none.
        box : pair of (m, d) float64
        targets : (m,) int32, optional
        found : MinimalPerturbations
        """
        points, costs = np.full(raw.shape, np.nan), np.full(len(raw), np.inf)
        labels = found.label.copy()
        for i in range(len(raw)):
            if found.upper[i] == 0.0:  # what is wanted is predicted already
                points[i], costs[i] = raw[i], 0.0
                continue
            target = None if targets is None else self.view.classes[targets[i]]
            one = _One(self, raw[i], queries[i], (box[0][i], box[1][i]), found.label[i], target)
            witness = None if np.isnan(witnesses[i]).any() else witnesses[i]
            if found.lower[i] < np.inf and one.find(witness):
                points[i], costs[i], labels[i] = one.point, one.cost, one.label
        return points, costs, labels


class _One:
    """The search of one query: the cheapest point so far, its cost and its class."""

    def __init__(
        self,
        search: SnappedSearch,
        raw: Floats,
        query: Floats,
        box: Box,
        predicted: Any,
        target: Any,
    ) -> None:
        self._view, self._scaled, self._snap = search.view, search.scaled, search.snap
        self._raw, self._query, self._box = raw, query, box
        self._predicted, self._target = predicted, target
        self._moves = np.flatnonzero(movable(box))
        self.point, self.cost, self.label = raw, np.inf, predicted

    def find(self, witness: Floats | None) -> bool:
        """Whether a point was found, from the witness or from training points."""
        if witness is not None:
            self._try(self._raw + _SHARES[:, np.newaxis] * (witness - self._raw))
        if not self.cost < np.inf or (self._snap.steps > 0.0).any():
            for points in self._ways_to_training_points():
                self._try(points)
        if not self.cost < np.inf:
            return False
        for _ in range(_ROUNDS):
            if not self._try_all(self._steps_back()):
                break
        return True

    def _try(self, points: Floats) -> bool:
        """Round points both ways, and keep the cheapest that reaches what is wanted; whether it is new."""
        both = [self._snap(points, self._raw, self._box, outward) for outward in (False, True)]
        return self._try_all(np.concatenate(both))

    def _try_all(self, points: Floats) -> bool:
        if len(points) == 0:
            return False
        scaled = self._scaled(points)
        holds = self._view.threat.holds(scaled)
        costs = self._view.threat.cost(self._outward(scaled))
        order = np.flatnonzero(holds & (costs < self.cost))
        order = order[np.argsort(costs[order], kind="stable")]
        for some in np.array_split(order, max(1, len(order) // 64)):
            if len(some) == 0:
                continue
            labels = self._view.predict(np.ascontiguousarray(scaled[some]))
            right = self._wanted(labels) & self._survive(points[some], labels)
            if right.any():
                first = int(np.argmax(right))
                self.point, self.cost = points[some[first]].copy(), float(costs[some[first]])
                self.label = labels[first]
                return True
        return False

    def _wanted(self, labels: NDArray[Any]) -> Mask:
        wanted = labels != self._predicted if self._target is None else labels == self._target
        return np.asarray(wanted, dtype=np.bool_)

    def _survive(self, points: Floats, labels: NDArray[Any]) -> Mask:
        """Whether points keep their classes where features that stay are written down rounded."""
        written = self._snap.survives(points)
        moved = points != self._raw
        written = np.where(moved, points, written)
        differs = (written != points).any(axis=1)
        same = np.ones(len(points), dtype=np.bool_)
        if differs.any():
            scaled = np.ascontiguousarray(self._scaled(written[differs]))
            same[differs] = self._view.predict(scaled) == labels[differs]
        return same

    def _outward(self, scaled: Floats) -> Floats:
        """What is added to the query, each number no smaller than it really is."""
        added = scaled - self._query
        outward = np.nextafter(added, np.copysign(np.inf, added))
        return np.where(added == 0.0, 0.0, outward)

    def _ways_to_training_points(self) -> Iterator[Floats]:
        """Points on the way to the nearest training points of the wanted class."""
        view = self._view
        labels = view.classes[view.labels]
        rows = np.flatnonzero(self._wanted(labels))
        # in the units of the classifier, so that shares are taken there
        steps = view.points[rows].astype(np.float64) - self._query
        steps[:, np.setdiff1d(np.arange(len(self._raw)), self._moves)] = 0.0
        steps[:, view.threat.frozen(len(self._raw))] = 0.0
        nearest = np.argsort(view.threat.cost(steps), kind="stable")[:_NEAR]
        unit = self._scaled(np.stack([self._raw, self._raw + 1.0]))
        per_unit = np.where(unit[1] != unit[0], unit[1] - unit[0], 1.0)
        for step in steps[nearest] / per_unit:
            yield self._raw + _NEAR_SHARES[:, np.newaxis] * step

    def _steps_back(self) -> Floats:
        """Points that are nearer to the query in one feature, in all, or in one for a step in another."""
        moved = [j for j in self._moves.tolist() if self.point[j] != self._raw[j]]
        way = self._raw - self.point
        tried = []
        for j in moved:
            for share in (1.0, 0.5, 0.1):
                tried.append(self._moved({j: share * way[j]}))
            step = self._snap.steps[j]
            if step > 0.0:
                tried.append(self._moved({j: np.copysign(min(step, abs(way[j])), way[j])}))
        tried += [self.point + share * way for share in (0.5, 0.1, 0.02, 0.004)]
        for j in moved[:_PAIRED]:
            back = np.copysign(min(self._snap.steps[j] or abs(way[j]) / 2.0, abs(way[j])), way[j])
            for k in self._moves[:_PAIRED].tolist():
                step = self._snap.steps[k]
                if k != j and step > 0.0:
                    tried += [self._moved({j: back, k: step}), self._moved({j: back, k: -step})]
        if not tried:
            return np.empty((0, len(self._raw)))
        return self._snap(np.array(tried), self._raw, self._box, False)

    def _moved(self, steps: dict[int, float]) -> Floats:
        point = self.point.copy()
        for j, step in steps.items():
            point[j] += step
        return point
