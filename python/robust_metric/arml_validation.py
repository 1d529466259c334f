"""Early stopping of ARML: certified radii of points that are held out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .classifier import CertifiedKNeighborsClassifier
from .threat import ThreatModel

if TYPE_CHECKING:
    from .arml import ARML

# Held-out points that are certified, at most, and the K whose radii count.
_MOST_POINTS = 1000
_NEIGHBORS = (1, 11)

_Float = NDArray[np.float64]


class Validation:
    """A held-out part of the training points, its scores, and the best metric so far.

    The score is the mean certified radius, each radius at most the target, over K = 1 and 11.
    """

    def __init__(
        self,
        settings: ARML,
        points: _Float,
        labels: NDArray[np.int32],
        extent: float,
        random: np.random.RandomState,
    ) -> None:
        self.held_out = _hold_out(labels, settings.validation_fraction, random)
        self.scores: list[float] = []
        self.best = np.empty((0, 0))
        self._best_step = 0
        self._settings = settings
        self._extent = extent
        self._kept = points[~self.held_out], labels[~self.held_out]
        shown = np.flatnonzero(self.held_out)[:: -(-int(self.held_out.sum()) // _MOST_POINTS)]
        self._shown = points[shown], labels[shown]

    def stale(self, components: _Float, step: int) -> bool:
        """Note the metric after so many steps; True where there was no progress for too long."""
        self.scores.append(self._score(components))
        if len(self.scores) == 1 or self.scores[-1] > max(self.scores[:-1]):
            self.best, self._best_step = components, step
        return step - self._best_step >= self._settings.n_iter_no_change

    def _score(self, components: _Float) -> float:
        settings = self._settings
        target = math.inf if settings.target_radius is None else float(settings.target_radius)
        means = []
        for k in _NEIGHBORS:
            classifier = CertifiedKNeighborsClassifier(
                min(k, len(self._kept[0])),
                components,
                threat=ThreatModel(norm=settings.norm),
                n_jobs=settings.n_jobs,
            ).fit(*self._kept)
            radius = classifier.certify(*self._shown).radius * self._extent
            means.append(float(np.mean(np.minimum(radius, target))))
        return float(np.mean(means))


def _hold_out(
    labels: NDArray[np.int32], fraction: float, random: np.random.RandomState
) -> NDArray[np.bool_]:
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
