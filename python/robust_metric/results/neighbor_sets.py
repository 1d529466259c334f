"""What certification of nearest neighbours returns: the sets found, and how far they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats, Indices
from .._base.frozen import FrozenArrays
from ..threat import ThreatModel
from .summaries import Described, Facts, describe_radii, numbered
from .tabular import Tabular


@dataclass(frozen=True, eq=False, repr=False)
class NeighborCertificates(FrozenArrays, Described, Tabular):
    """Nearest neighbours of m queries, with the radius within which their set cannot change.

    Parameters
    ----------
    radius : (m,) float64
        No perturbation of the query of a cost below it changes the set of its K nearest neighbours,
        in the units of the input, rounded down; a perturbation of a cost just above it does. inf
        where nothing changes the set.
    indices : (m, K) int64
        Rows of the training data, nearest first. Their order may change within the radius.
    threat : ThreatModel, optional
        What a perturbation costs and where it may lead; by default its Euclidean norm.
    """

    radius: Floats
    indices: Indices
    threat: ThreatModel | None = None

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.radius)

    @property
    def n_neighbors(self) -> int:
        """K."""
        return int(self.indices.shape[1])

    def _facts(self) -> tuple[str, Facts]:
        return f"Certified nearest neighbours of {numbered(self.radius, 'queries')}", [
            ("neighbours", f"K = {self.n_neighbors}"),
            ("radius", describe_radii(self.radius)),
            ("threat", str(self.threat or ThreatModel())),
        ]

    def _columns(self) -> dict[str, NDArray[Any]]:
        indices = np.asarray(self.indices)
        neighbors = {f"neighbor_{k}": indices[:, k] for k in range(indices.shape[1])}
        return {"radius": self.radius, **neighbors}
