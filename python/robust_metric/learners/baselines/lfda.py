"""LFDA: local Fisher discriminant analysis."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator

from ... import _core
from ..._base.arrays import Floats, Labels
from ..._base.runtime import execution_threads, single_threaded_blas
from ..._base.states import changes_at_once
from ..._base.validation import check_count, class_numbers, learnable_points, point_weights
from ...metrics.mahalanobis import MahalanobisMixin, with_signs
from .shared import check_choice, check_n_components, check_range, span

_EMBEDDINGS = ("weighted", "orthonormalized", "plain")
_ROWS_AT_ONCE = 256  # rows of a class's affinities held at a time


class LFDA(MahalanobisMixin, BaseEstimator):
    """Local Fisher discriminant analysis.

    Fisher's discriminant analysis in which points of one class count by their affinity, so that
    classes of several clusters stay clusters: eigenvectors of the local between-class scatter
    relative to the local within-class scatter.

    Parameters
    ----------
    n_components : int, optional
        Rows r of L, at most d; None keeps all d features.
    k : int, optional
        A point's scale of affinity is the distance of its k-th neighbour in its class. None is
        ``min(7, d - 1)``, at least 1; lowered where a class has fewer points.
    embedding_type : {'weighted', 'orthonormalized', 'plain'}, default 'weighted'
        Rows of L are the eigenvectors, those of length 1 under the within-class scatter, times the
        roots of their eigenvalues ('weighted'), orthonormalised in their order ('orthonormalized'),
        or as they are ('plain').
    regularization : float, default 1e-9
        Eigenvalues of the within-class scatter are raised to at least this share of the largest,
        which gives singular ones an answer.
    n_jobs : int, optional
        Threads of the neighbour search; None is all cores. The result does not depend on it.
    class_weight : dict or 'balanced', optional
        Weights of classes, by which those of points are multiplied.

    Attributes
    ----------
    components_ : (r, d) float64
        L, rows by falling eigenvalue. Rows beyond the rank of the centred data are 0.
    n_features_in_ : int

    Notes
    -----
    Memory is linear in the number of points. Where metric-learn's LFDA departs from the paper, this
    one does not: ``docs/baselines.md``.

    References
    ----------
    Sugiyama, "Dimensionality Reduction of Multimodal Labeled Data by Local Fisher Discriminant
    Analysis", JMLR 2007.
    """

    def __init__(
        self,
        n_components: int | None = None,
        k: int | None = None,
        embedding_type: str = "weighted",
        regularization: float = 1e-9,
        n_jobs: int | None = None,
        class_weight: Any = None,
    ) -> None:
        self.n_components = n_components
        self.k = k
        self.embedding_type = embedding_type
        self.regularization = regularization
        self.n_jobs = n_jobs
        self.class_weight = class_weight

    @changes_at_once
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> LFDA:
        """Learn the metric.

        Parameters
        ----------
        X : (n, d) array of finite numbers
        y : (n,) array of class labels, at least two classes
        sample_weight : (n,) array, optional
            How often each point counts: w is as w rows of it, also as a neighbour, and 0 as none.

        Raises
        ------
        ValueError
            If X or y are malformed, there is only one class, or a parameter is out of range.
        """
        points, classes = learnable_points(self, X, y)
        weights = point_weights(sample_weight, self.class_weight, classes)
        if weights is not None:
            kept = weights > 0.0
            points, classes, weights = points[kept], classes[kept], weights[kept]
        labels = class_numbers(classes)
        d = points.shape[1]
        n_components = check_n_components(self.n_components, d)
        check_choice("embedding_type", self.embedding_type, _EMBEDDINGS)
        check_range("regularization", self.regularization, 0.0, 1.0)
        if self.k is not None:
            check_count("k", self.k)
        k = max(1, min(7, d - 1)) if self.k is None else self.k
        points = points - points.mean(axis=0)
        extent = float(np.abs(points).max()) or 1.0
        points /= extent
        threads = execution_threads(self.n_jobs)
        within, between = _local_scatters(points, labels, weights, k, threads)
        values, rows = _discriminants(within, between, span(points), self.regularization)
        rows = rows[:n_components] / extent  # the eigenvectors have length 1 under the scatter
        if self.embedding_type == "weighted":
            rows *= np.sqrt(np.maximum(values[:n_components], 0.0))[:, np.newaxis]
        elif self.embedding_type == "orthonormalized":
            rows = np.linalg.qr(rows.T)[0].T
        components = np.zeros((n_components, d))
        components[: len(rows)] = with_signs(rows)
        self.components_ = components
        return self


def _local_scatters(
    points: Floats, labels: Labels, weights: Floats | None, k: int, threads: int
) -> tuple[Floats, Floats]:
    """Return the (d, d) local within-class and between-class scatters of centred points."""
    d = points.shape[1]
    n = float(len(points) if weights is None else weights.sum())
    weighted_points = points if weights is None else weights[:, np.newaxis] * points
    within, mixture = np.zeros((d, d)), np.zeros((d, d))
    for label in range(int(labels.max()) + 1):
        members = np.ascontiguousarray(points[labels == label])
        own = None if weights is None else weights[labels == label]
        share = float(len(members) if own is None else own.sum())
        weighted = members if own is None else own[:, np.newaxis] * members
        total = weighted.sum(axis=0)
        # pairs of this class and any other: each counts 1/n
        mixture += (1.0 - share / n) * (members.T @ weighted) + np.outer(total, total) / n
        if share > 1:
            near = min(k, share - 1)
            scales = (
                _scales(members, int(near), threads)
                if own is None
                else _weighted_scales(members, own, near)
            )
            local = _affine_scatter(members, scales, own)
            within += local / share
            mixture += local / n
    sum_of_all = weighted_points.sum(axis=0)
    mixture -= np.outer(sum_of_all, sum_of_all) / n
    return (within + within.T) / 2.0, (mixture - within + (mixture - within).T) / 2.0


def _scales(members: Floats, k: int, threads: int) -> Floats:
    """Distance of each point's k-th neighbour, (m,)."""
    anchors = np.arange(len(members))
    with single_threaded_blas():
        own, _ = _core.find_candidates(
            members, np.zeros(len(members), np.int32), anchors, k, num_threads=threads
        )
    scales: Floats = np.linalg.norm(members - members[own[:, k - 1]], axis=1)
    return scales


