"""How far a·δ can get under a threat model, in integers: the part of the checker that knows about costs.

The perturbations are those with ‖Wδ‖_p < R, in the box, unmoved where W is infinite. ``Reach.below``
proves that 2 a·δ stays below a number for all of them. Each norm has a bound that holds for every
choice of a free number (a price or a set), and is attained for the right one (docs/threat_models.md);
floating point only makes that choice. All else is done in integers, as everywhere in the checker.
"""

from __future__ import annotations

import math
from fractions import Fraction
from math import isfinite, isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats
from ..threat import ThreatModel

Integers = NDArray[Any]  # of Python's integers

_PRECISION = 160  # bits of 1/W, rounded up


class Costs:
    """W and its inverse as integers: W_j = weight_j 2^-weight_bits, 1/W_j <= inverse_j 2^-inverse_bits."""

    def __init__(self, threat: ThreatModel, n_features: int) -> None:
        self.norm = float(threat.norm)
        values = threat.weights(n_features).tolist()
        exact = [Fraction(value) if isfinite(value) else None for value in values]
        used = [value for value in exact if value is not None]
        self.weight_bits = max([value.denominator.bit_length() - 1 for value in used], default=0)
        largest = max(used, default=Fraction(1))
        self.plain = all(value == 1 for value in exact)
        self.inverse_bits = 0 if self.plain else _PRECISION + max(0, largest.numerator.bit_length())
        self.weight = _array(
            [0 if value is None else int(value * 2**self.weight_bits) for value in exact]
        )
        self.inverse = _array(
            [0 if value is None else math.ceil(2**self.inverse_bits / value) for value in exact]
        )

    def dual_size(self, gradients: Integers) -> list[int]:
        """‖W⁻¹g‖_q of each row, rounded up, in units of 2^-inverse_bits."""
        scaled = gradients * self.inverse
        if self.norm == 1:
            return [int(value) for value in abs(scaled).max(axis=-1)]
        if self.norm == 2:
            return [isqrt(int(square)) + 1 for square in (scaled * scaled).sum(axis=-1)]
        return [int(value) for value in abs(scaled).sum(axis=-1)]


