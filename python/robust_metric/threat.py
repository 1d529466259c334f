"""Threat models: what a perturbation may be, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ._base.arrays import Floats, Mask
from ._base.feature_values import FeatureValues, called
from ._base.frozen import FrozenArrays, frozen


@dataclass(frozen=True, eq=False, repr=False)
class ThreatModel(FrozenArrays):
    """Perturbations δ of cost ‖Wδ‖_p, W a positive diagonal, within an optional box.

    Parameters
    ----------
    norm : 1, 2 or inf, default 2
        The p of the cost; "inf" is inf.
    bounds : pair of float, None or (d,) float64, or dict, optional
        Lower and upper bounds that a perturbed input keeps; None is no bound. A dict has a pair for
        each of some features, by name or by number: ``{"income": (0, None)}``. Arrays are copied, here
        and below.
    feature_cost : (d,) float64, or dict, optional
        Diagonal of W; an infinite cost freezes a feature. By default all ones, and in a dict,
        ``{"age": inf}``, for features that it does not mention. Finite costs may differ by a factor
        of 2^200.
    clip_queries : bool, default False
        What happens to queries outside the bounds: they are an error, or moved to the nearest
        point inside, which is then what is certified.

    Raises
    ------
    ValueError
        If a parameter is not of the form above.

    Notes
    -----
    Names are those of the data that an estimator is fitted to, a data frame's columns: ``fit``
    looks them up, and raises ValueError for a name that is none. What estimators hand out and files
    hold has one number a feature.

    Examples
    --------
    The smallest change of the first two of three features, kept in [0, 1], that changes the class:

    >>> import robust_metric as rm
    >>> threat = rm.ThreatModel(norm=1, bounds=(0, 1), feature_cost=[1, 1, float("inf")])
    >>> X = [[0.1, 0.2, 0.3], [0.9, 0.8, 0.3]]
    >>> clf = rm.CertifiedKNeighborsClassifier(n_neighbors=1, threat=threat).fit(X, [0, 1])
    >>> found = clf.minimal_perturbation([[0.1, 0.2, 0.3]])
    >>> found.perturbation.round(3)
    array([[0.625, 0.   , 0.   ]])
    """

    norm: float = 2
    bounds: Any = None
    feature_cost: Any = None
    clip_queries: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.norm, str) and self.norm == "inf":
            object.__setattr__(self, "norm", math.inf)
        if isinstance(self.norm, bool) or self.norm not in (1, 2, math.inf):
            raise ValueError(f"norm must be 1, 2 or inf, got {self.norm!r}")
        # plain numbers and arrays of its own: radii under this model must not come to mean another
        object.__setattr__(self, "norm", self.norm if math.isinf(self.norm) else int(self.norm))
        if self.bounds is not None:
            object.__setattr__(self, "bounds", self._checked_bounds())
        if self.feature_cost is not None:
            named = FeatureValues.of(self.feature_cost)
            cost = frozen(self.feature_cost if named is None else _costs(named), np.float64)
            _check_costs(cost)
            object.__setattr__(self, "feature_cost", cost if named is None else named)

    def _checked_bounds(self) -> tuple[float | Floats, float | Floats] | FeatureValues:
        named = FeatureValues.of(self.bounds)
        if named is None:
            named = FeatureValues.of_pair(self.bounds, "bounds")
        if named is not None:
            for pair in named.values():
                lower, upper = _sides(pair, self.bounds)
                if lower.ndim or upper.ndim:
                    raise ValueError(
                        f"bounds must have a pair of numbers for each feature, got {self.bounds!r}"
                    )
                _check_bounds(lower, upper, self.bounds)
            return named
        lower, upper = _sides(self.bounds, self.bounds)
        _check_bounds(lower, upper, self.bounds)
        return _plain(lower), _plain(upper)

    def for_features(self, n_features: int, names: Sequence[str] | None = None) -> ThreatModel:
        """Return the same with one number for each feature, where it says something of some by name.

        Parameters
        ----------
        n_features : int
        names : sequence of str, optional
            What the features are called.

        Raises
        ------
        ValueError
            If there is no feature of a name or number, or bounds and costs are for another number of
            features.
        """
        cost, bounds = self.feature_cost, self.bounds
        if isinstance(cost, FeatureValues):
            cost = FeatureValues(dict(zip(cost, _costs(cost), strict=True)))
            cost = cost.spread(1.0, n_features, names, "feature_cost")
        if isinstance(bounds, FeatureValues):
            ends = {feature: _sides(pair, bounds) for feature, pair in bounds.items()}
            bounds = tuple(
                FeatureValues({feature: pair[i] for feature, pair in ends.items()}).spread(
                    default, n_features, names, "bounds"
                )
                for i, default in enumerate((-math.inf, math.inf))
            )
        same = cost is self.feature_cost and bounds is self.bounds
        threat = self if same else replace(self, bounds=bounds, feature_cost=cost)
        threat.weights(n_features), threat.box(n_features)  # raise where they do not fit
        return threat

    def __repr__(self) -> str:
        """Return what differs from the default; long arrays are shown by length and range."""
        parts = [] if self.norm == 2 else [f"norm={self.norm}"]
        if isinstance(self.bounds, FeatureValues):
            parts.append(f"bounds={self.bounds!r}")
        elif self.bounds is not None:
            lower, upper = (_brief(side) for side in self.bounds)
            parts.append(f"bounds=({lower}, {upper})")
        if isinstance(self.feature_cost, FeatureValues):
            parts.append(f"feature_cost={self.feature_cost!r}")
        elif self.feature_cost is not None:
            parts.append(f"feature_cost={_brief(self.feature_cost)}")
        if self.clip_queries:
            parts.append("clip_queries=True")
        return f"ThreatModel({', '.join(parts)})"

    def __eq__(self, other: object) -> bool:
        """Equal norms, bounds and costs; arrays by value."""
        if not isinstance(other, ThreatModel):
            return NotImplemented
        same = self.norm == other.norm and self.clip_queries == other.clip_queries
        return same and all(
            (a is None) == (b is None) and (a is None or _same(a, b))
            for a, b in ((self.bounds, other.bounds), (self.feature_cost, other.feature_cost))
        )

    def __str__(self) -> str:
        """Return one line for people, without the numbers of arrays."""
        parts = [f"{self.norm:g}-norm"]
        if isinstance(self.feature_cost, FeatureValues):
            parts.append(f"feature costs {self.feature_cost!r}")
        elif self.feature_cost is not None:
            cost = np.asarray(self.feature_cost, dtype=np.float64)
            parts.append("feature costs" if (cost[np.isfinite(cost)] != 1.0).any() else "")
            frozen = int(np.isinf(cost).sum())
            parts.append(f"{frozen} of {len(cost)} features frozen" if frozen else "")
        if isinstance(self.bounds, FeatureValues):
            parts.append(f"bounds {self.bounds!r}")
        elif self.bounds is not None:
            lower, upper = (np.asarray(side, dtype=np.float64) for side in self.bounds)
            single = lower.ndim == upper.ndim == 0
            parts.append(f"bounds [{lower:g}, {upper:g}]" if single else "bounds of each feature")
        if self.bounds is not None:
            parts.append("queries clipped" if self.clip_queries else "")
        return ", ".join(filter(None, parts))

    def cost(self, perturbations: ArrayLike) -> Floats:
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
            weight = self.weights(size.shape[1])
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
            upward: Floats = np.nextafter(rounded_up, np.inf)
        cost: Floats = np.where(largest == 0.0, 0.0, upward)
        return cost

    def clip(self, X: ArrayLike, perturbations: ArrayLike) -> Floats:
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

    def holds(self, X: ArrayLike) -> Mask:
        """Whether each row of the (m, d) array X keeps the bounds: (m,) bool."""
        points = np.asarray(X, dtype=np.float64)
        if self.bounds is None:
            return np.ones(len(points), dtype=np.bool_)
        lower, upper = self._box(points.shape[1])
        within: Mask = np.asarray((lower <= points) & (points <= upper))
        return np.asarray(within.all(axis=1))

    def frozen(self, n_features: int) -> Mask:
        """Which features cannot move: (d,) bool."""
        if self.feature_cost is None:
            return np.zeros(n_features, dtype=np.bool_)
        return np.isinf(self.weights(n_features))

    def _box(self, n_features: int) -> tuple[Floats, Floats]:
        bounds = self.bounds
        if isinstance(bounds, FeatureValues):
            bounds = self.for_features(n_features).bounds
        lower, upper = (self._per_feature(side, n_features, "bounds") for side in bounds)
        return lower, upper

    @staticmethod
    def _per_feature(values: Any, n_features: int, name: str) -> Floats:
        array = np.asarray(values, dtype=np.float64)
        if array.shape not in ((), (n_features,)):
            raise ValueError(
                f"{name} must have one value per feature, {n_features}, got shape {array.shape}"
            )
        return np.ascontiguousarray(np.broadcast_to(array, (n_features,)))

    def weights(self, n_features: int) -> Floats:
        """Diagonal of W, (d,) float64.

        Raises
        ------
        ValueError
            If ``feature_cost`` has another number of features.
        """
        if self.feature_cost is None:
            return np.ones(n_features)
        if isinstance(self.feature_cost, FeatureValues):
            return self.for_features(n_features).weights(n_features)
        return self._per_feature(self.feature_cost, n_features, "feature_cost")

    def box(self, n_features: int) -> tuple[Floats, Floats] | None:
        """Lower and upper bounds, (d,) float64 each, or None.

        Raises
        ------
        ValueError
            If ``bounds`` have another number of features.
        """
        return None if self.bounds is None else self._box(n_features)

    def admit(
        self,
        X: Floats,
        names: Sequence[str] | None = None,
        units: tuple[Floats, Floats] | None = None,
    ) -> Floats:
        """Return the queries X, (m, d), moved into the bounds where ``clip_queries`` asks for it.

        ``names`` are those of the features, ``units`` the offset and the scale of the table that X
        comes from: an error is told in these.

        Raises
        ------
        ValueError
            If a query is outside the bounds, and ``clip_queries`` is False.
        """
        box = self.box(X.shape[1])
        if box is None:
            return X
        inside = self.holds(X)
        if inside.all():
            return X
        if self.clip_queries:
            return np.clip(X, *box)
        row = int(np.flatnonzero(~inside)[0])
        column = int(np.flatnonzero((X[row] < box[0]) | (X[row] > box[1]))[0])
        low, high, value = told = [float(side[column]) for side in (*box, X[row])]
        scaled = ""
        if units is not None:
            scaled = f" (scaled [{low}, {high}] and {value:.6g})"
            offset, scale = units
            low, high, value = (float(f"{x * scale[column] + offset[column]:.12g}") for x in told)
        raise ValueError(
            f"X must lie within the bounds of threat, [{low}, {high}] for {called(column, names)}, "
            f"got {value} in row {row}{scaled}; "
            "ThreatModel(..., clip_queries=True) moves such queries to the nearest point inside"
        )


def _costs(named: FeatureValues) -> list[float]:
    try:
        return [float(cost) for cost in named.values()]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"feature_cost must have a positive number for each feature, got {named!r}"
        ) from error


def _check_costs(cost: Floats) -> None:
    if cost.ndim != 1 or not (cost > 0).all():
        raise ValueError(f"feature_cost must be a (d,) array of positive numbers, got {cost!r}")
    finite = cost[np.isfinite(cost)]
    if finite.size and not finite.max() <= 2.0**200 * finite.min():
        raise ValueError(
            "feature_cost must have finite entries that differ by a factor of at most "
            f"2^200, got {finite.min()} and {finite.max()}; infinity freezes a feature"
        )


def _sides(pair: Any, bounds: Any) -> tuple[Floats, Floats]:
    """Lower and upper bound, of which None is none."""
    try:
        lower, upper = pair
        lower, upper = -math.inf if lower is None else lower, math.inf if upper is None else upper
        return frozen(lower, np.float64), frozen(upper, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "bounds must be a pair (lower, upper), or a dict with one for each of some features, "
            f"got {bounds!r}"
        ) from error


def _check_bounds(lower: Floats, upper: Floats, bounds: Any) -> None:
    if lower.shape and upper.shape and lower.shape != upper.shape:
        raise ValueError(f"bounds must be for one number of features, got {bounds!r}")
    wrong = np.flatnonzero(~(lower <= upper))  # NaN is wrong, too
    if wrong.size:
        where = f" for feature {wrong[0]}" if lower.ndim or upper.ndim else ""
        raise ValueError(f"bounds must have lower <= upper everywhere, got {bounds!r}{where}")
    if np.any(lower == math.inf) or np.any(upper == -math.inf):
        raise ValueError(f"bounds must leave finite numbers between them, got {bounds!r}")


def _plain(side: Floats) -> float | Floats:
    return side if side.ndim else float(side)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, FeatureValues) or isinstance(b, FeatureValues):
        return bool(a == b)
    if isinstance(a, tuple):
        return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    return np.array_equal(a, b)


def _brief(values: Any) -> str:
    array = np.asarray(values, dtype=np.float64)
    if array.size <= 8:
        return str(array.tolist())
    return f"<{array.size} values from {array.min():g} to {array.max():g}>"
