"""Feature scaling that is fitted on training data and then remembered.

Certified radii are lengths in feature space, so they mean something only together with the scaling
that was applied. The scaling is therefore a small value of its own that travels with a saved model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._base.arrays import Floats
from .._base.frozen import FrozenArrays

IMAGE_MAXIMUM = 255.0


@dataclass(frozen=True)
class Scaling(FrozenArrays):
    """The map ``x -> (x - offset) / scale``, one offset and one scale per feature.

    Parameters
    ----------
    offset : (d,) float64
        Subtracted from each feature, in the feature's own units.
    scale : (d,) float64, positive
        What each feature is divided by, in the feature's own units.

    Raises
    ------
    ValueError
        If the two arrays are not finite and of one shape (d,), or a scale is not positive.
    """

    offset: Floats
    scale: Floats

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.offset.ndim != 1 or self.offset.shape != self.scale.shape:
            raise ValueError(
                "offset and scale must have one shape (d,), "
                f"got {self.offset.shape} and {self.scale.shape}"
            )
        if not (np.isfinite(self.offset).all() and np.isfinite(self.scale).all()):
            raise ValueError("offset and scale must be finite, got NaN or infinite values")
        if not (self.scale > 0.0).all():
            raise ValueError(f"scale must be positive, got a smallest value of {self.scale.min()}")

    @classmethod
    def fit(cls, X: ArrayLike) -> Scaling:
        """Scale training data to [0, 1]: images by 255, everything else feature by feature.

        Whole numbers that span exactly 0 to 255 are taken for image bytes, whatever their dtype,
        so that one set scales alike from every file format. A feature that is constant in the
        training data is shifted to 0 and keeps its unit.

        Parameters
        ----------
        X : (n, d) array of finite numbers
            Training points; test points must take no part in this.
        """
        X = np.asarray(X, dtype=np.float64)
        low, high = X.min(axis=0), X.max(axis=0)
        if low.min() == 0.0 and high.max() == IMAGE_MAXIMUM and bool((X == np.rint(X)).all()):
            return cls(np.zeros_like(low), np.full_like(low, IMAGE_MAXIMUM))
        with np.errstate(over="ignore"):
            extent = high - low
        if not np.isfinite(extent).all():
            raise ValueError(
                "X must have features whose range is a finite float64, got a range that overflows "
                f"in column {int(np.argmin(np.isfinite(extent)))}"
            )
        return cls(low, np.where(extent > 0.0, extent, 1.0))

    def apply(self, X: ArrayLike) -> Floats:
        """Return the (n, d) float64 scaled copy of X; nothing is clipped to [0, 1].

        Raises
        ------
        ValueError
            If X has another number of features than the scaling was fitted on.
        """
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != len(self.offset):
            raise ValueError(f"X must have shape (n, {len(self.offset)}), got {X.shape}")
        scaled: Floats = np.subtract(X, self.offset, dtype=np.float64)
        scaled /= self.scale
        return scaled
