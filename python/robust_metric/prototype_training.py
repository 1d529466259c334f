"""The training loop of learned prototypes."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from . import _core
from ._runtime import execution_threads
from .adam import Adam, default_learning_rate
from .progress import Progress

if TYPE_CHECKING:
    from .prototypes import CertifiedPrototypeClassifier

_DUAL_NORMS = {
    1: _core.Norm.infinity,
    2: _core.Norm.two,
    math.inf: _core.Norm.one,
}

# Nearest prototypes of the own class and of the others that the deciding pair is looked for among.
_CANDIDATES = (5, 20)
_MOST_POINTS_FOR_FULL_KMEANS = 20_000
# With early stopping: validations of a fit, and how many without progress end it.
_VALIDATIONS, _PATIENCE = 40, 10

_Float = NDArray[np.float64]


class Trainer:
    """State of one fit, in centred and scaled features: for precision and range only."""

    def __init__(
        self,
        settings: CertifiedPrototypeClassifier,
        X: _Float,
        labels: NDArray[np.int32],
        components: _Float | None,
    ) -> None:
        self._settings = settings
        self._random = check_random_state(settings.random_state)
        self._threads = execution_threads(settings.n_jobs)
        self._learns_metric = isinstance(settings.metric, str)
        self.components = components
        self._centre = X.mean(axis=0)
        self._extent = float(np.abs(X - self._centre).max()) or 1.0
        self._X, self._labels = X, labels
        self._validation: tuple[_Float, NDArray[np.int32]] | None = None
        if settings.early_stopping:
            self._hold_out()
        self._options = self._loss_options(X.shape[1])
        self.prototypes, self.prototype_labels = self._initial_prototypes()
        self._box = self._prototype_box()
        self.losses: list[float] = []
        self.validations: list[float] = []
        self._target = 0.0  # the plain bounds that it is derived from have none
        self._target = self._scaled_target()
        rate = settings.learning_rate
        spread = float(np.sqrt(np.mean(self._scaled(self._X) ** 2)))
        self._rate = 0.1 * spread if rate is None else rate / self._extent

    @property
    def target(self) -> float:
        """The target radius in the caller's units."""
        given = self._settings.target_radius
        return self._target * self._extent if given is None else float(given)

    def prototypes_in_caller_units(self) -> _Float:
        """(n, d) prototypes, within their bounds whatever the scaling rounded."""
        points: _Float = self.prototypes * self._extent + self._centre
        box = self._settings.prototype_bounds
        return points if box is None else np.clip(points, *box)

    def run(self) -> None:
        """Make the gradient steps, or as many as validation lets pass."""
        settings = self._settings
        if len(np.unique(self._labels)) < 2 or self._target == 0.0:
            return  # nothing can be lost to another class, or all points coincide
        adam = Adam(self._rate, settings.max_iter)
        size = 1 if self.components is None else self.components.size
        metric_adam = Adam(default_learning_rate(size), settings.max_iter)
        best = _Best(self)
        between = -(-settings.max_iter // _VALIDATIONS)
        with Progress(settings.max_iter, "Prototypes", enabled=bool(settings.verbose)) as bar:
            for step, batch in enumerate(self._batches(), start=1):
                self._step(batch, adam, metric_adam)
                bar.update(step, loss=self.losses[-1])
                if self._validation is not None and step % between == 0:
                    self.validations.append(self._validation_error())
                    if best.stale(self.validations[-1]):
                        break
        if self._validation is not None:
            best.restore()

    def _step(self, batch: NDArray[np.intp], adam: Adam, metric_adam: Adam) -> None:
        points = self._X[batch]
        augment = self._settings.augment
        if augment is not None:
            points = self._checked(augment(points, self._random), points.shape)
        kind = getattr(_core.BoundLoss, self._settings.loss)
        loss, gradient, of_components, _ = self._loss(
            self._scaled(points), self._labels[batch], kind, self._learns_metric
        )
        self.prototypes = self.prototypes + adam.step(gradient)
        if self._box is not None:
            self.prototypes = np.clip(self.prototypes, *self._box)
        if of_components is not None and self.components is not None:
            components = self.components + metric_adam.step(of_components)
            # The bound ignores the scale of L, but steps have a length only relative to it.
            self.components = components * np.sqrt(len(components) / np.sum(components**2))
        self.losses.append(loss * self._extent)

    def _loss(
        self, points: _Float, labels: NDArray[np.int32], kind: Any, of_components: bool = False
    ) -> tuple[float, _Float, _Float | None, _Float]:
        return _core.prototype_loss(
            points,
            labels,
            self.prototypes,
            self.prototype_labels,
            self.components,
            kind,
            self._target,
            with_components_gradient=of_components,
            num_threads=self._threads,
            **self._options,
        )

    def _validation_error(self) -> float:
        assert self._validation is not None
        loss = self._loss(*self._validation, _core.BoundLoss.ramp)[0]
        return loss / self._target

    def _loss_options(self, d: int) -> dict[str, Any]:
        threat, k = self._settings._threat(), self._settings.n_neighbors
        own_rank, other_rank = k - (k + 1) // 2, (k + 1) // 2 - 1
        return {
            "dual_norm": _DUAL_NORMS[threat.norm],
            "inverse_cost": None if threat.feature_cost is None else 1.0 / threat.weights(d),
            "candidates": (_CANDIDATES[0] + own_rank, _CANDIDATES[1] + other_rank),
            "ranks": (own_rank, other_rank),
        }

    def _batches(self) -> Iterator[NDArray[np.intp]]:
        """Yield the rows of each step: every point once before any comes again."""
        size = min(self._settings.batch_size, len(self._X))
        waiting = self._random.permutation(len(self._X))
        for _ in range(self._settings.max_iter):
            if len(waiting) < size:
                waiting = np.r_[waiting, self._random.permutation(len(self._X))]
            batch, waiting = waiting[:size], waiting[size:]
            yield batch

    def _hold_out(self) -> None:
        kept, held_out, labels, held_out_labels = train_test_split(
            self._X,
            self._labels,
            test_size=self._settings.validation_fraction,
            random_state=self._random,
            stratify=self._labels,
        )
        self._X, self._labels = kept, labels
        self._validation = self._scaled(held_out), held_out_labels

    def _initial_prototypes(self) -> tuple[_Float, NDArray[np.int32]]:
        """Means of the k-means clusters of each class, under the first metric."""
        points = self._scaled(self._X)
        embedded = points if self.components is None else points @ self.components.T
        prototypes, labels = [], []
        for label in np.unique(self._labels):
            rows = np.flatnonzero(self._labels == label)
            clusters = _cluster(embedded[rows], self._settings.n_prototypes, self._random)
            for cluster in np.unique(clusters):
                prototypes.append(points[rows[clusters == cluster]].mean(axis=0))
                labels.append(label)
        return np.array(prototypes), np.array(labels, dtype=np.int32)

    def _scaled_target(self) -> float:
        if self._settings.target_radius is not None:
            return float(self._settings.target_radius) / self._extent
        if len(np.unique(self.prototype_labels)) < 2:
            return 0.0
        some = self._random.permutation(len(self._X))[:5000]
        bounds = self._loss(
            self._scaled(self._X[some]), self._labels[some], _core.BoundLoss.linear
        )[3]
        return 1.5 * max(float(np.median(bounds)), 0.0)

    def _prototype_box(self) -> tuple[_Float, _Float] | None:
        bounds = self._settings.prototype_bounds
        if bounds is None:
            return None
        try:
            lower, upper = (np.asarray(side, dtype=np.float64) for side in bounds)
            lower, upper = self._scaled(lower), self._scaled(upper)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"prototype_bounds must be a pair (lower, upper), got {bounds!r}"
            ) from error
        if not (lower <= upper).all():
            raise ValueError(f"prototype_bounds must have lower <= upper, got {bounds!r}")
        return lower, upper

    def _scaled(self, X: _Float) -> _Float:
        return np.ascontiguousarray((X - self._centre) / self._extent)

    @staticmethod
    def _checked(batch: ArrayLike, shape: tuple[int, ...]) -> _Float:
        points = np.asarray(batch, dtype=np.float64)
        if points.shape != shape or not np.isfinite(points).all():
            raise ValueError(
                f"augment must return finite numbers of shape {shape}, got shape {points.shape}"
            )
        return points


class _Best:
    """The state with the smallest validation error so far."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._error = math.inf
        self._waited = 0
        self._state = trainer.prototypes, trainer.components

    def stale(self, error: float) -> bool:
        """Note the present state; True where there was no progress for too long."""
        if error < self._error:
            self._error, self._waited = error, 0
            self._state = self._trainer.prototypes, self._trainer.components
            return False
        self._waited += 1
        return self._waited >= _PATIENCE

    def restore(self) -> None:
        self._trainer.prototypes, self._trainer.components = self._state


def _cluster(points: _Float, count: int, random: np.random.RandomState) -> NDArray[np.int32]:
    """Cluster number of each point."""
    if count >= len(points):
        return np.arange(len(points), dtype=np.int32)
    kind = KMeans if len(points) <= _MOST_POINTS_FOR_FULL_KMEANS else MiniBatchKMeans
    with warnings.catch_warnings():
        # fewer distinct points than clusters: then there are fewer prototypes
        warnings.simplefilter("ignore", ConvergenceWarning)
        clusters: NDArray[np.int32] = kind(count, n_init=1, random_state=random).fit_predict(points)
    return clusters
