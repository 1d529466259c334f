"""The maps that learned prototypes share, as model files keep them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from ..io.model_files import SharedMaps
from ..learners.prototypes.transformations import linear_maps


def pack_shared(clf: Any, n: int, d: int) -> SharedMaps | None:
    """Return the maps by which the (n, d) points of a classifier come of fewer, None where they do not.

    That is so where it has none, and where its parameters are no longer those that it was fitted with.
    """
    transformations = getattr(clf, "transformations", None)
    if transformations is None or not hasattr(clf, "n_learned_"):
        return None
    matrices = [sparse.coo_array(A) for A in linear_maps(transformations, d)]
    if not matrices or clf.n_learned_ * (len(matrices) + 1) != n:
        return None
    name = transformations if isinstance(transformations, str) else None
    if name is not None:  # it says all
        places, values = np.empty((0, 3), dtype=np.int64), np.empty(0)
    else:
        places = np.vstack(
            [
                np.column_stack([np.full(A.nnz, number), A.row, A.col]).astype(np.int64)
                for number, A in enumerate(matrices)
            ]
        )
        values = np.concatenate([A.data for A in matrices])
    return SharedMaps(clf.n_learned_, len(matrices), name, places, values)


def unpack_shared(shared: SharedMaps, d: int) -> Any:
    """Return the parameter ``transformations`` of which `pack_shared` made this; raise ValueError."""
    if shared.name is not None:
        if len(linear_maps(shared.name, d)) != shared.n_maps:
            raise ValueError(f"shared_maps {shared.name!r} are not {shared.n_maps}")
        return shared.name
    maps = []
    for number in range(shared.n_maps):
        own = shared.places[:, 0] == number
        at = (shared.places[own, 1], shared.places[own, 2])
        maps.append(sparse.csr_array((shared.values[own], at), shape=(d, d)))
    return maps
