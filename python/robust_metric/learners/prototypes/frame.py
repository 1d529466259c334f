"""The coordinates that prototypes are trained in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA

from ..._base.arrays import Floats


class Frame(NamedTuple):
    """The coordinates that training works in: centred and scaled ones, for precision and range.

    With ``directions`` (r, d), orthonormal rows, they are those of the projection onto their span.
    """

    centre: Floats
    extent: float
    directions: Floats | None = None

    @staticmethod
    def of(
        X: Floats, n_directions: int | None = None, random: np.random.RandomState | None = None
    ) -> Frame:
        """The frame in which the (n, d) points have mean 0 and features of at most 1.

        With ``n_directions``, the span of so many principal directions, at most n.
        """
        centre = X.mean(axis=0)
        frame = Frame(centre, float(np.abs(X - centre).max()) or 1.0)
        if n_directions is None:
            return frame
        principal = PCA(min(n_directions, *X.shape), random_state=random).fit(frame.scaled(X))
        return frame._replace(directions=principal.components_)

    @property
    def dimension(self) -> int:
        """Coordinates of a point."""
        return len(self.centre if self.directions is None else self.directions)

    def scaled(self, X: Floats) -> Floats:
        """The (n, d) points in this frame, for the compiled core."""
        with np.errstate(over="ignore", invalid="ignore"):
            points: Floats = np.ascontiguousarray((X - self.centre) / self.extent)
            if self.directions is not None:
                points = points @ self.directions.T
        if not np.isfinite(points).all():
            raise ValueError(
                "X must be of the size that the first batch had, within a factor of 1e290; scale it"
            )
        return points

    def in_caller_units(self, points: Floats) -> Floats:
        """The (n, d) points that have these coordinates."""
        features = points if self.directions is None else points @ self.directions
        found: Floats = features * self.extent + self.centre
        return found
