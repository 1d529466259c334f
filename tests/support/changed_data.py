"""What can be made of training data by few changes: all of it, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product

import numpy as np
from helpers import Array, Problem, exact_squared_distance

from robust_metric import DataChanges


def tiny(seed: int, integers: bool, n_classes: int) -> tuple[Problem, np.random.Generator]:
    """Few points in the plane, classes apart more or less; and what else is to be drawn."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(6, 10)), int(rng.integers(1, 8))
    apart = int(rng.integers(4))
    y = rng.integers(0, n_classes, size=n)

    def draw(count: int) -> Array:
        if integers:
            return rng.integers(0, 4, size=(count, 2)).astype(float)
        return rng.normal(size=(count, 2))

    X = draw(n) + float(apart) * y[:, None]
    Z = draw(2) + float(apart) * rng.integers(0, n_classes, size=(2, 1))
    return Problem(X, np.unique(y, return_inverse=True)[1], Z, min(k, n), None), rng


def votes_of_changed(p: Problem, z: Array, changes: DataChanges) -> Iterator[list[int]]:
    """Labels of the K nearest to z under each choice of changes; new labels are -1 and one above all.

    Inserted points lie at z: of those that lie elsewhere fewer are among the K nearest, which is the same as
    inserting fewer.
    """
    distance = [exact_squared_distance(z, x, p.L) for x in p.X]
    labels = range(-1, int(p.y.max()) + 2)
    order = sorted(range(len(p.X)), key=lambda i: (distance[i], i))
    for deleted in subsets(order, changes.delete):
        left = [i for i in order if i not in deleted]
        for inserted in range(changes.insert + 1):
            near = left[: max(p.k - inserted, 0)]
            for added in product(labels, repeat=min(inserted, p.k)):
                for chosen in subsets(near, changes.relabel):
                    for given in product(labels, repeat=len(chosen)):
                        new = dict(zip(chosen, given, strict=True))
                        yield [*added, *(new.get(i, int(p.y[i])) for i in near)]


def subsets(items: list[int], most: int) -> Iterator[tuple[int, ...]]:
    for size in range(min(most, len(items)) + 1):
        yield from combinations(items, size)


def winner(votes: list[int]) -> int:
    return max(sorted(set(votes)), key=votes.count)


def survives(p: Problem, z: Array, label: int, changes: DataChanges) -> bool:
    """Whether the prediction at z is the label whatever is changed."""
    return all(winner(votes) == label for votes in votes_of_changed(p, z, changes))


def without_ties(p: Problem, z: Array) -> bool:
    distance: list[Fraction] = [exact_squared_distance(z, x, p.L) for x in p.X]
    return len(set(distance)) == len(distance)
