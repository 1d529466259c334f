"""Names of the array types that functions of every room take and give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]  # rows of points, and offsets into flat arrays
Labels = NDArray[np.int32]  # classes as numbers 0 .. c - 1, as the compiled core takes them
Mask = NDArray[np.bool_]


def is_dask_array(X: Any) -> bool:
    """Whether X is a Dask array, found out without importing Dask."""
    return type(X).__module__.startswith("dask.array") and hasattr(X, "to_delayed")


def is_dask_frame(X: Any) -> bool:
    """Whether X is a frame or a column of Dask, found out without importing Dask."""
    return type(X).__module__.startswith("dask.dataframe") and hasattr(X, "to_dask_array")
