"""The training loops of learned prototypes: all at once, and batch by batch as the data come."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from ..._base.arrays import Floats, Indices, Labels
from ..._base.progress import Progress
from .frame import Frame
from .settings import Settings, TrainingState
from .steps import PrototypeSteps

# With early stopping: validations of a fit, and how many without progress end it.
_VALIDATIONS, _PATIENCE = 40, 10

# Prototypes in the caller's units, and their labels.
Start = tuple[Floats, Labels]


class Trainer:
    """State of one fit."""

    def __init__(
        self,
        settings: Settings,
        X: Floats,
        labels: Labels,
        components: Floats | None,
        counts: Indices,
        start: Start | None = None,
        weights: Floats | None = None,
    ) -> None:
        self._settings = settings
        self._random = check_random_state(settings.random_state)
        frame = Frame.of(X, settings.n_directions, self._random)
        self.steps = PrototypeSteps(settings, frame, components, self._random)
        self._X, self._labels, self._weights = X, labels, weights
        self._validation: tuple[Floats, Labels] | None = None
        if settings.early_stopping:
            self._hold_out()
        points = self.steps.frame.scaled(self._X)
        if start is not None:
            self.steps.take_over(*start)
        self.steps.add_missing(points, self._labels, counts, self._weights)
        self.steps.find_target(points, self._labels, self._weights)
        self.steps.start(points, settings.max_iter)
        self.validations: list[float] = []

    def run(self) -> None:
        """Make the gradient steps, or as many as validation and the callback let pass."""
        with _warning_if_still(self.steps):
            if self.steps.trainable:
                self._descend()

    def _descend(self) -> None:
        settings, best = self._settings, _Best(self.steps)
        between = -(-settings.max_iter // _VALIDATIONS)
        with Progress(settings.max_iter, "Prototypes", enabled=bool(settings.verbose)) as bar:
            for done, batch in enumerate(self._batches(), start=1):
                self.steps.step(self._X[batch], self._labels[batch])
                bar.update(done, loss=self.steps.losses[-1])
                if settings.callback is not None and settings.callback(self._state()):
                    break
                if self._validation is not None and done % between == 0:
                    self.validations.append(self.steps.certified_error(*self._validation))
                    if best.stale(self.validations[-1]):
                        break
        if self.validations:
            best.restore()

    def _state(self) -> TrainingState:
        steps = self.steps
        components = None if steps.components is None else steps.components.copy()
        return TrainingState(
            len(steps.losses), steps.losses[-1], steps.prototypes_in_caller_units, components
        )

    def _batches(self) -> Iterator[NDArray[np.intp]]:
        """Yield the rows of each step: every point as often as its weight says before any comes again."""
        size = min(self._settings.batch_size, len(self._X))
        waiting = self._epoch()
        for _ in range(self._settings.max_iter):
            while len(waiting) < size:
                waiting = np.r_[waiting, self._epoch()]
            batch, waiting = waiting[:size], waiting[size:]
            yield batch

    def _epoch(self) -> NDArray[np.intp]:
        """Return rows in random order: each once, or on average as often as its weight."""
        if self._weights is None:
            return self._random.permutation(len(self._X))
        ends = np.cumsum(self._weights) + self._random.uniform()
        counts = np.diff(np.floor(ends), prepend=np.floor(ends[0] - self._weights[0]))
        return self._random.permutation(np.repeat(np.arange(len(ends)), counts.astype(np.intp)))

    def _hold_out(self) -> None:
        weights = np.ones(len(self._X)) if self._weights is None else self._weights
        kept, held_out, labels, held_out_labels, kept_weights, _ = train_test_split(
            self._X,
            self._labels,
            weights,
            test_size=self._settings.validation_fraction,
            random_state=self._random,
            stratify=self._labels,
        )
        self._X, self._labels = kept, labels
        self._weights = None if self._weights is None else kept_weights
        self._validation = self.steps.frame.scaled(held_out), held_out_labels


class OnlineTrainer:
    """State of a sequence of batches that come one by one."""

    def __init__(
        self,
        settings: Settings,
        X: Floats,
        components: Floats | None,
        start: Start | None = None,
    ) -> None:
        self._settings = settings
        frame = Frame.of(X if start is None else np.vstack([X, start[0]]))
        random = check_random_state(settings.random_state)
        self.steps = PrototypeSteps(settings, frame, components, random)
        self._started = False
        if start is not None:
            self.steps.take_over(*start)

    def learn(self, X: Floats, labels: Labels, settings: Settings, counts: Indices) -> None:
        """Add the prototypes that classes still lack, and pass once over the points, as settings are now."""
        steps = self.steps
        self._settings = steps.settings = settings
        points = steps.frame.scaled(X)
        steps.add_missing(points, labels, counts)
        if not steps.target > 0.0:
            steps.find_target(points, labels)
        with _warning_if_still(steps):
            if steps.trainable:
                self._pass_over(points, X, labels)

    def _pass_over(self, points: Floats, X: Floats, labels: Labels) -> None:
        if not self._started:
            self.steps.start(points, None)
            self._started = True
        order = self.steps.random.permutation(len(X))
        for batch in np.array_split(order, -(-len(X) // self._settings.batch_size)):
            self.steps.step(X[batch], labels[batch])


@contextmanager
def _warning_if_still(steps: PrototypeSteps) -> Iterator[None]:
    """Warn where steps left every prototype, and L, in its place, and there are classes to keep apart."""
    prototypes, components, done = steps.prototypes, steps.components, len(steps.losses)
    yield
    moved = not np.array_equal(steps.prototypes, prototypes)
    if components is not None and steps.components is not None:
        moved = moved or not np.allclose(steps.components, components, rtol=1e-12, atol=0.0)
    if moved or len(np.unique(steps.labels)) < 2:
        return
    settings = steps.settings
    why = "those of different classes coincide, so that all bounds are 0"
    if steps.target > 0.0:
        why = (
            f"no training point pulls at them with loss={settings.loss!r} and "
            f"target_radius={steps.target_in_caller_units:g}"
        )
        if settings.learning_rate is not None:
            why += f", or learning_rate={settings.learning_rate:g} is too small"
    done = len(steps.losses) - done
    message = f"prototypes did not move in {done} steps: {why}"
    warnings.warn(message, ConvergenceWarning, stacklevel=5)  # where fit or partial_fit is called


class _Best:
    """The state with the smallest validation error so far."""

    def __init__(self, steps: PrototypeSteps) -> None:
        self._steps = steps
        self._error = math.inf
        self._waited = 0
        self._state = steps.prototypes, steps.components

    def stale(self, error: float) -> bool:
        """Note the present state; True where there was no progress for too long."""
        if error < self._error:
            self._error, self._waited = error, 0
            self._state = self._steps.prototypes, self._steps.components
            return False
        self._waited += 1
        return self._waited >= _PATIENCE

    def restore(self) -> None:
        self._steps.prototypes, self._steps.components = self._state
