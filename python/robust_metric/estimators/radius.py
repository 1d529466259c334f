"""Training points within a distance of queries, from nearest ones: as many as it takes for each query."""

from __future__ import annotations

import numpy as np

from .. import _core
from .._base.arrays import Floats, Indices
from .._base.runtime import single_threaded_blas
from ..fitted import Fitted

# neighbours that are looked for first, by what factor more, and how many numbers a call may give
_FIRST, _GROWTH, _AT_ONCE = 32, 4, 1 << 22


def within(view: Fitted, queries: Floats, radius: float) -> tuple[list[Floats], list[Indices]]:
    """Return distances and indices for each query, nearest first, ties by the smaller index."""
    n, m = len(view.points), len(queries)
    distances: list[Floats] = [np.empty(0)] * m
    indices: list[Indices] = [np.empty(0, dtype=np.int64)] * m
    rows, k = np.arange(m), min(_FIRST, n)
    while len(rows):
        open_rows = []
        for some in np.array_split(rows, -(-len(rows) * k // _AT_ONCE)):
            near, found = _nearest(view, queries[some], k)
            counts = (near <= radius).sum(axis=1)
            for row, count, d, i in zip(some.tolist(), counts.tolist(), near, found, strict=True):
                if count == k < n:
                    open_rows.append(row)
                else:
                    distances[row], indices[row] = d[:count].copy(), i[:count].copy()
        rows, k = np.array(open_rows, dtype=np.int64), min(_GROWTH * k, n)
    return distances, indices


def _nearest(view: Fitted, queries: Floats, k: int) -> tuple[Floats, Indices]:
    with single_threaded_blas():
        return _core.kneighbors(view.prepared, np.ascontiguousarray(queries), k, True, view.threads)