class Reach:
    """The perturbations of one certificate.

    Parameters
    ----------
    costs : Costs
    radius : float
        R; may be infinite.
    exponent : int
        Lengths are in units of 2^exponent.
    below, above : arrays of integers, or None
        How far each feature may fall and rise, in these units; -1 where nothing bounds it.
    """

    def __init__(
        self,
        costs: Costs,
        radius: float,
        exponent: int,
        below: Integers | None = None,
        above: Integers | None = None,
    ) -> None:
        self.costs, self.below, self.above = costs, below, above
        self.finite = isfinite(radius)
        self.radius = Fraction(radius) / Fraction(2) ** exponent if self.finite else Fraction(0)

    def within_length(self, gap: int, length: int) -> bool:
        """2 R length <= gap, for a length that bounds ‖W⁻¹a‖_q in units of 2^-inverse_bits."""
        left = 2 * self.radius.numerator * length
        return self.finite and left <= (gap * self.radius.denominator << self.costs.inverse_bits)

    def within_square(self, gap: int, square: int) -> bool:
        """2 R √square <= gap >= 0, for what bounds ‖W⁻¹a‖₂² in units of 4^-inverse_bits."""
        p, q = 2 * self.radius.numerator, self.radius.denominator << self.costs.inverse_bits
        return self.finite and bool(p**2 * square <= (gap * q) ** 2)

    def stays_below(self, gap: int, a: Integers) -> bool:
        """2 a·δ < gap for all of these perturbations; gap > 0."""
        if self.finite and self._unboxed(gap, a):
            return True
        if self.below is None or self.above is None:
            return not (a * self.costs.inverse).any()
        sizes, caps, farthest = self._in_box(a)
        if farthest is not None and 2 * farthest < gap:
            return True  # nothing in the box gets there
        if not self.finite:
            return False
        if self.costs.norm == 1:
            return self._one(gap, sizes, caps)
        return (
            self._two(gap, sizes, caps)
            if self.costs.norm == 2
            else self._infinity(gap, sizes, caps)
        )

    def never_beyond(self, gap: int, a: Integers) -> bool:
        """2 a·δ <= gap for all perturbations of any size, gap >= 0."""
        if self.below is None or self.above is None:
            return not (a * self.costs.inverse).any()
        farthest = self._in_box(a)[2]
        return farthest is not None and 2 * farthest <= gap

    def _in_box(self, a: Integers) -> tuple[Integers, Integers, int | None]:
        """|a_j| of what may move, how far that may go, and the largest a·δ, None where nothing bounds it."""
        assert self.below is not None and self.above is not None
        caps = np.where(a > 0, self.above, self.below)
        sizes = abs(a) * (self.costs.inverse > 0) * (caps != 0)
        unbounded = (sizes[caps < 0] != 0).any()
        return sizes, caps, None if unbounded else int((sizes * caps).sum())

    def _unboxed(self, gap: int, a: Integers) -> bool:
        scaled = a * self.costs.inverse
        left = 2 * self.radius.numerator
        right = gap * self.radius.denominator << self.costs.inverse_bits
        if self.costs.norm == 2:
            return bool(left**2 * int((scaled * scaled).sum()) <= right**2)
        sizes = abs(scaled)
        return bool(left * int(sizes.max() if self.costs.norm == 1 else sizes.sum()) <= right)

    def _infinity(self, gap: int, sizes: Integers, caps: Integers) -> bool:
        """Each feature moves by R / W_j, or to the box."""
        p, q = self.radius.numerator, self.radius.denominator << self.costs.inverse_bits
        reach = p * self.costs.inverse
        moved = np.where((caps >= 0) & (caps * q < reach), caps * q, reach)
        return 2 * int((sizes * moved).sum()) < gap * q

    def _one(self, gap: int, sizes: Integers, caps: Integers) -> bool:
        """Every price τ: a·δ <= τ ‖Wδ‖₁ + Σ (|a_j| - τ W_j)₊ cap_j; the price at which R is spent."""
        costs, spent = self.costs, Fraction(0)
        ratios = sizes * costs.inverse
        price = 0
        for j in sorted(np.flatnonzero(sizes).tolist(), key=lambda j: -ratios[j]):
            spent += Fraction(int(costs.weight[j] * caps[j]), 2**costs.weight_bits)
            if caps[j] < 0 or spent >= self.radius:
                price = int(ratios[j])
                break
        bits = costs.inverse_bits + costs.weight_bits
        rest = sizes * 2**bits - price * costs.weight
        rest = np.where(rest > 0, rest, 0)
        if (rest[caps < 0] != 0).any():
            return False
        p, q = self.radius.numerator, self.radius.denominator
        total = 2 * ((p * price << costs.weight_bits) + q * int((rest * caps).sum()))
        wanted = gap * q << bits
        return total < wanted or (price > 0 and total == wanted)

    def _two(self, gap: int, sizes: Integers, caps: Integers) -> bool:
        """Every μ > 0: 2 μ a·δ <= ‖Wδ‖² + Σ max over the box of (2 μ |a_j| δ_j - W_j² δ_j²)."""
        costs = self.costs
        scaled = sizes * costs.inverse
        largest = int(scaled.max())
        if largest == 0:
            return False
        # δ'_j / R = min(price s_j, c_j) of length 1, in floating point
        s = np.array([int(value) / largest for value in scaled])
        unit = self.radius * 2**costs.weight_bits
        c = np.array(
            [_ratio(int(w * cap), unit) for w, cap in zip(costs.weight, caps, strict=True)]
        )
        price = _price(s, c)
        mu = Fraction(price) * self.radius * 2**costs.inverse_bits / largest
        # cut off at the box: where the best step without a box is beyond it
        w, m, n = costs.weight, mu.numerator, mu.denominator
        cut = (caps >= 0) & (m * sizes << 2 * costs.weight_bits >= n * w * w * caps)
        free = scaled[~cut]
        total = self.radius**2
        total += mu**2 * Fraction(int((free * free).sum()), 4**costs.inverse_bits)
        total += 2 * mu * int((sizes[cut] * caps[cut]).sum())
        total -= Fraction(int(((w * caps)[cut] ** 2).sum()), 4**costs.weight_bits)
        return bool(total <= mu * gap)


def _array(values: list[int]) -> Integers:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def _ratio(cap: int, unit: Fraction) -> float:
    """Cap / unit, infinite where nothing bounds or floating point cannot hold it."""
    if cap < 0:
        return math.inf
    try:
        return float(cap / unit)
    except OverflowError:
        return math.inf


def _price(s: Floats, c: Floats) -> float:
    """The x at which min(x s, c) has length 1, or a large one where it never has."""
    low, high = 0.0, 1.0
    while float(np.square(np.minimum(high * s, c)).sum()) < 1.0 and high < 1e30:
        high *= 4.0
    for _ in range(80):
        middle = (low + high) / 2
        if float(np.square(np.minimum(middle * s, c)).sum()) < 1.0:
            low = middle
        else:
            high = middle
    return high
