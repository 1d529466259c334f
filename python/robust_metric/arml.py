"""ARML: a Mahalanobis metric learned for large certified radii."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from . import _core
from ._runtime import execution_threads, single_threaded_blas
from .adam import Adam, cosine, default_learning_rate
from .mahalanobis import MahalanobisMixin
from .progress import Progress
from .validation import check_count, check_learnable_size, check_positive

# How training is cut up; measured in docs/arml.md.
_MOVEMENT_PER_ROUND = 3.0  # how far L may go before triplets are chosen anew, in first step lengths
_POOL = 3  # pairs are ranked among this many times n_candidates points of each side
_SHARE_OF_ANCHORS = 0.1  # of all anchors that a round looks at, as far as the draws allow
_MIN_DRAWS, _MAX_DRAWS = 4, 8  # triplets drawn for an anchor once its candidates are known


class ARML(MahalanobisMixin, BaseEstimator):
    """Adversarially robust metric learning.

    Learns components L of the metric ``‖L(x - x')‖`` by stochastic gradient ascent on the bound
    that certifies nearest-neighbour predictions: half the gap of squared distances to a point of
    another class and one of the own class, divided by the length of ``LᵀL`` times their difference.
    Each training point contributes the pair that decides its K-nearest-neighbour bound, with the
    two ranks of that bound drawn uniformly below ``n_candidates``, so that the metric serves every
    K up to about ``2 n_candidates``.

    Parameters
    ----------
    n_components : int, optional
        Rows r of L, at most d; None keeps all d features. With fewer rows training starts from the
        principal directions of X, otherwise from the Euclidean metric.
    n_candidates : int, default 10
        Ranks are drawn below this number. Lowered where a class has fewer points.
    max_iter : int, default 300
        Gradient steps.
    learning_rate : float, optional
        First step length of Adam, for each entry of L; it falls to 0 along a cosine. L starts with
        rows of length 1. None is ``min(0.05, 1.2 / sqrt(r d))``.
    batch_size : int, default 512
        Triplets of one gradient step, at most the number of training points.
    random_state : int, RandomState or None, default 0
        With an int, fits on the same data are alike bit for bit, for a given BLAS.
    n_jobs : int, optional
        Threads; None is all cores, or ``OMP_NUM_THREADS``. The result does not depend on it.
    verbose : int, default 0
        Anything above 0 shows a progress bar on standard error.

    Attributes
    ----------
    components_ : (r, d) float64
        L, scaled to r as the sum of squares (the certified radii do not depend on the scale).
    loss_curve_ : list of float
        Mean loss of every gradient step: minus the mean bound, in units of the features.
    n_iter_ : int
        Gradient steps done.
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
        batch_size: int = 512,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.n_candidates = n_candidates
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: ArrayLike) -> ARML:
        """Learn the metric.

        Parameters
        ----------
        X : (n, d) array of finite numbers
        y : (n,) array of class labels, at least two classes

        Raises
        ------
        ValueError
            If X or y are malformed, there is only one class, no class has two points, or a
            parameter is out of range.
        """
        data, classes = validate_data(self, X, y, dtype=np.float64, order="C", ensure_min_samples=2)
        check_classification_targets(classes)
        labels = _checked_classes(classes)
        self._check_parameters(data.shape[1])
        check_learnable_size(data)
        # The bound ignores an offset and has the units of X: this is for precision and range only.
        points = data - data.mean(axis=0)
        extent = float(np.abs(points).max()) or 1.0
        points /= extent
        trainer = _Trainer(self, points, labels, execution_threads(self.n_jobs))
        with (
            single_threaded_blas(),
            Progress(self.max_iter, "ARML", enabled=bool(self.verbose)) as bar,
        ):
            for steps in _round_lengths(self.max_iter):
                trainer.run_round(steps, bar)
        self.components_ = trainer.components
        self.loss_curve_ = [loss * extent for loss in trainer.losses]
        self.n_iter_ = len(trainer.losses)
        return self

    def _check_parameters(self, d: int) -> None:
        for name in ("n_candidates", "max_iter", "batch_size"):
            check_count(name, getattr(self, name))
        if self.n_components is not None:
            check_count("n_components", self.n_components)
            if self.n_components > d:
                raise ValueError(
                    f"n_components must be at most the number of features, {d}, "
                    f"got {self.n_components}"
                )
        check_positive("learning_rate", self.learning_rate)


