"""A certified nearest-neighbour rule on few points that are learned."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from . import _core
from ._runtime import execution_threads, single_threaded_blas
from .arml import _Adam, _default_learning_rate
from .classifier import CertifiedKNeighborsClassifier
from .progress import Progress
from .threat import ThreatModel
from .validation import check_components

_LOSSES = ("hinge", "ramp", "linear")
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

# Beyond this, the mean of a feature may overflow.
_LARGEST_VALUE = 1e290

_Float = NDArray[np.float64]


class CertifiedPrototypeClassifier(CertifiedKNeighborsClassifier):
    """Certified K-nearest-neighbour vote on learned prototypes.

    Prototypes, and optionally the metric, are learned by maximising the half-space bound that
    certifies the training points. The fitted classifier is a `CertifiedKNeighborsClassifier` whose
    training points are the prototypes: ``certify``, ``minimal_perturbation`` and all else work as
    there, at the cost of a small training set.

    Parameters
    ----------
    n_prototypes : int, default 20
        Prototypes of each class; a class with fewer points gets as many as it has points.
    metric : None, "learn", (r, d) array, or metric learner, default None
        None is the Euclidean metric; "learn" learns L (d × d) with the prototypes, starting from
        the Euclidean metric; components, or a learner as in `CertifiedKNeighborsClassifier`, are
        kept while the prototypes are learned.
    threat : ThreatModel, optional
        What perturbations are counted. Its norm and feature costs are trained for, its bounds are
        not (they only make certified radii larger).
    n_neighbors : int, default 1
        K.
    target_radius : float, optional
        Radius in units of the cost beyond which a training point pays nothing. Larger values trade
        clean error for certified error at large radii. None derives it from the data, see Notes.
    loss : {"hinge", "ramp", "linear"}, default "hinge"
        What a training point of (signed) bound ε pays: ``max(0, target_radius - ε)`` for "hinge";
        the same, but at most ``target_radius``, for "ramp", so that misclassified points do not
        pull; ``-ε`` for "linear". The mean ramp loss is ``target_radius`` times the certified robust
        error averaged over the radii from 0 to ``target_radius``.
    max_iter : int, default 1000
        Gradient steps.
    batch_size : int, default 512
        Training points of a step, at most all.
    learning_rate : float, optional
        First step length of Adam, in units of the features; it falls to 0 along a cosine. None is
        0.1 times the features' root mean square deviation from their means.
    prototype_bounds : pair of float or (d,) arrays, optional
        Lower and upper bounds that prototypes keep.
    augment : callable, optional
        ``augment(X, random_state)`` returns a batch (m, d) randomly transformed, in a new array;
        called on each batch with a ``numpy.random.RandomState``.
    early_stopping : bool, default False
        Hold out ``validation_fraction`` of the training points, keep the state with the smallest
        certified robust error on them, and stop where it no longer falls.
    validation_fraction : float, default 0.1
    random_state : int, RandomState or None, default 0
        With an int, fits on the same data are alike bit for bit, for a given BLAS.
    n_jobs : int, optional
        Threads; None is all cores, or ``OMP_NUM_THREADS``. The result does not depend on it.
    verbose : int, default 0
        Anything above 0 shows a progress bar on standard error.

    Attributes
    ----------
    prototypes_ : (n, d) float64
    prototype_labels_ : (n,) array
    components_ : (r, d) float64, or None
        L; learned ones are scaled to r as the sum of squares.
    target_radius_ : float
        The target that was trained for.
    loss_curve_ : list of float
        Mean loss of every gradient step, in units of the cost.
    validation_curve_ : list of float
        With early stopping, certified robust error averaged over the radii up to the target.
    n_iter_ : int
        Gradient steps done.
    classes_, n_features_in_, n_samples_fit_
        As for `CertifiedKNeighborsClassifier`; ``n_samples_fit_`` is the number of prototypes.

    Notes
    -----
    Initial prototypes are the k-means centres of each class. The target derived from the data is
    1.5 times the median bound of the training points against these. Loss, gradient and
    measurements: ``docs/prototypes.md``.

    References
    ----------
    Saralajew, Holdijk, Villmann, "Fast Adversarial Robustness Certification of Nearest Prototype
    Classifiers for Arbitrary Seminorms", NeurIPS 2020. Voráček, Hein, "Provably Adversarially Robust
    Nearest Prototype Classifiers", ICML 2022.

    Examples
    --------
    >>> import robust_metric as rm
    >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris")
    >>> clf = rm.CertifiedPrototypeClassifier(n_prototypes=2, max_iter=100).fit(X_train, y_train)
    >>> clf.prototypes_.shape
    (6, 4)
    >>> clf.minimal_perturbation(X_test).lower.shape
    (38,)
    """

    def __init__(
        self,
        n_prototypes: int = 20,
        metric: Any = None,
        threat: ThreatModel | None = None,
        n_neighbors: int = 1,
        target_radius: float | None = None,
        loss: str = "hinge",
        max_iter: int = 1000,
        batch_size: int = 512,
        learning_rate: float | None = None,
        prototype_bounds: Any = None,
        augment: Callable[[_Float, np.random.RandomState], ArrayLike] | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(n_neighbors, metric, threat, n_jobs)
        self.n_prototypes = n_prototypes
        self.target_radius = target_radius
        self.loss = loss
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.prototype_bounds = prototype_bounds
        self.augment = augment
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: ArrayLike) -> CertifiedPrototypeClassifier:
        """Learn prototypes, and the metric where ``metric="learn"``.

        Parameters
        ----------
        X : (n, d) array of finite numbers
        y : (n,) array of class labels

        Raises
        ------
        ValueError
            If X or y are malformed, a parameter is out of range, or ``augment`` returns another
            shape.
        """
        data, targets = validate_data(self, X, y, dtype=np.float64, order="C")
        check_classification_targets(targets)
        self._check_parameters(data)
        classes, labels = np.unique(targets, return_inverse=True)
        trainer = _Trainer(
            self, data, labels.astype(np.int32), self._start_components(data, targets)
        )
        self.n_samples_fit_ = len(trainer.prototypes)
        self._check_n_neighbors()  # before training in vain
        with single_threaded_blas():
            trainer.run()
        self.target_radius_ = trainer.target
        self.loss_curve_ = trainer.losses
        self.validation_curve_ = trainer.validations
        self.n_iter_ = len(trainer.losses)
        self._set_training(
            trainer.prototypes_in_caller_units(),
            trainer.prototype_labels.astype(np.int64),
            classes,
            trainer.components,
        )
        return self

    @property
    def prototypes_(self) -> NDArray[Any]:
        """(n, d) learned points."""
        return self._X

    @property
    def prototype_labels_(self) -> NDArray[Any]:
        """(n,) class of each prototype."""
        labels: NDArray[Any] = self.classes_[self._y]
        return labels

    def _start_components(self, X: _Float, y: NDArray[Any]) -> _Float | None:
        if isinstance(self.metric, str):
            if self.metric != "learn":
                raise ValueError(
                    'metric must be None, "learn", an (r, d) array of components, or a metric '
                    f"learner, got {self.metric!r}"
                )
            return np.eye(X.shape[1])
        components = self._learn_components(X, y)
        return None if components is None else check_components(components, X.shape[1])

    def _check_parameters(self, X: _Float) -> None:
        for name in ("n_prototypes", "max_iter", "batch_size", "n_neighbors"):
            value = getattr(self, name)
            if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")
        for name in ("target_radius", "learning_rate"):
            value = getattr(self, name)
            if value is not None and not (
                isinstance(value, numbers.Real) and 0 < float(value) < np.inf
            ):
                raise ValueError(f"{name} must be a positive number or None, got {value!r}")
        if self.loss not in _LOSSES:
            raise ValueError(f"loss must be one of {_LOSSES}, got {self.loss!r}")
        if not 0.0 < self.validation_fraction < 1.0:
            raise ValueError(
                f"validation_fraction must lie between 0 and 1, got {self.validation_fraction!r}"
            )
        largest = float(np.abs(X).max())
        if largest > _LARGEST_VALUE:
            raise ValueError(f"X must not exceed {_LARGEST_VALUE:g}, got {largest:g}; scale it")


class _Trainer:
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
        points: _Float = self.prototypes * self._extent + self._centre
        box = self._settings.prototype_bounds
        return points if box is None else np.clip(points, *box)

    def run(self) -> None:
        """Make the gradient steps, or as many as validation lets pass."""
        settings = self._settings
        if len(np.unique(self._labels)) < 2 or self._target == 0.0:
            return  # nothing can be lost to another class, or all points coincide
        adam = _Adam(self._rate, settings.max_iter)
        size = 1 if self.components is None else self.components.size
        metric_adam = _Adam(_METRIC_RATE * _default_learning_rate(size), settings.max_iter)
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

    def _step(self, batch: NDArray[np.intp], adam: _Adam, metric_adam: _Adam) -> None:
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

    def _batches(self) -> Any:
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


_METRIC_RATE = 1.0


class _Best:
    """The state with the smallest validation error so far."""

    def __init__(self, trainer: _Trainer) -> None:
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
