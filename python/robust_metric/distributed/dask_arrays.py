"""Queries, or the training set itself, as Dask arrays; public as `robust_metric.dask`."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array, column_or_1d

try:
    import dask
    import dask.array as da
except ImportError as error:
    raise ImportError(
        'robust_metric.dask needs Dask, which is not installed: pip install "robust-metric[dask]"'
    ) from error

from .._base.validation import check_components, check_size, encode_labels, storage_dtypes
from ..fitted import Fitted
from ..results.certificates import Certificates
from ..results.perturbations import MinimalPerturbations
from ..threat import ThreatModel
from .shards import Rows, Rule, certify_shards


class Classifier(Protocol):
    """What is asked of a fitted classifier whose queries are a Dask array."""

    classes_: NDArray[Any]
    n_features_in_: int
    n_jobs: int | None

    def fitted_view(self) -> Fitted:
        """Return the frozen view of what is fitted."""

    def certify(self, X: ArrayLike, y: ArrayLike | None = None) -> Certificates:
        """Certify the rows of an array."""

    def minimal_perturbation(
        self, X: ArrayLike, y: ArrayLike | None = None, time_limit: float | None = None
    ) -> MinimalPerturbations:
        """Search for the minimal perturbations of the rows of an array."""


def certify(clf: Classifier, X: Any, y: Any = None) -> Certificates:
    """Certify the rows of a Dask array lazily: what ``clf.certify`` does when it is given one.

    Parameters
    ----------
    clf : CertifiedKNeighborsClassifier
        Fitted. It travels to each worker once, and there runs on one thread a block unless its
        ``n_jobs`` says otherwise.
    X : (m, d) dask array
        Blocks of whole rows are certified one by one; columns are brought together first.
    y : (m,) array or dask array, optional
        True classes.

    Returns
    -------
    Certificates
        ``radius`` and ``label`` are (m,) dask arrays; ``dask.compute`` them together.

    Raises
    ------
    ValueError
        If X has the wrong number of columns, or y another length. What is wrong with values is
        raised when they are computed.
    """
    dtype = [("radius", np.float64), ("label", clf.classes_.dtype)]
    records = _map_rows(_certify_block, clf, X, y, dtype)
    view = clf.fitted_view()
    return Certificates(records["radius"], records["label"], view.n_neighbors, None, view.threat)


def minimal_perturbation(
    clf: Classifier, X: Any, y: Any = None, time_limit: float | None = None
) -> MinimalPerturbations:
    """Minimal perturbations of the rows of a Dask array, lazily; arguments as for `certify`.

    ``time_limit`` is in seconds per row. All (m,) and (m, d) fields of the answer are dask arrays.
    """
    label = clf.classes_.dtype
    dtype = [
        ("lower", np.float64),
        ("upper", np.float64),
        ("perturbation", np.float64, (clf.n_features_in_,)),
        ("adversarial_label", label),
        ("label", label),
        ("status", "U14"),
        ("nodes", np.int64),
    ]
    records = _map_rows(_perturb_block, clf, X, y, dtype, time_limit=time_limit)
    columns = {name: records[name] for name in records.dtype.names}
    view = clf.fitted_view()
    return MinimalPerturbations(**columns, n_neighbors=view.n_neighbors, threat=view.threat)


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
    threat = ThreatModel() if threat is None else threat
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


def _map_rows(
    block: Callable[..., NDArray[Any]],
    clf: Classifier,
    X: Any,
    y: Any,
    dtype: Any,
    **options: Any,
) -> Any:
    """Apply block(rows, labels or None, model) to blocks of whole rows: (m,) records."""
    if X.ndim != 2 or X.shape[1] != clf.n_features_in_:
        raise ValueError(f"X must have shape (m, {clf.n_features_in_}), got {X.shape}")
    X = X.rechunk({1: -1})
    arrays = [X]
    if y is not None:
        if len(y) != X.shape[0]:
            raise ValueError(f"y must have one label per row of X, got {len(y)} for {X.shape[0]}")
        arrays.append(da.asarray(y).rechunk((X.chunks[0],))[:, None])
    # Dask has threads of its own; the copy shares all arrays
    model = copy.copy(clf)
    model.n_jobs = 1 if clf.n_jobs is None else clf.n_jobs
    # one task that all blocks depend on: it reaches every worker once, and a new one if one is lost
    shared = dask.delayed(model, traverse=False)
    return da.map_blocks(
        block,
        *arrays,
        model=shared,
        dtype=np.dtype(dtype),
        drop_axis=1,
        meta=np.empty(0, dtype),
        **options,
    )


def _certify_block(X: NDArray[Any], y: NDArray[Any] | None = None, *, model: Any) -> NDArray[Any]:
    return _records(model.certify(X, None if y is None else y[:, 0]), ["radius", "label"])


def _perturb_block(
    X: NDArray[Any], y: NDArray[Any] | None = None, *, model: Any, time_limit: float | None
) -> NDArray[Any]:
    found = model.minimal_perturbation(X, None if y is None else y[:, 0], time_limit)
    names = ["lower", "upper", "perturbation", "adversarial_label", "label", "status", "nodes"]
    return _records(found, names)


def _records(answer: Any, names: list[str]) -> NDArray[Any]:
    columns = [np.asarray(getattr(answer, name)) for name in names]
    dtype = [(name, c.dtype, c.shape[1:]) for name, c in zip(names, columns, strict=True)]
    records = np.empty(len(answer), dtype=dtype)
    for name, column in zip(names, columns, strict=True):
        records[name] = column
    return records


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
