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


@dataclass(frozen=True, eq=False)
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
    def fit(cls, X: ArrayLike, *, image: bool = False) -> Scaling:
        """Scale training data to [0, 1]: feature by feature, or images by 255.

        A feature that is constant in the training data is shifted to 0 and keeps its unit. Nothing
        is guessed from the numbers: ages and hours are whole numbers up to 255 as well.

        Parameters
        ----------
        X : (n, d) array of finite numbers
            Training points; test points must take no part in this.
        image : bool
            Whether the features are the bytes of images, from 0 to 255.

        Raises
        ------
        ValueError
            If images have values out of 0 .. 255, or the range of a feature overflows.
        """
        X = np.asarray(X, dtype=np.float64)
        low, high = X.min(axis=0), X.max(axis=0)
        if image:
            if low.min() < 0.0 or high.max() > IMAGE_MAXIMUM:
                raise ValueError(
                    f"X must have values from 0 to 255 where it holds images, got {low.min():g} to "
                    f"{high.max():g}; without image each feature is scaled by its range"
                )
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
