"""Threat models: what a perturbation may be, and what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


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

    def cost(self, perturbations: ArrayLike) -> NDArray[np.float64]:
        """Return ‖Wδ‖_p of each row, (m,) float64, rounded up.

        Parameters
        ----------
        perturbations : (m, d) array of finite numbers

        Returns
        -------
        (m,) float64
            No less than the real number; inf where a frozen feature moves.

        Raises
        ------
        ValueError
            If ``feature_cost`` has another number of features.
        """
        size = np.abs(np.asarray(perturbations, dtype=np.float64))
        if self.feature_cost is not None:
            weight = self._per_feature(self.feature_cost, size.shape[1], "feature_cost")
            with np.errstate(invalid="ignore", over="ignore", under="ignore"):
                weighted = np.nextafter(size * weight, np.inf)
            size = np.where(size == 0.0, 0.0, weighted)
        if size.shape[1] == 0:
            return np.zeros(len(size))
        largest = size.max(axis=1)
        if self.norm == math.inf:
            return largest
        # scaled by a power of two, so that nothing overflows; each of d + 3 roundings is at most 2^-53
        exponent = np.where(np.isfinite(largest), np.frexp(largest)[1], 0)
        with np.errstate(under="ignore", over="ignore"):
            scaled = np.ldexp(size, -exponent[:, None])
            total = scaled.sum(axis=1) if self.norm == 1 else np.sqrt((scaled**2).sum(axis=1))
            rounded_up = np.ldexp(total * (1.0 + (size.shape[1] + 4) * 2.0**-52), exponent)
            upward: NDArray[np.float64] = np.nextafter(rounded_up, np.inf)
        return np.where(largest == 0.0, 0.0, upward)

    def clip(self, X: ArrayLike, perturbations: ArrayLike) -> NDArray[np.float64]:
        """Return the nearest perturbations that are allowed at X.

        Parameters
        ----------
        X, perturbations : (m, d) arrays of finite numbers
            X must keep the bounds, see `holds`.

        Returns
        -------
        (m, d) float64
            δ such that ``X + δ``, in float64, keeps the bounds; 0 in frozen features.

        Raises
        ------
        ValueError
            If ``bounds`` or ``feature_cost`` have another number of features.
        """
        start = np.asarray(X, dtype=np.float64)
        moved = np.array(perturbations, dtype=np.float64)
        moved[:, self.frozen(start.shape[1])] = 0.0
        if self.bounds is None:
            return moved
        lower, upper = self._box(start.shape[1])
        moved = np.clip(moved, lower - start, upper - start)
        # the sum may round to just outside
        while (outside := (start + moved > upper) | (start + moved < lower)).any():
            grain = np.spacing(np.maximum(np.abs(start), np.abs(moved)))
            moved = np.where(outside, moved - np.copysign(grain, moved), moved)
        return moved

    def holds(self, X: ArrayLike) -> NDArray[np.bool_]:
        """Whether each row of the (m, d) array X keeps the bounds: (m,) bool."""
        points = np.asarray(X, dtype=np.float64)
        if self.bounds is None:
            return np.ones(len(points), dtype=np.bool_)
        lower, upper = self._box(points.shape[1])
        within: NDArray[np.bool_] = np.asarray((lower <= points) & (points <= upper))
        return np.asarray(within.all(axis=1))

    def frozen(self, n_features: int) -> NDArray[np.bool_]:
        """Which features cannot move: (d,) bool."""
        if self.feature_cost is None:
            return np.zeros(n_features, dtype=np.bool_)
        return np.isinf(self._per_feature(self.feature_cost, n_features, "feature_cost"))

    def _box(self, n_features: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        lower, upper = (self._per_feature(side, n_features, "bounds") for side in self.bounds)
        return lower, upper

    @staticmethod
    def _per_feature(values: Any, n_features: int, name: str) -> NDArray[np.float64]:
        array = np.asarray(values, dtype=np.float64)
        if array.shape not in ((), (n_features,)):
            raise ValueError(
                f"{name} must have one value per feature, {n_features}, got shape {array.shape}"
            )
        return np.ascontiguousarray(np.broadcast_to(array, (n_features,)))

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
