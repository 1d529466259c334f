"""Numbers that a counterfactual may have: on a grid, or with few digits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from .._base.arrays import Floats, Mask
from .._base.feature_values import FeatureValues, feature_number
from ..results.perturbations import WitnessPrecision


def feature_places(
    features: Any, n_features: int, names: Sequence[str] | None, what: str
) -> list[int]:
    """Return the numbers of features that are called by name or number, or raise ValueError."""
    called = [features] if isinstance(features, str | int | np.integer) else list(features)
    numbers = [int(f) if isinstance(f, np.integer) else f for f in called]
    return [feature_number(feature, n_features, names, what) for feature in numbers]


def grid_steps(
    integer: Any, grid: Mapping[Any, float] | None, n_features: int, names: Sequence[str] | None
) -> Floats:
    """Return the step of each feature's grid, (d,) float64, 0 where it has none.

    Raises
    ------
    ValueError
        If a feature is not known, mentioned twice, or a step is not a positive number.
    """
    steps = np.zeros(n_features)
    for j in feature_places(integer, n_features, names, "integer"):
        steps[j] = 1.0
    named = FeatureValues.of({} if grid is None else grid)
    if named is None:
        raise ValueError(f"grid must be a dict of feature to step, got {grid!r}")
    for feature, step in named.items():
        j = feature_number(feature, n_features, names, "grid")
        if steps[j] > 0.0:
            raise ValueError(f"integer and grid must mention a feature once, got {feature!r} again")
        if not isinstance(step, Real) or not 0.0 < float(step) < math.inf:
            raise ValueError(f"grid must have positive steps, got {step!r} for {feature!r}")
        steps[j] = float(step)
    return steps


class Snap:
    """Takes points to numbers that they may have, within boxes.

    Parameters
    ----------
    steps : (d,) float64
        Multiples of these, where they are positive; a feature may keep its value as well.
    precision : "float32", int or None
        What all other features are rounded to that do not keep their value.
    """

    def __init__(self, steps: Floats, precision: WitnessPrecision) -> None:
        self.steps = steps
        self.precision = precision
        self._decimals = [_decimals(step) for step in steps.tolist()]

    @property
    def any(self) -> bool:
        """Whether it does anything."""
        return bool((self.steps > 0.0).any()) or self.precision is not None

    def __call__(
        self, points: Floats, start: Floats, box: tuple[Floats, Floats], outward: bool
    ) -> Floats:
        """Return (m, d) points moved to such numbers: the nearest ones, or away from the start.

        start, and both ends of the box: (d,); the start is in the box, and stays where it is.
        """
        moved = np.clip(points, *box)
        snapped = self._rounded(moved)
        for j in np.flatnonzero(self.steps > 0.0).tolist():
            snapped[:, j] = self._on_grid(moved[:, j], j, start[j], (box[0][j], box[1][j]), outward)
        snapped = np.where(moved == start, start, snapped)
        inside = (box[0] <= snapped) & (snapped <= box[1])
        return np.where(inside, snapped, self._inner(snapped, start, box))

    def survives(self, points: Floats) -> Floats:
        """Return the points as they are written down: features that kept their value rounded as well."""
        return self._rounded(points)

    def _rounded(self, points: Floats) -> Floats:
        if self.precision is None:
            return points.copy()
        if self.precision == "float32":
            return points.astype(np.float32).astype(np.float64)
        return np.round(points, int(self.precision))

    def _on_grid(
        self, values: Floats, j: int, start: float, box: tuple[float, float], outward: bool
    ) -> Floats:
        step = self.steps[j]
        way = values - start
        scaled = values / step
        count = (
            np.where(way > 0.0, np.ceil(scaled), np.floor(scaled)) if outward else np.rint(scaled)
        )
        nearest = self._multiple(count, j)
        # a bound that is none of the grid's numbers leaves the one before it
        nearest = np.where(nearest > box[1], self._multiple(np.floor(box[1] / step), j), nearest)
        nearest = np.where(nearest < box[0], self._multiple(np.ceil(box[0] / step), j), nearest)
        stays = np.abs(way) <= (0.0 if outward else 1.0) * np.abs(values - nearest)
        return np.where(stays, start, nearest)

    def _multiple(self, count: Any, j: int) -> Any:
        return np.round(count * self.steps[j], self._decimals[j])

    def _inner(self, points: Floats, start: Floats, box: tuple[Floats, Floats]) -> Floats:
        """Return what rounding has taken out of the box one number back towards the start, or at it."""
        if self.precision == "float32":
            single, towards = points.astype(np.float32), start.astype(np.float32)
            back = np.nextafter(single, np.broadcast_to(towards, single.shape)).astype(np.float64)
        elif self.precision is not None:
            way = np.sign(start - points) * 10.0 ** -int(self.precision)
            back = np.round(points + way, int(self.precision))
        else:
            back = np.broadcast_to(start, points.shape)
        inside = (box[0] <= back) & (back <= box[1]) & ~(self.steps > 0.0)
        return np.where(inside, back, start)


def movable(box: tuple[Floats, Floats]) -> Mask:
    """Whether each feature can move in a box."""
    return np.asarray(box[0] < box[1])


def _decimals(step: float) -> int:
    """Decimal places of a step, so that its multiples are written as people write them."""
    exponent = Decimal(repr(step)).normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
