"""The infimum of the costs that change a class, enumerated in rational arithmetic.

A slow twin for problems of a few points in a few dimensions. Unlike the closed cells that searches
project onto, it knows which comparisons are strict: of two equal distances the point of smaller index
comes first, so a cell may be empty although its closure is not.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
from helpers import Array, Problem, exact_prediction

from robust_metric import ThreatModel

Row = list[Fraction]
# a·δ >= b, or > b where strict
Constraint = tuple[Row, Fraction, bool]


def small_integers(seed: int, d: int | None = None) -> Problem:
    """A few points with small coordinates, most distances many times over; all kinds of threats."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 4)) if d is None else d
    n, top = int(rng.integers(4, 8)), int(rng.integers(1, 4))
    classes, k = int(rng.integers(2, 4)), int(rng.integers(1, min(5, n - 1) + 1))
    X = rng.integers(0, top + 1, (n, d)).astype(float)
    y = rng.permutation(np.r_[np.arange(classes), rng.integers(0, classes, n - classes)])
    Z = rng.integers(0, top + 1, (3, d)) / float(rng.choice([1, 1, 2]))
    L = rng.integers(-1, 2, (int(rng.integers(1, d + 1)), d)).astype(float)
    cost = rng.integers(1, 4, d).astype(float) if rng.random() < 0.3 else np.ones(d)
    cost[rng.random(d) < 0.3] = np.inf
    if not np.isfinite(cost).any():
        cost[0] = 1.0
    threat = ThreatModel(
        norm=float(rng.choice([1, 2, np.inf])),
        bounds=(0, top) if rng.random() < 0.25 else None,
        feature_cost=cost if rng.random() < 0.6 else None,
    )
    name = f"{seed=}, small integers"
    return Problem(X, y, Z, k, L if rng.random() < 0.2 else None, name, threat)


def infimum(p: Problem, z: Array) -> float:
    """inf { cost(δ) : the class of z + δ differs }, correctly rounded but for a root; inf for none."""
    label = exact_prediction(p, z)
    return min((d for _, d in cells(p, z, label)), default=math.inf)


def cells(p: Problem, z: Array, label: int) -> list[tuple[tuple[int, ...], float]]:
    """The sets of K neighbours that vote for another class, and the distances of their cells."""
    found = []
    order = Order(p, z)
    for inside in combinations(range(len(p.X)), p.k):
        votes = [0] * (int(p.y.max()) + 1)
        for i in inside:
            votes[int(p.y[i])] += 1
        if votes.index(max(votes)) == label:
            continue
        constraints = [
            order.first(i, j) for i in inside for j in range(len(p.X)) if j not in inside
        ]
        distance = order.distance([*constraints, *order.box])
        if distance is not None:
            found.append((inside, distance))
    return found


class Order:
    """Comparisons of distances from z + δ as constraints on Wδ, frozen features left out."""

    def __init__(self, p: Problem, z: Array) -> None:
        self.norm = p.threat.norm
        weights = p.threat.weights(len(z)).tolist()
        self.free = [j for j, w in enumerate(weights) if math.isfinite(w)]
        self.weights = [Fraction(weights[j]) for j in self.free]
        self.X = [[Fraction(v) for v in x] for x in p.X.tolist()]
        self.z = [Fraction(v) for v in z.tolist()]
        self.L = None if p.L is None else [[Fraction(v) for v in row] for row in p.L.tolist()]
        self.box: list[Constraint] = []
        box = p.threat.box(len(z))
        if box is not None:
            for c, j in enumerate(self.free):
                unit = [Fraction(int(i == c)) for i in range(len(self.free))]
                lower, upper = (bound.tolist()[j] for bound in box)
                if math.isfinite(lower):
                    self.box.append((unit, (Fraction(lower) - self.z[j]) * self.weights[c], False))
                if math.isfinite(upper):
                    gap = (self.z[j] - Fraction(upper)) * self.weights[c]
                    self.box.append(([-u for u in unit], gap, False))

    def mapped(self, row: Row) -> Row:
        return row if self.L is None else [dot(a, row) for a in self.L]

    def first(self, i: int, j: int) -> Constraint:
        """Point i comes before point j."""
        to_i, to_j = (
            self.mapped([a - b for a, b in zip(self.X[k], self.z, strict=True)]) for k in (i, j)
        )
        step = self.mapped([a - b for a, b in zip(self.X[i], self.X[j], strict=True)])
        if self.L is None:
            normal = [step[f] for f in self.free]
        else:
            normal = [dot([row[f] for row in self.L], step) for f in self.free]
        normal = [a / w for a, w in zip(normal, self.weights, strict=True)]
        return normal, (dot(to_i, to_i) - dot(to_j, to_j)) / 2, i > j

    def distance(self, constraints: list[Constraint]) -> float | None:
        """Distance of the closure of a cell; None where the cell is empty."""
        d = len(self.free)
        if any(not any(a) and (b > 0 or (b == 0 and s)) for a, b, s in constraints):
            return None
        constraints = [(a, b, s) for a, b, s in constraints if any(a)]
        zeros, one = [Fraction(0)] * (2 * d), Fraction(1)
        rows = [[*(-v for v in a), *a] for a, _, _ in constraints]
        bounds = [-b for _, b, _ in constraints]
        strict = [Fraction(int(s)) for _, _, s in constraints]
        with_slack = [[*row, s] for row, s in zip(rows, strict, strict=True)]
        slack = maximum([*zeros, one], [*with_slack, [*zeros, one]], [*bounds, one])
        if slack is None or slack == 0:
            return None
        if all(b <= 0 for _, b, _ in constraints):
            return 0.0
        if self.norm == 2:
            return root(shortest([(a, b) for a, b, _ in constraints]))
        if self.norm == 1:
            return float(-optimum(maximum([-one] * (2 * d), rows, bounds)))
        rows = [[*row, Fraction(0)] for row in rows]
        caps = [[*(Fraction(int(i == j)) for i in range(2 * d)), -one] for j in range(2 * d)]
        return float(-optimum(maximum([*zeros, -one], [*rows, *caps], [*bounds, *zeros])))


