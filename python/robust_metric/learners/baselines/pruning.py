"""Adversarial pruning: fewest training points removed so that classes are far apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from ... import _core
from ..._base.arrays import Floats, Indices, Labels, Mask
from ..._base.frozen import FrozenAttributes
from ..._base.runtime import execution_threads, single_threaded_blas
from ..._base.states import changes_at_once, sees_one_state
from ..._base.validation import check_count
from .shared import check_range, labelled_data


class AdversarialPruning(FrozenAttributes, ClassifierMixin, BaseEstimator):
    """A classifier on a training set whose classes are at least ``2 radius`` apart.

    Points of different classes nearer than that are in conflict. The points removed are a vertex
    cover of the graph of conflicts: a smallest one for two classes (maximum matching and König's
    theorem), and at most twice as many as that for more.

    Parameters
    ----------
    estimator : classifier
        Fitted, as a clone, on what is left.
    radius : float, default 0.1
        Half the distance that points of different classes must have, in units of X. Then no two
        of them can be moved onto each other at a cost of ``radius`` each.
    max_conflicts : int, default 50_000_000
        Pairs in conflict that are stored at most, at 8 bytes each in either direction.
    n_jobs : int, optional
        Threads of the search for conflicts.

    Attributes
    ----------
    estimator_ : classifier
        Fitted on the points that are left; its other methods (``certify``) are used through it.
    kept_ : (m,) int64
        Rows of X that are left, ascending.
    classes_ : (c,) array
        Class labels of the whole training set, sorted.
    n_features_in_ : int

    References
    ----------
    Yang, Rashtchian, Wang, Chaudhuri, "Robustness for Non-Parametric Classification: A Generic
    Attack and Defense", AISTATS 2020, arXiv:1906.03310.

    Examples
    --------
    >>> import robust_metric as rm
    >>> from robust_metric.baselines import AdversarialPruning
    >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris")
    >>> nearest = rm.CertifiedKNeighborsClassifier(1)
    >>> pruned = AdversarialPruning(nearest, radius=0.2).fit(X_train, y_train)
    >>> certificates = pruned.estimator_.certify(X_test, y_test)
    """

    def __init__(
        self,
        estimator: Any,
        radius: float = 0.1,
        max_conflicts: int = 50_000_000,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.radius = radius
        self.max_conflicts = max_conflicts
        self.n_jobs = n_jobs

    @changes_at_once
    def fit(self, X: ArrayLike, y: ArrayLike) -> AdversarialPruning:
        """Remove points, and fit the estimator on the others.

        Parameters
        ----------
        X : (n, d) array of finite numbers
        y : (n,) array of class labels, at least two classes

        Raises
        ------
        ValueError
            If X or y are malformed, there is only one class, a parameter is out of range, or there
            are more than ``max_conflicts`` conflicts.
        """
        check_range("radius", self.radius, 0.0)
        check_count("max_conflicts", self.max_conflicts)
        points, labels = labelled_data(self, X, y)
        self.classes_, encoded = np.unique(np.asarray(y), return_inverse=True)
        graph = _conflicts(
            points, labels, 2.0 * float(self.radius), self.max_conflicts, self.n_jobs
        )
        self.kept_ = np.setdiff1d(np.arange(len(points)), vertex_cover(graph))
        self.estimator_ = clone(self.estimator).fit(
            points[self.kept_], self.classes_[encoded[self.kept_]]
        )
        return self

    @sees_one_state
    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the (m,) classes of the (m, d) rows of X, by the estimator."""
        check_is_fitted(self)
        return np.asarray(self.estimator_.predict(validate_data(self, X, reset=False)))


