"""Blocks of queries: Dask arrays that a classifier answers lazily; public as `robust_metric.dask`."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._base.frozen import frozen
from .._base.states import sees_one_state
from ..fitted import Fitted
from ..results.certificates import Certificates
from ..results.perturbations import MinimalPerturbations, WitnessPrecision
from .optional_dask import da, dask


class Classifier(Protocol):
    """What is asked of a fitted classifier whose queries are a Dask array."""

    n_features_in_: int
    n_jobs: int | None

    @property
    def classes_(self) -> NDArray[Any]:
        """Class labels, sorted."""

    def fitted_view(self) -> Fitted:
        """Return the frozen view of what is fitted."""

    def certify(self, X: ArrayLike, y: ArrayLike | None = None) -> Certificates:
        """Certify the rows of an array."""

    def minimal_perturbation(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        time_limit: float | None = None,
        *,
        witness_precision: WitnessPrecision = None,
    ) -> MinimalPerturbations:
        """Search for the minimal perturbations of the rows of an array."""


@sees_one_state
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


@sees_one_state
def minimal_perturbation(
    clf: Classifier,
    X: Any,
    y: Any = None,
    time_limit: float | None = None,
    witness_precision: WitnessPrecision = None,
) -> MinimalPerturbations:
    """Minimal perturbations of the rows of a Dask array, lazily; arguments as for `certify`.

    ``time_limit`` is in seconds per row, ``witness_precision`` as for the classifier. All (m,) and
    (m, d) fields of the answer are dask arrays.
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
    options = {"time_limit": time_limit, "witness_precision": witness_precision}
    records = _map_rows(_perturb_block, clf, X, y, dtype, **options)
    columns = {name: records[name] for name in records.dtype.names}
    view = clf.fitted_view()
    return MinimalPerturbations(**columns, n_neighbors=view.n_neighbors, threat=view.threat)


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
        # computed later, when the caller may have written to y
        labels = y if dask.is_dask_collection(y) else frozen(y)
        arrays.append(da.asarray(labels).rechunk((X.chunks[0],))[:, None])
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
    X: NDArray[Any], y: NDArray[Any] | None = None, *, model: Any, time_limit: Any, **options: Any
) -> NDArray[Any]:
    found = model.minimal_perturbation(X, None if y is None else y[:, 0], time_limit, **options)
    names = ["lower", "upper", "perturbation", "adversarial_label", "label", "status", "nodes"]
    return _records(found, names)


def _records(answer: Any, names: list[str]) -> NDArray[Any]:
    columns = [np.asarray(getattr(answer, name)) for name in names]
    dtype = [(name, c.dtype, c.shape[1:]) for name, c in zip(names, columns, strict=True)]
    records = np.empty(len(answer), dtype=dtype)
    for name, column in zip(names, columns, strict=True):
        records[name] = column
    return records
