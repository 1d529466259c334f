"""Early stopping of ARML: certified radii of points that are held out."""

from __future__ import annotations

import math

import numpy as np

from ..._base.arrays import Floats, Labels, Mask
from ...fitted import Fitted
from ...threat import ThreatModel
from .settings import Settings

# Held-out points that are certified, at most, and the K whose radii count.
_MOST_POINTS = 1000
_NEIGHBORS = (1, 11)


class Validation:
    """A held-out part of the training points, its scores, and the best metric so far.

    The score is the mean certified radius, each radius at most the target, over K = 1 and 11.
    """

    def __init__(
        self,
        settings: Settings,
        points: Floats,
        labels: Labels,
        extent: float,
        random: np.random.RandomState,
    ) -> None:
        self.held_out = _hold_out(labels, settings.validation_fraction, random)
        self.scores: list[float] = []
        self.best = np.empty((0, 0))
        self._best_step = 0
        self._settings = settings
        self._extent = extent
        self._kept = points[~self.held_out], labels[~self.held_out].astype(np.int64)
        shown = np.flatnonzero(self.held_out)[:: -(-int(self.held_out.sum()) // _MOST_POINTS)]
        self._shown = points[shown], labels[shown]

    def stale(self, components: Floats, step: int) -> bool:
        """Note the metric after so many steps; True where there was no progress for too long."""
        self.scores.append(self._score(components))
        if len(self.scores) == 1 or self.scores[-1] > max(self.scores[:-1]):
            self.best, self._best_step = components, step
        return step - self._best_step >= self._settings.n_iter_no_change

    def _score(self, components: Floats) -> float:
        settings = self._settings
        target = math.inf if settings.target_radius is None else float(settings.target_radius)
        points, labels = self._kept
        classes = np.arange(int(labels.max()) + 1)
        threat, means = ThreatModel(norm=settings.norm), []
        for k in _NEIGHBORS:
            k = min(k, len(points))
            view = Fitted(points, labels, classes, components, threat, k, settings.n_jobs)
            radius = view.certify(*self._shown).radius * self._extent
            means.append(float(np.mean(np.minimum(radius, target))))
        return float(np.mean(means))


def _hold_out(labels: Labels, fraction: float, random: np.random.RandomState) -> Mask:
    """Choose the same share of every class, rounded up, but leave two points."""
    held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        held_out[rows[: max(0, min(math.ceil(fraction * len(rows)), len(rows) - 2))]] = True
    if not held_out.any():
        raise ValueError(
            "early_stopping must hold out a point of a class and leave two, "
            f"got classes of at most {np.bincount(labels).max()} points"
        )
    return held_out