def vertex_cover(graph: csr_array) -> Indices:
    """Vertices that touch every edge: as few as possible if the graph is bipartite, else up to twice.

    Parameters
    ----------
    graph : (n, n) symmetric sparse array
        Nonzero entries are edges; none on the diagonal.

    Returns
    -------
    (m,) int64, ascending
        A minimal cover.

    Notes
    -----
    Each vertex gets a left and a right copy, each edge joins left copies to right ones, and a minimum
    cover of that bipartite graph comes from a maximum matching (König). A vertex with both copies in
    it is taken, one with neither is not, one with one copy counts a half (Nemhauser & Trotter 1975:
    this solves the linear relaxation, and some optimal cover agrees where it is integral). Taking the
    halves too gives the factor 2; those whose neighbours are all taken are then given back. In a
    bipartite graph the halves form one with a minimum cover of half their number, found by the
    same theorem.
    """
    n = graph.shape[0]
    left, right = _koenig(graph)
    taken = left & right
    half = np.flatnonzero(left ^ right)
    if len(half):
        rest = csr_array(graph[half][:, half])
        side = _two_colouring(rest)
        if side is None:
            taken[half] = True
        else:
            first, second = np.flatnonzero(side == 0), np.flatnonzero(side == 1)
            cover_first, cover_second = _koenig(csr_array(rest[first][:, second]))
            taken[half[first[cover_first]]] = True
            taken[half[second[cover_second]]] = True
    degrees = np.diff(graph.indptr)
    for vertex in sorted(np.flatnonzero(taken), key=lambda v: (degrees[v], v)):
        neighbours = graph.indices[graph.indptr[vertex] : graph.indptr[vertex + 1]]
        taken[vertex] = not taken[neighbours].all()
    cover: Indices = np.arange(n, dtype=np.int64)[taken]
    return cover


def _koenig(edges: csr_array) -> tuple[Mask, Mask]:
    """Minimum vertex cover of a bipartite graph: which rows and which columns of its edges."""
    # SciPy 1.11 matches by 32-bit indices only
    indices, offsets = edges.indices.astype(np.int32), edges.indptr.astype(np.int32)
    narrow = csr_array((edges.data, indices, offsets), shape=edges.shape)
    partner_of_row = maximum_bipartite_matching(narrow, perm_type="column")
    partner_of_column = np.full(edges.shape[1], -1)
    matched = np.flatnonzero(partner_of_row >= 0)
    partner_of_column[partner_of_row[matched]] = matched
    # rows and columns that alternating paths reach from rows without a partner
    rows = (partner_of_row < 0) & (np.diff(edges.indptr) > 0)
    columns = np.zeros(edges.shape[1], bool)
    frontier = np.flatnonzero(rows)
    while len(frontier):
        reached = np.unique(edges[frontier].indices)
        reached = reached[~columns[reached]]
        columns[reached] = True
        partners = partner_of_column[reached]
        frontier = np.unique(partners[partners >= 0])
        frontier = frontier[~rows[frontier]]
        rows[frontier] = True
    return (partner_of_row >= 0) & ~rows, columns


def _two_colouring(graph: csr_array) -> NDArray[np.int8] | None:
    """Sides 0 and 1 of a bipartite graph's vertices; None if it is not bipartite."""
    side = np.full(graph.shape[0], -1, np.int8)
    for start in range(graph.shape[0]):
        if side[start] >= 0:
            continue
        side[start] = colour = 0
        frontier = np.array([start])
        while len(frontier):
            reached = np.unique(graph[frontier].indices)
            if (side[reached] == colour).any():
                return None
            colour = 1 - colour
            frontier = reached[side[reached] < 0]
            side[frontier] = colour
    return side


def _conflicts(
    points: Floats,
    labels: Labels,
    distance: float,
    limit: int,
    n_jobs: int | None,
) -> csr_array:
    """Pairs of different classes nearer than the distance, as an (n, n) symmetric sparse array."""
    n, radius = len(points), distance / 2.0
    centred = points - points.mean(axis=0)
    # by a power of two, so that squares are in range: this changes no distance beside another
    exponent = int(np.frexp(np.abs(centred).max())[1])
    centred, points = np.ldexp(centred, -exponent), np.ldexp(points, -exponent)
    distance = float(np.ldexp(min(distance, np.finfo(np.float64).max), -exponent))
    # a little farther: squared distances from matrix products are rounded relative to norms
    rounding = 1e-13 * centred.shape[1] * float(np.einsum("ij,ij->i", centred, centred).max())
    reach = np.full(n, distance**2 + rounding)
    with single_threaded_blas():
        lists = _core.list_impostors(
            centred, labels, np.arange(n), reach, 2 * limit, num_threads=execution_threads(n_jobs)
        )
    if lists is None:
        raise ValueError(
            f"radius={radius:g} puts more than max_conflicts={limit} pairs in conflict; "
            "lower radius or raise max_conflicts"
        )
    rows = np.repeat(np.arange(n), np.diff(lists.offsets))
    near = np.empty(len(rows), bool)
    for first in range(0, len(rows), 1 << 16):
        part = slice(first, first + (1 << 16))
        difference = points[rows[part]] - points[lists.rows[part]]
        near[part] = np.linalg.norm(difference, axis=1) < distance
    return csr_array(
        (np.ones(int(near.sum()), np.int8), (rows[near], lists.rows[near])), shape=(n, n)
    )