def shortest(constraints: list[tuple[Row, Fraction]]) -> Fraction:
    """min |δ|² with a·δ >= b for all, which some δ satisfies: the active rows are searched for."""
    d = len(constraints[0][0])
    for count in range(1, d + 1):
        for active in combinations(constraints, count):
            gram = [[dot(a, c) for c, _ in active] for a, _ in active]
            multipliers = solve(gram, [b for _, b in active])
            if multipliers is None or min(multipliers) < 0:
                continue
            point = [dot(multipliers, [a[j] for a, _ in active]) for j in range(d)]
            if all(dot(a, point) >= b for a, b in constraints):
                return dot(point, point)
    raise AssertionError("no active set is optimal")


def solve(matrix: list[Row], right: Row) -> Row | None:
    """Gauss and Jordan; None for a singular matrix."""
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [v / rows[k][k] for v in rows[k]]
        for i in range(len(rows)):
            if i != k and rows[i][k]:
                rows[i] = [v - rows[i][k] * w for v, w in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def maximum(objective: Row, rows: list[Row], bounds: Row) -> Fraction | None:
    """max c·x with A x <= b, x >= 0, by the simplex method with Bland's rule; None for no such x."""
    n, m = len(objective), len(rows)
    one, zero = Fraction(1), Fraction(0)
    # columns: x, slacks, one artificial variable, right side
    table = [
        [*row, *(one if i == j else zero for j in range(m)), -one, b]
        for i, (row, b) in enumerate(zip(rows, bounds, strict=True))
    ]
    basis = [n + i for i in range(m)]
    artificial = n + m
    if min(bounds) < 0:
        pivot(table, basis, bounds.index(min(bounds)), artificial)
        costs = [zero] * artificial + [-one]
        if run(table, basis, costs) != 0:
            return None
        if artificial in basis:
            row = basis.index(artificial)
            column = next((j for j in range(artificial) if table[row][j]), None)
            if column is not None:
                pivot(table, basis, row, column)
    for equation in table:
        equation[artificial] = zero
    return run(table, basis, [*objective, *([zero] * (m + 1))])


def run(table: list[Row], basis: list[int], costs: Row) -> Fraction:
    """Pivots until the objective is largest, and returns it; every problem here is bounded."""
    while True:
        prices = [costs[b] for b in basis]
        entering = next(
            (
                j
                for j in range(len(costs))
                if j not in basis and costs[j] > dot(prices, [row[j] for row in table])
            ),
            None,
        )
        if entering is None:
            return dot(prices, [row[-1] for row in table])
        ratios = [
            (row[-1] / row[entering], basis[i], i)
            for i, row in enumerate(table)
            if row[entering] > 0
        ]
        pivot(table, basis, min(ratios)[2], entering)


def pivot(table: list[Row], basis: list[int], row: int, column: int) -> None:
    scale = table[row][column]
    table[row] = [v / scale for v in table[row]]
    for i in range(len(table)):
        if i != row and table[i][column]:
            factor = table[i][column]
            table[i] = [v - factor * w for v, w in zip(table[i], table[row], strict=True)]
    basis[row] = column


def optimum(value: Fraction | None) -> Fraction:
    assert value is not None
    return value


def dot(a: Row, b: Row) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def root(square: Fraction) -> float:
    """Its square root to 2⁻⁵⁰, whatever its size."""
    if square == 0:
        return 0.0
    shift = 2 * (60 - (square.numerator.bit_length() - square.denominator.bit_length()) // 2)
    return math.ldexp(math.isqrt(int(square * Fraction(2) ** shift)), -shift // 2)
