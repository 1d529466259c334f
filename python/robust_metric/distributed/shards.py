"""Certified radii for a training set in shards, none of which needs to know the others.

The shards exchange single training points until none of them has one to add: the points found so far
(the core) then give the radii that the whole set gives, bit for bit. The argument is in
``docs/distributed.md``. Where the functions on shards run is up to the caller: `certify_shards` hands
them to ``run``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._base.arrays import Floats, Indices, Labels, Mask
from .._base.runtime import execution_threads, single_threaded_blas
from ..fitted import core_threat
from ..threat import ThreatModel

# Distances come rounded, subnormal ones absolutely; a shard's neighbour is fetched if it may be among the
# K nearest of all.
_SLACK, _SUBNORMAL_SLACK = 1.0 + 1e-9, 1e-320


@dataclass(frozen=True)
class Rule:
    """What is certified, the training points apart.

    Parameters
    ----------
    n_neighbors, n_classes : int
        Of the whole training set.
    components : (r, d) float64, optional
    threat : ThreatModel
    n_jobs : int, optional
        Threads for each call on a shard.
    """

    n_neighbors: int
    n_classes: int
    components: Floats | None
    threat: ThreatModel
    n_jobs: int | None = 1


@dataclass(frozen=True)
class Rows:
    """Some training points: their row numbers in the whole set (increasing), features and classes.

    Parameters
    ----------
    ids : (n,) int64
    X : (n, d) float64 or float32, C order
    y : (n,) int32
    """

    ids: Indices
    X: NDArray[Any]
    y: Labels

    def take(self, positions: Indices | Mask) -> Rows:
        """Return the rows at positions, or where a mask is true."""
        return Rows(self.ids[positions], self.X[positions], self.y[positions])

    def prepared(self, rule: Rule) -> _core.TrainingSet:
        """Return the compiled training set of these rows."""
        threads = execution_threads(rule.n_jobs)
        threat = core_threat(rule.threat, self.X.shape[1])
        return _core.TrainingSet(self.X, self.y, rule.n_classes, rule.components, threads, threat)


def merge(*parts: Rows) -> Rows:
    """Return the union of some rows, in the order of the whole set."""
    ids, first = np.unique(np.concatenate([part.ids for part in parts]), return_index=True)
    X = np.concatenate([part.X for part in parts])
    y = np.concatenate([part.y for part in parts])
    return Rows(ids, np.ascontiguousarray(X[first]), np.ascontiguousarray(y[first]))


def anchors(shard: Rows, rule: Rule) -> Rows:
    """Return up to K rows of every class, and those with the largest and smallest entry.

    With them in the core, the ways in which a vote can be lost are those of the whole set, and so
    is, up to a factor near 1, the scale that coordinates are brought to.
    """
    if not len(shard.ids):
        return shard
    keep = [int(shard.X.argmax()) // shard.X.shape[1], int(shard.X.argmin()) // shard.X.shape[1]]
    for label in range(rule.n_classes):
        keep.extend(np.flatnonzero(shard.y == label)[: rule.n_neighbors])
    return shard.take(np.unique(np.array(keep, dtype=np.int64)))


def nearest(shard: Rows, rule: Rule, queries: Floats) -> tuple[Floats, Indices]:
    """Return distances and row numbers in the whole set of each query's K nearest in the shard."""
    k = min(rule.n_neighbors, len(shard.ids))
    if k == 0:
        return np.empty((len(queries), 0)), np.empty((len(queries), 0), dtype=np.int64)
    with single_threaded_blas():
        threads = execution_threads(rule.n_jobs)
        distances, positions = _core.kneighbors(shard.prepared(rule), queries, k, True, threads)
    return distances, shard.ids[positions]


def fetch(shard: Rows, ids: Indices) -> Rows:
    """Return those rows that the shard holds."""
    return shard.take(np.isin(shard.ids, ids))


def support(
    shard: Rows, rule: Rule, core: Rows, queries: Floats, labels: Labels
) -> tuple[Floats, Mask, Rows]:
    """Certify from the core and the shard together.

    Returns
    -------
    radius : (m,) float64
    open : (m,) bool
        Whether the radius rests on rows of the shard that are not in the core.
    rows : Rows
        Those rows.
    """
    both = merge(core, shard)
    with single_threaded_blas():
        threads = execution_threads(rule.n_jobs)
        radius, positions, offsets = _core.radius_support(
            both.prepared(rule), queries, labels, rule.n_neighbors, threads
        )
    fresh = ~np.isin(both.ids, core.ids)[positions]
    query = np.repeat(np.arange(len(queries)), np.diff(offsets))
    is_open = np.zeros(len(queries), dtype=np.bool_)
    is_open[query[fresh]] = True
    return radius, is_open, both.take(np.unique(positions[fresh]))


def certify_shards(
    run: Callable[..., list[Any]],
    rule: Rule,
    queries: Floats,
    truth: Labels | None,
    batch_size: int,
) -> tuple[Floats, Labels]:
    """Certified radii and predicted classes of the whole training set.

    Parameters
    ----------
    run : callable
        ``run(function, *arguments)`` returns ``[function(shard, *arguments) for each shard]``, the
        shards being `Rows` that together are the training set.
    rule : Rule
    queries : (m, d) float64, C order
    truth : (m,) int32, optional
        Class of each query; where it differs from the prediction the radius is 0.
    batch_size : int
        Queries handled at a time: the core grows with it, the number of exchanges falls.

    Returns
    -------
    radius : (m,) float64
    label : (m,) int32
    """
    start = anchors(merge(*run(anchors, rule)), rule)
    radius = np.zeros(len(queries))
    label = np.zeros(len(queries), dtype=np.int32)
    for batch in _slices(len(queries), batch_size):
        z = queries[batch]
        core = merge(start, *run(fetch, _neighbor_ids(run(nearest, rule, z), rule)))
        with single_threaded_blas():
            threads = execution_threads(rule.n_jobs)
            label[batch] = _core.predict(core.prepared(rule), z, rule.n_neighbors, threads)
        wanted = label[batch] == (label if truth is None else truth)[batch]
        waiting = np.arange(batch.start, batch.stop)[wanted]
        while waiting.size:
            answers = run(support, rule, core, queries[waiting], label[waiting])
            still_open = np.any([is_open for _, is_open, _ in answers], axis=0)
            # alike on every shard that has nothing to add
            found = np.min([bounds for bounds, _, _ in answers], axis=0)
            radius[waiting[~still_open]] = found[~still_open]
            core = merge(core, *(rows for _, _, rows in answers))
            waiting = waiting[still_open]
    return radius, label


def _slices(count: int, size: int) -> Iterator[slice]:
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))


def _neighbor_ids(answers: list[tuple[Floats, Indices]], rule: Rule) -> Indices:
    """Row numbers that may be among the K nearest of some query."""
    distances = np.concatenate([distances for distances, _ in answers], axis=1)
    ids = np.concatenate([ids for _, ids in answers], axis=1)
    limit = np.partition(distances, rule.n_neighbors - 1, axis=1)[:, rule.n_neighbors - 1]
    with np.errstate(over="ignore"):  # then all are fetched
        reach = limit * _SLACK + _SUBNORMAL_SLACK
    return np.unique(ids[distances <= reach[:, None]])
