"""Blocks of queries: Dask arrays and frames that a classifier answers lazily; see `robust_metric.dask`."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import validate_data

from .._base.arrays import is_dask_frame
from .._base.frozen import frozen
from .._base.states import sees_one_state
from .._base.validation import check_certified
from ..fitted import Fitted
from ..results.certificates import Certificates
from ..results.perturbations import MinimalPerturbations, WitnessPrecision
from ..threat import ThreatModel
from .optional_dask import da, dask


class Classifier(Protocol):
    """What is asked of a fitted classifier whose queries are a Dask array."""

    n_features_in_: int
    n_jobs: int | None
    threat: ThreatModel | None

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
    """Certify the rows of a Dask array or frame lazily: what ``clf.certify`` does when it is given one.

    Parameters
    ----------
    clf : CertifiedKNeighborsClassifier
        Fitted. It travels to each worker once, and there runs on one thread a block unless its
        ``n_jobs`` says otherwise.
    X : (m, d) dask array or dask DataFrame
        Blocks of whole rows are certified one by one; columns are brought together first.
    y : (m,) array, dask array or dask Series, optional
        True classes.

    Returns
    -------
    Certificates
        ``radius`` and ``label`` are (m,) dask arrays; ``dask.compute`` them together.

    Raises
    ------
    TypeError
        If clf is not one of our classifiers.
    ValueError
        If X has the wrong number of columns, columns of other names or in another order, or y another
        length. What is wrong with values is raised when they are computed.
    """
    check_certified("clf", clf)
    view = clf.fitted_view()
    dtype = [("radius", np.float64), ("label", view.classes.dtype)]
    records = _map_rows(_certify_block, clf, X, y, dtype)
    return Certificates(records["radius"], records["label"], view.n_neighbors, None, view.threat)


@sees_one_state
def minimal_perturbation(
    clf: Classifier,
    X: Any,
    y: Any = None,
    time_limit: float | None = None,
    witness_precision: WitnessPrecision = None,
) -> MinimalPerturbations:
    """Minimal perturbations of the rows of a Dask array or frame, lazily; arguments as for `certify`.

    ``time_limit`` is in seconds per row, ``witness_precision`` as for the classifier. All (m,) and
    (m, d) fields of the answer are dask arrays.
    """
    check_certified("clf", clf)
    view = clf.fitted_view()
    label = view.classes.dtype
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
    return MinimalPerturbations(**columns, n_neighbors=view.n_neighbors, threat=view.threat)


def predict(clf: Classifier, X: Any) -> Any:
    """Predict the rows of a Dask array or frame lazily: a Dask array of (m,) classes."""
    return _map_rows(_predict_block, clf, X, None, clf.classes_.dtype)


def predict_proba(clf: Classifier, X: Any) -> Any:
    """Shares of votes of the rows of a Dask array or frame, lazily: a Dask array of (m, c) float64."""
    shares = [("shares", np.float64, (len(clf.classes_),))]
    return _map_rows(_shares_block, clf, X, None, shares)["shares"]


def _map_rows(
    block: Callable[..., NDArray[Any]],
    clf: Classifier,
    X: Any,
    y: Any,
    dtype: Any,
    **options: Any,
) -> Any:
    """Apply block(rows, labels or None, model) to blocks of whole rows: (m,) values or records."""
    rows = _rows(clf, X)
    if rows.numblocks[1] > 1:
        rows = rows.rechunk({1: -1})
    arrays = [rows] if y is None else [rows, _column(y, rows)]
    # Dask has threads of its own; the copy shares all arrays
    model = copy.copy(clf)
    model.n_jobs = 1 if clf.n_jobs is None else clf.n_jobs
    model.threat = clf.fitted_view().threat  # which may speak of features by name
    model.__dict__.pop("feature_names_in_", None)  # blocks are arrays, whose columns have none
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


def _rows(clf: Classifier, X: Any) -> Any:
    """Return a Dask array of X, whose columns are those that the classifier was fitted to."""
    framed = is_dask_frame(X)
    if not framed and (X.ndim != 2 or X.shape[1] != clf.n_features_in_):
        raise ValueError(f"X must have shape (m, {clf.n_features_in_}), got {X.shape}")
    no_rows = X._meta if framed else np.empty((0, X.shape[1]))
    validate_data(clf, no_rows, skip_check_array=True, reset=False)
    return X.to_dask_array() if framed else X


def _column(y: Any, rows: Any) -> Any:
    """Return labels as a Dask array of one column, in blocks like those of the rows."""
    labels = y.to_dask_array() if is_dask_frame(y) else y
    # computed later, when the caller may have written to y
    labels = labels if dask.is_dask_collection(labels) else frozen(labels)
    if np.isnan(
        [*rows.shape, *labels.shape]
    ).any():  # of frames, which are not counted before they are read
        if getattr(labels, "npartitions", None) != rows.npartitions:
            raise ValueError(
                f"y must have the partitions of X where rows are not counted yet, got "
                f"{getattr(labels, 'npartitions', 'none')} for {rows.npartitions}"
            )
        return labels[:, None]
    if len(labels) != rows.shape[0]:
        raise ValueError(
            f"y must have one label per row of X, got {len(labels)} for {rows.shape[0]}"
        )
    return da.asarray(labels).rechunk((rows.chunks[0],))[:, None]


def _predict_block(X: NDArray[Any], *, model: Any) -> NDArray[Any]:
    labels: NDArray[Any] = model.predict(X)
    return labels


def _shares_block(X: NDArray[Any], *, model: Any) -> NDArray[Any]:
    shares = model.predict_proba(X)
    records = np.empty(len(shares), dtype=[("shares", np.float64, shares.shape[1:])])
    records["shares"] = shares
    return records


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
