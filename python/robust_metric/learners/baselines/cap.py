"""CAP: a triplet learner whose triplets are also kept from small adversarial perturbations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from ... import _core
from ..._base.arrays import Floats, Indices, Labels
from ..._base.progress import Progress
from ..._base.runtime import execution_threads, single_threaded_blas
from ..._base.states import changes_at_once
from ..._base.validation import check_count, check_positive
from ...metrics.mahalanobis import MahalanobisMixin
from .shared import (
    check_range,
    components_from_metric,
    labelled_data,
    ordinary_unit,
    stratified_subset,
    warn_unconverged,
)

_ANCHORS_AT_ONCE = 512
_TYPICAL_MARGIN = 75  # percentile of the Euclidean margins that tau is by default


class CAP(MahalanobisMixin, BaseEstimator):
    """LMNN with a penalty on small adversarial margins (the perturbation loss).

    For a triplet of a point, a target of its class and an impostor, the adversarial margin is the
    distance, in the features, to the nearest point that is as near to the impostor as to the target.
    Triplets pay for margins below ``tau`` beside what they pay in large-margin nearest neighbours,
    whose margin of 1 is in features divided by a power of ten as for `LMNN`.

    Parameters
    ----------
    n_neighbors : int, default 3
        Targets of a point: its nearest of its own class; lowered where classes are small.
    n_impostors : int, default 10
        Impostors of a point: its nearest of other classes.
    pull_weight : float, default 0.5
        Weight μ of the pull towards targets; the push of impostors has 1 - μ.
    penalty : float, optional
        Weight λ of the perturbation loss; None is ``1 / tau**2``, a full violation costing 1.
    tau : float, optional
        Margin aimed at, in units of X; None is the 75th percentile of the positive margins that
        triplets have under the Euclidean metric.
    max_iter : int, default 200
        Steps of projected gradient descent.
    learning_rate : float, optional
        First step length, in the features so divided; 1 % longer after a step that lowers the
        objective, halved after another. None moves the metric by a tenth of its norm at first.
    tol : float, default 1e-4
        Stop after 50 steps or more once five of them changed the objective by less than this share.
    max_samples : int or None, default 10000
        Points to fit on; of more, a random part with every class in proportion is taken. None takes
        all.
    verbose : int, default 0
        Anything above 0 shows a progress bar on standard error.
    random_state : int, RandomState or None, default 0
    n_jobs : int, optional
        Threads of the search for targets and impostors.

    Attributes
    ----------
    components_ : (d, d) float64
        L.
    tau_ : float
        Margin aimed at.
    objective_curve_ : list of float
    n_iter_ : int
    n_features_in_ : int

    References
    ----------
    Yang, Guo, Dong, Xue, "Towards Certified Robustness of Distance Metric Learning",
    arXiv:2006.05945.
    """

    def __init__(
        self,
        n_neighbors: int = 3,
        n_impostors: int = 10,
        pull_weight: float = 0.5,
        penalty: float | None = None,
        tau: float | None = None,
        max_iter: int = 200,
        learning_rate: float | None = None,
        tol: float = 1e-4,
        max_samples: int | None = 10000,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.n_impostors = n_impostors
        self.pull_weight = pull_weight
        self.penalty = penalty
        self.tau = tau
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.tol = tol
        self.max_samples = max_samples
        self.verbose = verbose
        self.random_state = random_state
        self.n_jobs = n_jobs

    @changes_at_once
    def fit(self, X: ArrayLike, y: ArrayLike) -> CAP:
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
        points, labels = labelled_data(self, X, y)
        self._check_parameters()
        random = check_random_state(self.random_state)
        rows = stratified_subset(labels, self.max_samples, random)
        points, labels = points[rows] - points[rows].mean(axis=0), labels[rows]
        # the objective is quartic in X: keep its numbers near 1 and give its answer for X
        unit = ordinary_unit(points, "a margin of 1")
        points /= unit
        extent = float(np.abs(points).max()) or 1.0
        triplets = _Triplets(points / extent, labels, self, extent, unit)
        self.tau_ = triplets.tau * extent * unit
        metric = self._descend(triplets)
        self.components_ = components_from_metric(metric) / unit
        return self

    def _descend(self, triplets: _Triplets) -> Floats:
        metric = np.eye(triplets.points.shape[1])
        value, gradient = triplets.objective(metric)
        size = float(np.linalg.norm(gradient))
        rate = self.learning_rate or 0.1 * np.sqrt(len(metric)) / (size or 1.0)
        self.objective_curve_ = [value]
        with Progress(self.max_iter, "CAP", enabled=bool(self.verbose)) as bar:
            for step in range(self.max_iter):
                moved = _nearest_semidefinite(metric - rate * gradient)
                next_value, next_gradient = triplets.objective(moved)
                rate *= 1.01 if next_value < value else 0.5
                if next_value < 2.0 * value:  # small rises are accepted, as in the paper's code
                    metric, value, gradient = moved, next_value, next_gradient
                self.objective_curve_.append(value)
                bar.update(step + 1, objective=value)
                recent = np.abs(np.diff(self.objective_curve_[-6:]))
                if step >= 50 and recent.max() < self.tol * value:
                    break
            else:
                warn_unconverged(self, "tol")
        self.n_iter_ = len(self.objective_curve_) - 1
        return metric

    def _check_parameters(self) -> None:
        for name in ("n_neighbors", "n_impostors", "max_iter"):
            check_count(name, getattr(self, name))
        if self.max_samples is not None:
            check_count("max_samples", self.max_samples)
        for name in ("penalty", "tau", "learning_rate"):
            check_positive(name, getattr(self, name), optional=True)
        check_range("pull_weight", self.pull_weight, 0.0, 1.0)
        check_range("tol", self.tol, 0.0)


class _Triplets:
    """All (point, target, impostor) and their objective, for points divided by unit · extent.

    The margin of 1 is one in features divided by `unit`; tau and penalty are in those of the caller.
    """

    def __init__(
        self, points: Floats, labels: Labels, settings: CAP, extent: float, unit: float = 1.0
    ) -> None:
        self.points = points
        sizes = np.bincount(labels)
        if sizes.max() < 2:
            raise ValueError(
                "y must have at least two points in some class, "
                f"got {len(sizes)} classes of one point"
            )
        self._anchors = np.flatnonzero(sizes[labels] > 1)
        k = max(settings.n_neighbors, settings.n_impostors)
        with single_threaded_blas():
            own, other = _core.find_candidates(
                points, labels, self._anchors, k, num_threads=execution_threads(settings.n_jobs)
            )
        self._targets = own[:, : settings.n_neighbors]
        self._impostors = other[:, : settings.n_impostors]
        present = (self._targets >= 0)[:, :, np.newaxis] & (self._impostors >= 0)[:, np.newaxis]
        self._present = present
        self._count = max(int(present.sum()), 1)
        self._pairs = max(int((self._targets >= 0).sum()), 1)
        self._pull_weight = float(settings.pull_weight)
        self._margin = 1.0 / extent**2  # the push's margin of 1, in these units
        self._unit = extent**2
        self.tau = settings.tau / unit / extent if settings.tau else self._typical_margin()
        penalty = settings.penalty * (unit * extent) ** 2 if settings.penalty else 1.0 / self.tau**2
        self._penalty = penalty / self._unit  # the whole objective is in units of extent²

    def objective(self, metric: Floats) -> tuple[float, Floats]:
        """Value and symmetric (d, d) gradient, both in the scaled units times extent²."""
        images = self.points @ metric
        n = len(self.points)
        value, parts, curved = 0.0, [], []
        for first in range(0, len(self._anchors), _ANCHORS_AT_ONCE):
            block = slice(first, first + _ANCHORS_AT_ONCE)
            block_value, near, far, cross = self._block(block, images)
            value += block_value
            anchors = self._anchors[block, np.newaxis]
            parts.append(_edges(anchors, self._targets[block], near, n))
            parts.append(_edges(anchors, self._impostors[block], far, n))
            targets = self._targets[block, :, np.newaxis]
            curved.append(_edges(targets, self._impostors[block, np.newaxis], cross, n))
        gradient = _scatter(sum(parts[1:], parts[0]), self.points)
        bent = metric @ _scatter(sum(curved[1:], curved[0]), self.points)
        return value * self._unit, (gradient + bent + bent.T) * self._unit

    def _block(self, block: slice, images: Floats) -> tuple[float, Floats, Floats, Floats]:
        """Value of a block of anchors, and weights of its pairs in the gradient."""
        targets, impostors, present = (
            self._targets[block],
            self._impostors[block],
            self._present[block],
        )
        near = self._squared(block, targets, images)
        gap = self._squared(block, impostors, images)[:, np.newaxis] - near[:, :, np.newaxis]
        length = _squared_lengths(images, targets, impostors)
        margin = np.where(gap > 0.0, gap, 0.0) ** 2 / (4.0 * length)
        pull = self._pull_weight / self._pairs
        push = (1.0 - self._pull_weight) / self._count
        penalty = self._penalty / self._count
        hinge = np.where(present, np.maximum(self._margin - gap, 0.0), 0.0)
        short = np.where(present, np.maximum(self.tau**2 - margin, 0.0), 0.0)
        value = pull * float(near[targets >= 0].sum())
        value += push * float(hinge.sum()) + penalty * float(short.sum())
        # a triplet on the wrong side pays tau² whatever the metric: no gradient
        active = (short > 0.0) & (gap > 0.0)
        steep = np.where(active, penalty * gap / (2.0 * length), 0.0)
        weight = push * (hinge > 0.0) + steep
        cross = np.where(active, penalty * gap**2 / (4.0 * length**2), 0.0)
        near_weight = pull * (targets >= 0) + weight.sum(axis=2)
        return value, near_weight, -weight.sum(axis=1), cross

    def _squared(self, block: slice, others: Indices, images: Floats) -> Floats:
        rows = self._anchors[block, np.newaxis]
        differences = self.points[rows] - self.points[others]
        squared: Floats = np.einsum("ijk,ijk->ij", differences, images[rows] - images[others])
        return np.maximum(squared, 0.0)

    def _typical_margin(self) -> float:
        """The percentile of positive Euclidean margins; the images are then the points."""
        margins = [np.empty(0)]
        for first in range(0, len(self._anchors), _ANCHORS_AT_ONCE):
            block = slice(first, first + _ANCHORS_AT_ONCE)
            near = self._squared(block, self._targets[block], self.points)[:, :, np.newaxis]
            far = self._squared(block, self._impostors[block], self.points)[:, np.newaxis]
            length = _squared_lengths(self.points, self._targets[block], self._impostors[block])
            half = (far - near) / (2.0 * np.sqrt(length))
            margins.append(half[self._present[block] & (half > 0.0)])
        positive = np.concatenate(margins)
        return float(np.percentile(positive, _TYPICAL_MARGIN)) if len(positive) else 1.0


def _squared_lengths(images: Floats, targets: Indices, impostors: Indices) -> Floats:
    """‖M(x_j − x_l)‖² of targets and impostors, (a, k, v), never 0."""
    norms = np.einsum("ij,ij->i", images, images)
    products = images[targets] @ images[impostors].transpose(0, 2, 1)
    squared = norms[targets][:, :, np.newaxis] + norms[impostors][:, np.newaxis] - 2.0 * products
    return np.maximum(squared, 1e-12 * max(float(norms.max()), 1e-12))


def _edges(rows: Indices, columns: Indices, weights: Floats, n: int) -> Any:
    """The weights of pairs as an (n, n) sparse array; pairs that are missing weigh 0."""
    rows, columns = np.broadcast_arrays(rows, columns)
    kept = weights != 0.0
    return csr_array((weights[kept], (rows[kept], columns[kept])), shape=(n, n))


def _scatter(weights: Any, points: Floats) -> Floats:
    """Sum of w_ab (x_a − x_b)(x_a − x_b)ᵀ."""
    degree = np.asarray(weights.sum(axis=0)).ravel() + np.asarray(weights.sum(axis=1)).ravel()
    crossed = points.T @ (weights @ points)
    scatter: Floats = points.T @ (degree[:, np.newaxis] * points) - crossed - crossed.T
    return scatter


def _nearest_semidefinite(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    nearest: Floats = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return (nearest + nearest.T) / 2.0
