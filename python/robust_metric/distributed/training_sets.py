"""Training sets whose blocks lie on many machines, as Dask arrays; public as `robust_metric.dask`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array, column_or_1d

from .._base.exact_input import check_exact
from .._base.validation import check_components, check_size, encode_labels, storage_dtypes
from ..results.certificates import Certificates
from ..threat import ThreatModel
from .optional_dask import da, dask
from .shards import Rows, Rule, certify_shards


def certified_radii(
    X_train: Any,
    y_train: Any,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    n_neighbors: int = 1,
    components: Any = None,
    threat: ThreatModel | None = None,
    n_jobs: int | None = 1,
    batch_size: int = 4096,
) -> Certificates:
    """Certified radii for a training set whose blocks lie on many machines.

    The radii are those that `robust_metric.certified_radii` gives for the whole training set, bit for
    bit. A machine holds its own blocks, and what was found to decide the radii: some tens of rows for
    each query.

    Parameters
    ----------
    X_train : (n, d) dask array
        Each block of rows is a shard. With a ``dask.distributed`` client they are loaded once and stay
        with the workers; with other schedulers they are loaded again for each exchange.
    y_train : (n,) dask array, or array, of class labels
    X : (m, d) array
        Queries, in this process.
    y : (m,) array, optional
        True classes; a misclassified query has radius 0.
    n_neighbors, components, threat
        As for `robust_metric.certified_radii`.
    n_jobs : int, optional
        Threads for each shard.
    batch_size : int, default 4096
        Queries for which points are exchanged together: more need more memory, fewer more passes
        over the shards.

    Returns
    -------
    Certificates
        NumPy arrays, as from ``CertifiedKNeighborsClassifier.certify``.

    Raises
    ------
    ValueError
        If shapes do not fit together, the lengths of blocks are unknown, n_neighbors is not in [1, n],
        or values are not finite.
    """
    shards, classes, n_features = _shards(X_train, y_train)
    count = sum(X_train.chunks[0])
    if not 1 <= n_neighbors <= count:
        raise ValueError(
            f"n_neighbors must be from 1 to the number of training points, {count}, got {n_neighbors}"
        )
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    threat = (ThreatModel() if threat is None else threat).for_features(n_features)
    check_exact(X)
    queries = check_array(X, dtype=np.float64, order="C")
    if queries.shape[1] != n_features:
        raise ValueError(f"X must have {n_features} columns, as X_train, got {queries.shape[1]}")
    check_size(queries)
    queries = np.ascontiguousarray(threat.admit(queries))
    truth = encode_labels(y, classes, len(queries))
    if components is not None:
        components = check_components(components, n_features)
    rule = Rule(n_neighbors, len(classes), components, threat, n_jobs)
    radius, label = certify_shards(_runner(shards), rule, queries, truth, batch_size)
    return Certificates(radius, classes[label], n_neighbors, None, threat)


def _shards(X: Any, y: Any) -> tuple[list[Any], NDArray[Any], int]:
    """Return a delayed `Rows` for each block of X, the classes, and the number of features."""
    if not isinstance(X, da.Array) or X.ndim != 2:
        raise ValueError(f"X_train must be a two-dimensional dask array, got {type(X).__name__}")
    lengths = X.chunks[0]
    if any(length != length for length in lengths):
        raise ValueError(
            "X_train must have blocks of known length; call X_train.compute_chunk_sizes() first"
        )
    if len(y) != X.shape[0]:
        raise ValueError(f"y_train must have one label per row, got {len(y)} for {X.shape[0]}")
    y = da.asarray(y).rechunk((lengths,))
    classes = np.unique(np.concatenate(dask.compute(*map(dask.delayed(np.unique), y.to_delayed()))))
    X = X.rechunk({1: -1})
    firsts = np.r_[0, np.cumsum(lengths)]
    make, shared = dask.delayed(_make_shard), dask.delayed(classes, traverse=False)
    blocks = zip(X.to_delayed()[:, 0], y.to_delayed(), firsts[:-1], lengths, strict=True)
    shards = [
        make(rows, labels, shared, int(first)) for rows, labels, first, size in blocks if size
    ]
    return shards, classes, X.shape[1]


def _make_shard(X: Any, y: Any, classes: NDArray[Any], first: int) -> Rows:
    check_exact(X, "X_train")
    points = check_array(X, dtype=storage_dtypes(X), order="C", input_name="X_train")
    check_size(points)
    encoded = np.searchsorted(classes, column_or_1d(y)).astype(np.int32)
    return Rows(np.arange(first, first + len(points)), points, encoded)


def _runner(shards: list[Any]) -> Callable[..., list[Any]]:
    """Return what `certify_shards` calls: a function on every shard, by the scheduler in use."""
    if _has_client():
        shards = list(dask.persist(*shards))

    def run(function: Callable[..., Any], *arguments: Any) -> list[Any]:
        # arguments as tasks of their own: sent to a worker once, not once a shard
        shared = [dask.delayed(argument, traverse=False) for argument in arguments]
        task = dask.delayed(function, pure=False)
        return list(dask.compute(*[task(shard, *shared) for shard in shards]))

    return run


def _has_client() -> bool:
    """Whether a dask.distributed client is there, without importing that package for it."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return False
    try:
        distributed.get_client()
    except ValueError:
        return False
    return True