def _weighted_scales(members: Floats, weights: Floats, near: float) -> Floats:
    """Distance at which the others, and what a point has beyond one of itself, weigh so much, (m,)."""
    scales = np.empty(len(members))
    for first in range(0, len(members), _ROWS_AT_ONCE):
        distances = cdist(members[first : first + _ROWS_AT_ONCE], members)
        counts = np.tile(weights, (len(distances), 1))
        itself = np.arange(len(distances)), first + np.arange(len(distances))
        counts[itself] = np.maximum(counts[itself] - 1.0, 0.0)
        order = np.argsort(distances, axis=1, kind="stable")
        reached = np.cumsum(np.take_along_axis(counts, order, 1), axis=1) >= near * (1.0 - 1e-12)
        reached[:, -1] = True
        place = np.take_along_axis(order, np.argmax(reached, axis=1)[:, np.newaxis], 1)
        scales[first : first + len(distances)] = np.take_along_axis(distances, place, 1)[:, 0]
    return scales


def _affine_scatter(members: Floats, scales: Floats, weights: Floats | None) -> Floats:
    """Half the sum of A_ij (x_i − x_j)(x_i − x_j)ᵀ with affinities A = exp(−‖x_i − x_j‖²/(s_i s_j))."""
    norms = np.einsum("ij,ij->i", members, members)
    inverse = np.divide(1.0, scales, out=np.zeros_like(scales), where=scales > 0.0)
    scatter = np.zeros((members.shape[1],) * 2)
    for first in range(0, len(members), _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        squared = norms[rows, np.newaxis] + norms - 2.0 * (members[rows] @ members.T)
        affinity = np.exp(-np.maximum(squared, 0.0) * inverse[rows, np.newaxis] * inverse)
        # a point with a duplicate as its k-th neighbour has no affinity to anything but duplicates
        affinity[inverse[rows] == 0.0] = 0.0
        affinity[:, inverse == 0.0] = 0.0
        if weights is not None:
            affinity *= weights
            affinity *= weights[rows, np.newaxis]
        weighted = affinity.sum(axis=1)[:, np.newaxis] * members[rows] - affinity @ members
        scatter += members[rows].T @ weighted
    return scatter


def _discriminants(
    within: Floats, between: Floats, basis: Floats, regularization: float
) -> tuple[Floats, Floats]:
    """Eigenvalues, falling, and eigenvectors as rows of between v = λ within v in the basis's span."""
    values, vectors = np.linalg.eigh(basis.T @ within @ basis)
    largest = max(float(values[-1]), 0.0) if len(values) else 0.0
    if largest == 0.0:  # no two points of a class are near: the metric of the points themselves
        values, largest = np.ones_like(values), 1.0
    floor = max(regularization * largest, np.finfo(np.float64).tiny)
    whiten = basis @ (vectors / np.sqrt(np.maximum(values, floor)))
    ratios, directions = np.linalg.eigh(whiten.T @ between @ whiten)
    return ratios[::-1], (whiten @ directions[:, ::-1]).T
