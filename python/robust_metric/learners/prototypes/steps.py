"""Learned prototypes as variables: where they start, what they pay, how a gradient step moves them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import ThreadpoolController

from ... import _core
from ..._base.arrays import Floats, Indices, Labels
from ..._base.runtime import execution_threads, single_threaded_blas
from ...threat import ThreatModel
from ..adam import Adam, default_learning_rate
from ..dual_norm import dual_norm
from .frame import Frame
from .settings import Settings
from .transformations import SharedMaps

# Nearest prototypes of the own class and of the others that the deciding pair is looked for among.
_CANDIDATES = (5, 20)
_MOST_POINTS_FOR_FULL_KMEANS = 20_000
# It is only a start, and the last hundreds of Lloyd's iterations hardly move it.
_KMEANS_ITERATIONS = 20
_POINTS_FOR_TARGET = 5000


class PrototypeSteps:
    """Prototypes, and L where it is learned, moved by gradient steps.

    ``prototypes`` and ``labels`` are of what is learned; ``maps`` make the points of the rule of them.
    """

    def __init__(
        self,
        settings: Settings,
        frame: Frame,
        components: Floats | None,
        random: np.random.RandomState,
    ) -> None:
        self.frame = frame
        self.random = random
        self.components = components
        self.prototypes = np.empty((0, frame.dimension))
        self.labels = np.empty(0, dtype=np.int32)
        self.maps = SharedMaps.of(settings.transformations, frame)
        self.target = 0.0  # in scaled features; 0 until it is known
        self.losses: list[float] = []
        self.settings = settings
        self._learns_metric = isinstance(settings.metric, str) and settings.metric == "learn"
        self._options = self._loss_options(len(frame.centre))
        self._box = self._prototype_box()
        self._adam: tuple[Adam, Adam] | None = None

    @property
    def target_in_caller_units(self) -> float:
        """The target radius, in units of the cost."""
        given = self.settings.target_radius
        return self.target * self.frame.extent if given is None else float(given)

    @property
    def prototypes_in_caller_units(self) -> Floats:
        """(n, d) prototypes and their copies, within their bounds whatever the scaling rounded."""
        points = self.frame.in_caller_units(self.maps.spread(self.prototypes))
        box = self.settings.prototype_bounds
        return points if box is None else np.clip(points, *box)

    @property
    def all_labels(self) -> Labels:
        """Labels of `prototypes_in_caller_units`."""
        return self.maps.spread_labels(self.labels)

    @property
    def trainable(self) -> bool:
        """Whether a step could do anything: bounds need two classes, and points that do not all coincide."""
        return self.target > 0.0 and len(np.unique(self.labels)) > 1

    def take_over(self, prototypes: Floats, labels: Labels) -> None:
        """Start from given prototypes, in the caller's units."""
        self.prototypes, self.labels = self.frame.scaled(prototypes), labels

    def add_missing(
        self, points: Floats, labels: Labels, counts: Indices, weights: Floats | None = None
    ) -> None:
        """Give each class of the (scaled) points the prototypes that it lacks of its count.

        They are the means of k-means clusters, found under the first metric.
        """
        embedded = points if self.components is None else points @ self.components.T
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            count = int(counts[label] - np.sum(self.labels == label))
            if count <= 0:
                continue
            own = None if weights is None else weights[rows]
            clusters = _cluster(embedded[rows], count, self.random, own)
            groups = [clusters == c for c in np.unique(clusters)]
            means = [
                np.average(points[rows[g]], axis=0, weights=None if own is None else own[g])
                for g in groups
            ]
            self.prototypes = np.vstack([self.prototypes, means])
            self.labels = np.r_[self.labels, np.full(len(means), label, dtype=np.int32)]
            if self._adam is not None:
                self._adam[0].grow(len(means))

    def find_target(self, points: Floats, labels: Labels, weights: Floats | None = None) -> None:
        """Take the target radius that is given, or derive it from (scaled) points."""
        given = self.settings.target_radius
        if given is not None:
            self.target = float(given) / self.frame.extent
        elif len(np.unique(self.labels)) > 1:
            if weights is None:
                some = self.random.permutation(len(points))[:_POINTS_FOR_TARGET]
            else:
                p = weights / weights.sum()
                some = self.random.choice(len(points), _POINTS_FOR_TARGET, p=p)
            bounds = self._loss(points[some], labels[some], _core.BoundLoss.linear)[3]
            # the median may be near 0 or below it, where clusters misclassify about half of the points
            typical = max(np.median(bounds), 0.5 * np.median(np.abs(bounds)))
            self.target = 1.5 * float(typical)

    def start(self, points: Floats, total_steps: int | None) -> None:
        """Begin a run of steps; ``points`` (scaled) give the unit of their length."""
        rate = self.settings.learning_rate
        deviation = np.sqrt(np.sum(points**2) / (len(points) * len(self.frame.centre)))
        scaled = 0.1 * float(deviation) if rate is None else rate / self.frame.extent
        size = 1 if self.components is None else self.components.size
        self._adam = Adam(scaled, total_steps), Adam(default_learning_rate(size), total_steps)

    def step(self, X: Floats, labels: Labels) -> None:
        """Make one step on a batch in the caller's units."""
        assert self._adam is not None
        augment = self.settings.augment
        if augment is not None:
            X = _checked(augment(X, self.random), X.shape)
        kind = getattr(_core.BoundLoss, self.settings.loss)
        loss, gradient, of_components, _ = self._loss(
            self.frame.scaled(X), labels, kind, self._learns_metric
        )
        self.prototypes = self.prototypes + self._adam[0].step(self.maps.gather(gradient))
        if self._box is not None:
            self.prototypes = np.clip(self.prototypes, *self._box)
        if of_components is not None and self.components is not None:
            components = self.components + self._adam[1].step(of_components)
            # The bound ignores the scale of L, but steps have a length only relative to it.
            self.components = components * np.sqrt(len(components) / np.sum(components**2))
        self.losses.append(loss * self.frame.extent)

    def certified_error(self, points: Floats, labels: Labels) -> float:
        """Certified robust error of (scaled) points, averaged over the radii up to the target."""
        return self._loss(points, labels, _core.BoundLoss.ramp)[0] / self.target

    def _loss(
        self, points: Floats, labels: Labels, kind: Any, of_components: bool = False
    ) -> tuple[float, Floats, Floats | None, Floats]:
        return _core.prototype_loss(
            points,
            labels,
            self.maps.spread(self.prototypes),
            self.all_labels,
            self.components,
            kind,
            self.target,
            with_components_gradient=of_components,
            num_threads=execution_threads(self.settings.n_jobs),
            **self._options,
        )

    def _loss_options(self, d: int) -> dict[str, Any]:
        names = getattr(self.settings, "feature_names_in_", None)
        threat = (self.settings.threat or ThreatModel()).for_features(d, names)
        k = self.settings.n_neighbors
        own_rank, other_rank = k - (k + 1) // 2, (k + 1) // 2 - 1
        return {
            "dual_norm": dual_norm(threat.norm),
            "inverse_cost": None if threat.feature_cost is None else 1.0 / threat.weights(d),
            "candidates": (_CANDIDATES[0] + own_rank, _CANDIDATES[1] + other_rank),
            "ranks": (own_rank, other_rank),
        }

    def _prototype_box(self) -> tuple[Floats, Floats] | None:
        bounds = self.settings.prototype_bounds
        if bounds is None:
            return None
        if self.maps.matrices:  # copies would not keep them
            raise ValueError(f"prototype_bounds must be None with transformations, got {bounds!r}")
        try:
            lower, upper = (np.asarray(side, dtype=np.float64) for side in bounds)
            centre, extent = self.frame.centre, self.frame.extent
            lower, upper = (lower - centre) / extent, (upper - centre) / extent
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"prototype_bounds must be a pair (lower, upper), got {bounds!r}"
            ) from error
        if not (lower <= upper).all():
            raise ValueError(f"prototype_bounds must have lower <= upper, got {bounds!r}")
        return lower, upper


def _checked(batch: ArrayLike, shape: tuple[int, ...]) -> Floats:
    points = np.asarray(batch, dtype=np.float64)
    if points.shape != shape or not np.isfinite(points).all():
        raise ValueError(
            f"augment must return finite numbers of shape {shape}, got shape {points.shape}"
        )
    return points


def _cluster(
    points: Floats, count: int, random: np.random.RandomState, weights: Floats | None
) -> Labels:
    """Cluster number of each point."""
    if count >= len(points):
        return np.arange(len(points), dtype=np.int32)
    kind = KMeans if len(points) <= _MOST_POINTS_FOR_FULL_KMEANS else MiniBatchKMeans
    # scikit-learn adds up what its threads found in the order in which they end: one thread, equal bits
    one_thread = ThreadpoolController().limit(limits=1, user_api="openmp")
    with warnings.catch_warnings(), single_threaded_blas(), one_thread:
        # fewer distinct points than clusters: then there are fewer prototypes
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = kind(count, n_init=1, max_iter=_KMEANS_ITERATIONS, random_state=random)
        clusters: Labels = model.fit_predict(points, sample_weight=weights)
    return clusters
