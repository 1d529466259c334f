"""Threat models: what a perturbation may be, and what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class ThreatModel:
    """Perturbations δ of cost ‖Wδ‖_p, W a positive diagonal, within an optional box.

    Parameters
    ----------
    norm : 1, 2 or inf, default 2
        The p of the cost.
    bounds : pair of float or of (d,) float64, optional
        Lower and upper bounds that a perturbed input keeps.
    feature_cost : (d,) float64, optional
        Diagonal of W; an infinite cost freezes a feature. By default all ones.

    Raises
    ------
    ValueError
        If a parameter is not of the form above.

    Notes
    -----
    Only the default, the Euclidean norm of the perturbation, is certified so far; with any other
    model ``certify`` and its kin raise NotImplementedError.
    """

    norm: float = 2
    bounds: Any = None
    feature_cost: Any = None

    def __post_init__(self) -> None:
        if self.norm not in (1, 2, math.inf):
            raise ValueError(f"norm must be 1, 2 or inf, got {self.norm!r}")
        if self.bounds is not None:
            self._check_bounds()
        if self.feature_cost is not None:
            cost = np.asarray(self.feature_cost, dtype=np.float64)
            if cost.ndim != 1 or not (cost > 0).all():
                raise ValueError(
                    f"feature_cost must be a (d,) array of positive numbers, got {cost!r}"
                )

    def _check_bounds(self) -> None:
        try:
            lower, upper = (np.asarray(side, dtype=np.float64) for side in self.bounds)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"bounds must be a pair (lower, upper), got {self.bounds!r}"
            ) from error
        if np.isnan(lower).any() or np.isnan(upper).any() or not np.all(lower <= upper):
            raise ValueError(f"bounds must have lower <= upper everywhere, got {self.bounds!r}")

    def __eq__(self, other: object) -> bool:
        """Equal norms, bounds and costs; arrays by value."""
        if not isinstance(other, ThreatModel):
            return NotImplemented
        return self.norm == other.norm and all(
            (a is None) == (b is None) and (a is None or _same(a, b))
            for a, b in ((self.bounds, other.bounds), (self.feature_cost, other.feature_cost))
        )

    def require_supported(self) -> None:
        """Raise NotImplementedError unless this is the plain Euclidean model."""
        if self.norm != 2 or self.bounds is not None or self.feature_cost is not None:
            raise NotImplementedError(
                "threat must be ThreatModel() (norm 2, no bounds, no feature_cost) in this release, "
                f"got {self!r}; other threat models are not certified yet"
            )


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    return np.array_equal(a, b)
