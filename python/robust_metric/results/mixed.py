"""What certification of mixed tables returns: radii over numbers and categories together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._base.arrays import Floats, Indices
from .._base.frozen import FrozenArrays
from .robust_error import certified_robust_error
from .summaries import Described, Facts, describe_counts, describe_radii, numbered


@dataclass(frozen=True, eq=False, repr=False)
class MixedCertificates(FrozenArrays, Described):
    """Certified radii of m predictions on rows of numbers and categories.

    Parameters
    ----------
    radius : (m,) float64
        No change of a row of a cost below it changes the prediction, rounded down; 0 where a given
        true class was missed, inf where nothing changes it.
    numeric_radius : (m,) float64
        The same with all categories as they are.
    label : (m,) array
        The class predicted.
    n_choices : (m,) int64
        Choices of categories that were looked at; the others cost no less than the radius, or are
        frozen.
    n_neighbors : int
        K of the classifier.
    """

    radius: Floats
    numeric_radius: Floats
    label: NDArray[Any]
    n_choices: Indices
    n_neighbors: int

    def __len__(self) -> int:
        """Return the number of predictions."""
        return len(self.radius)

    def _facts(self) -> tuple[str, Facts]:
        return f"Certificates of {numbered(self.radius, 'rows of numbers and categories')}", [
            ("neighbours", f"K = {self.n_neighbors}"),
            ("radius", describe_radii(self.radius)),
            ("categories as they are", describe_radii(self.numeric_radius)),
            ("choices", f"{int(np.sum(self.n_choices))} looked at"),
            ("label", describe_counts(self.label)),
        ]

    def robust_error(self, radii: ArrayLike) -> Floats:
        """Share of predictions whose radius is at most r, for each r: (k,) float64."""
        return certified_robust_error(self.radius, radii)


@dataclass(frozen=True, eq=False, repr=False)
class MixedPerturbations(FrozenArrays, Described):
    """Minimal changes of m rows of numbers and categories that change the prediction, as intervals.

    Parameters
    ----------
    lower, upper : (m,) float64
        Nothing of a cost below ``lower`` changes the prediction (rounded down); the change to
        ``witness``, of a cost of at most ``upper`` (rounded up), does. inf where nothing does, or
        nothing was found.
    witness : (m, c) object array
        Rows of the input that are predicted otherwise: numbers and categories, in the columns of X;
        the row itself where none was found.
    label, adversarial_label : (m,) array
        The class predicted for the row, and for the witness.
    n_choices : (m,) int64
        Choices of categories that were looked at.
    columns : tuple of str, optional
        What the columns are called.
    """

    lower: Floats
    upper: Floats
    witness: NDArray[Any]
    label: NDArray[Any]
    adversarial_label: NDArray[Any]
    n_choices: Indices
    columns: tuple[str, ...] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lower)

    def _facts(self) -> tuple[str, Facts]:
        return f"Minimal changes of {numbered(self.lower, 'rows of numbers and categories')}", [
            ("lower", describe_radii(self.lower)),
            ("upper", describe_radii(self.upper)),
            ("choices", f"{int(np.sum(self.n_choices))} looked at"),
            ("label", describe_counts(self.label)),
        ]
