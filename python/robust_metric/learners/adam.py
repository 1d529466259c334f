"""Adam with its schedules: the optimiser of every learner here."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._base.arrays import Floats

# Without an end in sight: steps after which the step length has fallen to 1/sqrt(2) of the first.
_STEPS_OF_DECAY = 100.0


def default_learning_rate(size: int) -> float:
    """First step length for a matrix of so many entries whose rows have length 1."""
    # Adam moves every entry alike, so one step changes L by sqrt(size) times that in norm.
    return min(0.05, 1.2 / np.sqrt(size))


def cosine(step: Any, total: float) -> Any:
    """Share of the first step length that is left; all of it where the total is infinite."""
    return 0.5 * (1.0 + np.cos(np.pi * step / total))


class Adam:
    """Adam (Kingma & Ba 2015) with a step length that falls to 0 along a cosine.

    Where the number of steps is not known (None), it falls with the square root of the steps done;
    with an infinite number it stays.
    """

    def __init__(self, learning_rate: float, total_steps: float | None) -> None:
        self._rate = learning_rate
        self._total = total_steps
        self._step = 0
        self._mean: Any = 0.0
        self._square: Any = 0.0

    def step(self, gradient: Floats) -> Floats:
        """Return what to add to the variable."""
        if self._total is None:
            rate = self._rate / np.sqrt(1.0 + self._step / _STEPS_OF_DECAY)
        else:
            rate = self._rate * cosine(self._step, self._total)
        if self._step == 0:
            self._mean, self._square = np.zeros_like(gradient), np.zeros_like(gradient)
        self._step += 1
        # in place: no other thread works while these pass over memory
        self._mean *= 0.9
        self._mean += 0.1 * gradient
        self._square *= 0.999
        self._square += 0.001 * gradient**2
        size = self._square / (1.0 - 0.999**self._step)
        np.sqrt(size, out=size)
        size += 1e-12
        change: Floats = self._mean / (1.0 - 0.9**self._step)
        change *= -rate
        change /= size
        return change

    def grow(self, rows: int) -> None:
        """Expect so many more rows at the end of the variable from now on."""
        if self._step:
            more = ((0, rows), (0, 0))
            self._mean, self._square = np.pad(self._mean, more), np.pad(self._square, more)
