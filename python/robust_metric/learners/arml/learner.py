"""ARML: a Mahalanobis metric learned for large certified radii."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from ..._base.arrays import Floats, Labels
from ..._base.runtime import single_threaded_blas
from ..._base.states import changes_at_once
from ..._base.validation import (
    check_count,
    check_fraction,
    check_positive,
    checked_weights,
    class_numbers,
    learnable_points,
)
from ...metrics.mahalanobis import MahalanobisMixin
from ...threat import ThreatModel
from .settings import MetricState
from .training import Stream, Trainer

# The settings of the published code; see ARML.published.
_PUBLISHED: dict[str, Any] = {
    "max_iter": 1000,
    "learning_rate": 1e-3,
    "batch_size": None,
    "triplets": "random",
    "schedule": "constant",
}

_CHOICES = {
    "shape": ("full", "diagonal"),
    "triplets": ("deciding", "random"),
    "schedule": ("cosine", "constant"),
}


class ARML(MahalanobisMixin, BaseEstimator):
    """Adversarially robust metric learning.

    Learns components L of the metric ``‖L(x - x')‖`` by stochastic gradient ascent on the bound
    that certifies nearest-neighbour predictions: half the gap of squared distances to a point of
    another class and one of the own class, divided by the length of ``LᵀL`` times their difference.
    Each training point contributes the pair that decides its K-nearest-neighbour bound, with the
    two ranks of that bound drawn at random, so that the metric serves every K up to about
    ``n_candidates``. With more than two classes half of the own-class points are drawn at random
    among the ``n_candidates`` nearest instead, for the sake of the clean error.

    Parameters
    ----------
    n_components : int, optional
        Rows r of L, at most d; None keeps all d features. With fewer rows training starts from the
        principal directions of X, otherwise from the Euclidean metric.
    n_candidates : int, default 10
        How far ranks go: with C classes, own-class ranks are drawn below ``n_candidates / sqrt(q)``
        and other-class ranks below ``n_candidates * sqrt(q)``, where q is ``(C - 1) / 2``, but at
        least 0.5 and at most 2. Lowered where a class has fewer points.
    max_iter : int, default 300
        Gradient steps.
    learning_rate : float, optional
        First step length of Adam, for each entry of L. L starts with rows of length 1. None is
        ``min(0.05, 1.2 / sqrt(f))`` with f the number of free entries: r d, or d if diagonal.
    batch_size : int, "auto" or None, default "auto"
        Triplets of one gradient step, at most the number of training points; None is that number.
        "auto" is 2048, or in ``fit`` a fifth of the training points where that is more.
    shape : {"full", "diagonal"}, default "full"
        With "diagonal", L stays a diagonal matrix: a weight for each feature.
    target_radius : float, optional
        Radius beyond which a bound earns nothing: the loss is ``max(0, target_radius - ε)``. None
        maximises the mean bound.
    norm : {1, 2, inf}, default 2
        Norm of the perturbations that certificates are to withstand, as in `ThreatModel`.
    triplets : {"deciding", "random"}, default "deciding"
        How an anchor's pair of an own-class and an other-class point is chosen: the pair that
        decides the bound of drawn ranks, or each at random among the ``n_candidates`` nearest, as
        published.
    schedule : {"cosine", "constant"}, default "cosine"
        The step length falls to 0 along a cosine, and L is averaged over the last three fifths of
        the steps; or it stays, and the last L counts.
    early_stopping : bool, default False
        Hold out ``validation_fraction`` of each class, score the metric by their mean certified
        radius (K = 1 and 11, under ``norm``, each at most ``target_radius``) after every round, keep
        the best, and stop when ``n_iter_no_change`` steps brought no better one.
    validation_fraction : float, default 0.1
    n_iter_no_change : int, default 60
    warm_start : bool, default False
        Start from the ``components_`` of the last fit, where there are such.
    callback : callable, optional
        ``callback(state)`` is called after every gradient step with a `MetricState` (``n_iter``,
        ``loss``, ``components``); returning True ends training.
    random_state : int, RandomState or None, default 0
        With an int, fits on the same data are alike bit for bit, for a given BLAS.
    n_jobs : int, optional
        Threads; None is all cores, or ``OMP_NUM_THREADS``. The result does not depend on it.
    verbose : int, default 0
        Anything above 0 shows a progress bar on standard error.
    class_weight : dict of class label to float, "balanced" or None, default None
        What the margins of points of a class count in ``fit``, as in scikit-learn; "balanced" gives
        all classes the same.

    Attributes
    ----------
    components_ : (r, d) float64
        L, scaled to r as the sum of squares (the certified radii do not depend on the scale).
    loss_curve_ : list of float
        Mean loss of every gradient step: minus the mean bound, in units of the features.
    validation_curve_ : list of float
        With early stopping: score after every round of training, in units of the features.
    n_iter_ : int
        Gradient steps done, by ``partial_fit`` in all calls together.
    n_features_in_ : int

    Notes
    -----
    The bound is translation and scale invariant, so X needs no centring; features should be on
    scales in which perturbations of equal size are equally likely. Memory is linear in the data.
    Algorithm, derivation and measurements: ``docs/arml.md``.

    References
    ----------
    Wang, Liu, Yi, Jiang, Hsieh, "Provably Robust Metric Learning", NeurIPS 2020.

    Examples
    --------
    >>> import robust_metric as rm
    >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris")
    >>> arml = rm.ARML(max_iter=50).fit(X_train, y_train)
    >>> arml.transform(X_test).shape
    (38, 4)
    """

    def __init__(
        self,
        n_components: int | None = None,
        n_candidates: int = 10,
        max_iter: int = 300,
        learning_rate: float | None = None,
        batch_size: int | str | None = "auto",
        shape: str = "full",
        target_radius: float | None = None,
        norm: float = 2,
        triplets: str = "deciding",
        schedule: str = "cosine",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 60,
        warm_start: bool = False,
        callback: Callable[[MetricState], Any] | None = None,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
        verbose: int = 0,
        class_weight: Any = None,
    ) -> None:
        self.n_components = n_components
        self.n_candidates = n_candidates
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.shape = shape
        self.target_radius = target_radius
        self.norm = norm
        self.triplets = triplets
        self.schedule = schedule
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.callback = callback
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.class_weight = class_weight

    @classmethod
    def published(cls, **parameters: Any) -> ARML:
        """ARML with the settings of the published code.

        1000 steps of Adam at 1e-3, each on all points, with own-class and other-class points drawn
        from the 10 nearest. Nearest points are searched anew when L may have moved as far as in a
        round of this algorithm, not after every step; pairs are drawn anew for every step.

        Parameters
        ----------
        **parameters
            Further parameters, or others in place of the published ones.
        """
        return cls(**{**_PUBLISHED, **parameters})

    @changes_at_once
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> ARML:
        """Learn the metric.

        Parameters
        ----------
        X : (n, d) array of finite numbers
        y : (n,) array of class labels, at least two classes
        sample_weight : (n,) array, optional
            How much the margin of each point counts, beside ``class_weight``: it is drawn so much more
            often. Points of weight 0 are still neighbours of others.

        Raises
        ------
        ValueError
            If X or y are malformed, there is only one class, no class has two points, too few are
            left to hold out, or a parameter is out of range.
        """
        points, classes = self._checked_points(X, y, reset=True)
        labels = _checked_classes(classes)
        start = self._warm_components(points.shape[1])
        random = check_random_state(self.random_state)
        with single_threaded_blas():
            weights = checked_weights(sample_weight, self.class_weight, classes)
            trainer = Trainer(self, points, labels, random, start, weights=weights)
            trainer.run()
        self.components_ = trainer.components
        self.loss_curve_ = trainer.losses
        self.n_iter_ = len(trainer.losses)
        if trainer.validation is not None:
            self.validation_curve_ = trainer.validation.scores
        self._stream: Stream | None = None
        return self

    @changes_at_once
    def partial_fit(self, X: ArrayLike, y: ArrayLike) -> ARML:
        """Go on learning from some more points.

        Makes as many gradient steps as show every point of X once, in batches of ``batch_size``, with
        step lengths that fall slowly over the calls. Own-class and other-class points are found
        within X, so X should hold many points of every class; a call whose points have none changes
        nothing. Early stopping is for ``fit`` only.

        Parameters
        ----------
        X : (n, d) array of finite numbers
        y : (n,) array of class labels

        Raises
        ------
        ValueError
            If X or y are malformed, X has another number of features than before, or a parameter is
            out of range.
        """
        first = not hasattr(self, "components_")
        points, classes = self._checked_points(X, y, reset=first)
        labels = np.unique(classes, return_inverse=True)[1].astype(np.int32)
        if first:
            self.loss_curve_, self.n_iter_ = [], 0
        stream = getattr(self, "_stream", None) or Stream(self, points)
        with single_threaded_blas():
            start = None if first else self.components_
            trainer = Trainer(self, points, labels, stream.random, start, stream)
            trainer.run_once()
        self._stream = stream
        self.components_ = trainer.components
        self.loss_curve_ = [*self.loss_curve_, *trainer.losses]
        self.n_iter_ = len(self.loss_curve_)
        return self

    def _warm_components(self, d: int) -> Floats | None:
        if not (self.warm_start and hasattr(self, "components_")):
            return None
        wanted = (self.n_components or d, d)
        if self.components_.shape != wanted:
            raise ValueError(
                f"warm_start goes on from components_ of shape {self.components_.shape}, "
                f"but X and n_components ask for {wanted}"
            )
        return self.components_

    def _checked_points(
        self, X: ArrayLike, y: ArrayLike, reset: bool
    ) -> tuple[Floats, NDArray[Any]]:
        points, classes = learnable_points(self, X, y, reset)
        self._check_parameters(points.shape[1])
        return points, classes

    def _check_parameters(self, d: int) -> None:
        for name in ("n_candidates", "max_iter", "n_iter_no_change"):
            check_count(name, getattr(self, name))
        if isinstance(self.batch_size, str):
            if self.batch_size != "auto":
                raise ValueError(
                    f'batch_size must be an integer, "auto" or None, got {self.batch_size!r}'
                )
        elif self.batch_size is not None:
            check_count("batch_size", self.batch_size)
        if self.n_components is not None:
            check_count("n_components", self.n_components)
            if self.n_components > d:
                raise ValueError(
                    f"n_components must be at most the number of features, {d}, "
                    f"got {self.n_components}"
                )
        for name in ("learning_rate", "target_radius"):
            check_positive(name, getattr(self, name), optional=True)
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {choices}, got {getattr(self, name)!r}")
        if self.shape == "diagonal" and self.n_components not in (None, d):
            raise ValueError(
                f'n_components must be None or {d} with shape="diagonal", got {self.n_components}'
            )
        check_fraction("validation_fraction", self.validation_fraction)
        ThreatModel(norm=self.norm)  # raises
        if self.callback is not None and not callable(self.callback):
            raise ValueError(f"callback must be callable or None, got {self.callback!r}")


def _checked_classes(y: NDArray[Any]) -> Labels:
    """Return y as int32 class numbers; raise where there is nothing to learn from."""
    labels = class_numbers(y)
    counts = np.bincount(labels)
    if counts.max() < 2:
        raise ValueError(
            f"y must have at least two points in some class, got {len(counts)} classes of one point"
        )
    return labels