def _checked_classes(y: NDArray[Any]) -> NDArray[np.int32]:
    """Return y as int32 class numbers; raise where there is nothing to learn from."""
    classes, labels, counts = np.unique(y, return_inverse=True, return_counts=True)
    if len(classes) < 2:
        raise ValueError(
            f"y must have at least two classes to learn a metric from, got one class: {classes[0]}"
        )
    if counts.max() < 2:
        raise ValueError(
            "y must have at least two points in some class, "
            f"got {len(classes)} classes of one point"
        )
    return labels.astype(np.int32)


def _initial_components(X: NDArray[np.float64], r: int) -> NDArray[np.float64]:
    """Return the unit matrix, or the first r principal directions of X, (r, d)."""
    if r == X.shape[1]:
        return np.eye(r)
    directions = np.linalg.eigh(np.cov(X, rowvar=False))[1][:, : -r - 1 : -1].T
    # eigenvectors have no sign of their own: make the largest entry positive
    largest = np.abs(directions).argmax(axis=1)
    signs = np.where(directions[np.arange(r), largest] < 0.0, -1.0, 1.0)
    components: NDArray[np.float64] = np.ascontiguousarray(directions * signs[:, np.newaxis])
    return components


def _round_lengths(total: int) -> list[int]:
    """Steps of every round: Adam moves an entry by about a step length, so equal sums of these."""
    movement = np.cumsum(cosine(np.arange(total), total)) - 0.5
    lengths = np.bincount((movement / _MOVEMENT_PER_ROUND).astype(int))
    return [int(length) for length in lengths]


class _Trainer:
    """State of one fit, advanced round by round.

    A round picks anchors, finds their candidates and deciding pairs under the metric as it stands,
    and makes a few gradient steps on those triplets.
    """

    def __init__(
        self, settings: ARML, points: NDArray[np.float64], labels: NDArray[np.int32], threads: int
    ) -> None:
        self.components = _initial_components(points, settings.n_components or points.shape[1])
        self.losses: list[float] = []
        self._settings = settings
        by_class = np.argsort(labels, kind="stable")  # the order that is searched fastest
        self._points = points[by_class]
        self._labels = labels = labels[by_class]
        self._threads = threads
        self._random = check_random_state(settings.random_state)
        rate = settings.learning_rate or default_learning_rate(self.components.size)
        self._adam = Adam(rate, settings.max_iter)
        # a point that is alone in its class has no own-class neighbour and cannot be an anchor
        self._anchors = np.flatnonzero(np.bincount(labels)[labels] > 1)
        self._batch = min(settings.batch_size, len(self._anchors))

    def run_round(self, steps: int, bar: Progress) -> None:
        triplets = self._draw_triplets(steps * self._batch)
        for batch in np.array_split(triplets, steps, axis=1):
            anchor, near, far = np.ascontiguousarray(batch)
            loss, gradient, _ = _core.triplet_loss(
                self._points, self.components, anchor, near, far, num_threads=self._threads
            )
            components = self.components + self._adam.step(gradient)
            # The bound ignores the scale of L, but steps have a length only relative to it.
            self.components = components * np.sqrt(len(components) / np.sum(components**2))
            self.losses.append(loss)
            bar.update(len(self.losses), loss=loss)

    def _draw_triplets(self, count: int) -> NDArray[np.int64]:
        """Return (3, count) rows of the points: anchors, own-class and other-class points."""
        wanted = int(_SHARE_OF_ANCHORS * len(self._anchors))
        wanted = min(max(wanted, -(-count // _MAX_DRAWS)), -(-count // _MIN_DRAWS))
        n_anchors = min(len(self._anchors), wanted)
        anchors = self._random.permutation(self._anchors)[:n_anchors]
        draws = -(-count // n_anchors)
        embedded, normals = _core.embed(self._points, self.components, num_threads=self._threads)
        k = min(_POOL * self._settings.n_candidates, len(self._points))
        own, other = _core.find_candidates(
            embedded, self._labels, anchors, k, num_threads=self._threads
        )
        near_rank, far_rank = self._random.randint(
            self._settings.n_candidates, size=(2, n_anchors, draws), dtype=np.int64
        )
        near, far = _core.deciding_pairs(
            embedded,
            normals,
            anchors,
            own,
            other,
            near_rank,
            far_rank,
            num_threads=self._threads,
        )
        triplets = np.stack([np.repeat(anchors, draws), near.ravel(), far.ravel()])
        return triplets[:, self._random.permutation(triplets.shape[1])[:count]]
