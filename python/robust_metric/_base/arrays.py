"""Names of the array types that functions of every room take and give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]  # rows of points, and offsets into flat arrays
Labels = NDArray[np.int32]  # classes as numbers 0 .. c - 1, as the compiled core takes them
Mask = NDArray[np.bool_]
