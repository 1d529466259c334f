"""Certificates for several numbers of neighbours at once, for choosing one by certified error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numpy.typing import ArrayLike

from .._base.arrays import is_dask_array, is_dask_frame
from .._base.validation import check_count, encode_labels
from ..results.certificates import Certificates


def certify_each(
    clf: Any, X: ArrayLike, y: ArrayLike | None, n_neighbors: Iterable[int]
) -> dict[int, Certificates]:
    """Return the certificates of a fitted classifier for each K, from one pass over the points.

    Raises
    ------
    ValueError
        If X or y are none that `certify` takes, X is a Dask array or frame, or n_neighbors are not
        different integers from 1 to the number of training points.
    """
    if is_dask_array(X) or is_dask_frame(X):
        raise ValueError("n_neighbors must be None for Dask arrays, got others")
    queries = clf._admitted(X)
    truth = encode_labels(y, clf.classes_, len(queries))
    ks = list(n_neighbors)
    for k in ks:
        check_count("n_neighbors", k)
    if not ks or len(set(ks)) < len(ks) or max(ks) > clf.n_samples_fit_:
        raise ValueError(
            f"n_neighbors must be different integers from 1 to {clf.n_samples_fit_}, got {ks!r}"
        )
    return clf.fitted_view().certify_each(queries, truth, [int(k) for k in ks])
