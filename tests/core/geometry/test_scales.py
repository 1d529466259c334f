"""Numbers out of the ordinary: points that are all equal, queries far from all, any size up to 1e300."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from helpers import (
    Array,
    Problem,
    attacks,
    exact_neighbors,
    exact_prediction,
    exact_squared_distance,
    problems,
)
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from threat_problems import NORMS, threat_model

import robust_metric as rm
from robust_metric.distributed.shards import Rows, Rule, certify_shards


def sizes() -> st.SearchStrategy[float]:
    """Numbers of any size, many of them alike."""
    return st.builds(
        lambda digit, k: digit * 10.0**k,
        st.sampled_from([-3.0, -1.0, 0.0, 0.3, 1.0]),
        st.integers(-300, 299),
    )


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Problem, list[int]]:
    """Blocks of equal points, where they end, and queries elsewhere."""
    d = draw(st.integers(1, 3))
    point = st.one_of(
        st.builds(lambda v: [v] * d, sizes()), st.lists(sizes(), min_size=d, max_size=d)
    )
    values = draw(st.lists(point, min_size=1, max_size=4))
    counts = draw(st.lists(st.integers(1, 3), min_size=len(values), max_size=len(values)))
    X = np.repeat(np.array(values), counts, axis=0)
    Z = np.array(draw(st.lists(point, min_size=1, max_size=3)))
    if draw(st.booleans()):  # near a point of the training set, on its scale
        Z[0] = X[draw(st.integers(0, len(X) - 1))] * draw(st.sampled_from([0.5, 1.25, -1.0]))
    y = np.array(draw(st.lists(st.integers(0, 2), min_size=len(X), max_size=len(X))))
    rows = st.lists(st.sampled_from([0.0, 1.0, -2.0, 1e-150, 3e150]), min_size=d, max_size=d)
    L = draw(st.one_of(st.none(), st.lists(rows, min_size=1, max_size=2).map(np.array)))
    k = draw(st.integers(1, len(X)))
    return Problem(X, y, Z, k, L, f"{X=}, {y=}, {Z=}, {k=}, {L=}"), np.cumsum(counts)[:-1].tolist()


def assert_rounded(computed: float, square: Fraction) -> None:
    """That a number is the root of a square up to a few units in the last place, or of subnormals."""
    if computed == np.inf:
        assert square > Fraction(1.79e308) ** 2
        return
    unit = Fraction(1, 2**1074)
    low, high = (
        Fraction(computed) * (1 - Fraction(1, 10**15)),
        Fraction(computed) * (1 + Fraction(1, 10**15)),
    )
    assert max(low - unit, 0) ** 2 <= square <= (high + unit) ** 2


@given(blocks())
def test_distances_and_neighbours_are_those_of_rational_arithmetic(
    drawn: tuple[Problem, list[int]],
) -> None:
    p, _ = drawn
    found = rm.CertifiedNearestNeighbors(p.k, p.L).fit(p.X)
    distances, indices = found.kneighbors(p.Z)
    labels = p.classifier().predict(p.Z)
    for z, label, row, positions in zip(p.Z, labels, distances, indices, strict=True):
        assert positions.tolist() == exact_neighbors(p, z)
        assert label == exact_prediction(p, z)
        if p.L is None:  # with components, what cancels in L(z - x) is lost
            for distance, position in zip(row, positions, strict=True):
                assert_rounded(distance, exact_squared_distance(z, p.X[position]))


@given(blocks())
def test_radii_are_at_most_those_of_rational_arithmetic(drawn: tuple[Problem, list[int]]) -> None:
    p, _ = drawn
    one = Problem(p.X, p.y, p.Z, 1, p.L)
    found = one.classifier().certify(one.Z)
    for z, label, radius in zip(one.Z, found.label, found.radius, strict=True):
        assert not np.isnan(radius)
        for other in one.X[one.y != label]:
            assert any(reaches(z, own, other, radius, one.L) for own in one.X[one.y == label]), (
                "some own-class point must hold that entrant off"
            )


def reaches(z: Array, own: Array, other: Array, radius: float, L: Array | None) -> bool:
    """Whether the half-space where `other` is at least as near as `own` begins at the radius, or is empty."""
    if (own == other).all():
        return True
    gap = exact_squared_distance(z, other, L) - exact_squared_distance(z, own, L)
    rows = np.eye(len(z)) if L is None else L
    w = [Fraction(a) - Fraction(b) for a, b in zip(own.tolist(), other.tolist(), strict=True)]
    mapped = [
        sum((Fraction(a) * b for a, b in zip(row, w, strict=True)), Fraction(0))
        for row in rows.tolist()
    ]
    normal = [
        sum(
            (Fraction(row[j]) * m for row, m in zip(rows.tolist(), mapped, strict=True)),
            Fraction(0),
        )
        for j in range(len(z))
    ]
    square = sum((n * n for n in normal), Fraction(0))
    if radius == np.inf:
        return square == 0
    return square == 0 or (gap >= 0 and Fraction(radius) ** 2 * 4 * square <= gap**2)


def sharded(p: Problem, cuts: list[int]) -> tuple[Array, NDArray[np.int64]]:
    """Radii and labels from single-valued shards, and an empty one."""
    classes, y = np.unique(p.y, return_inverse=True)
    shards = [Rows(i, p.X[i], y[i].astype(np.int32)) for i in np.split(np.arange(len(p.X)), cuts)]
    shards.append(shards[0].take(np.zeros(0, dtype=np.int64)))
    rule = Rule(p.k, len(classes), p.L, p.threat)
    radius, label = certify_shards(
        lambda function, *arguments: [function(s, *arguments) for s in shards], rule, p.Z, None, 2
    )
    return radius, classes[label]


@given(blocks())
def test_shards_answer_as_the_whole(drawn: tuple[Problem, list[int]]) -> None:
    p, cuts = drawn
    whole = p.classifier().certify(p.Z)
    radius, label = sharded(p, cuts)
    np.testing.assert_array_equal(label, whole.label)
    np.testing.assert_array_equal(radius, whole.radius)


def far(p: Problem, power: int) -> Problem:
    """The same directions, 10^power times as far."""
    return replace(p, Z=p.Z * 10.0**power, name=f"{p.name}, {power=}")


FAR = st.builds(
    far, problems(families=("normal", "grid", "offset", "mixed"), queries=2), st.integers(10, 280)
)


@given(FAR)
def test_far_queries_are_answered_exactly_and_certified(p: Problem) -> None:
    clf = p.classifier()
    certificates, found = clf.certify(p.Z), clf.minimal_perturbation(p.Z, time_limit=0.5)
    _, indices = rm.CertifiedNearestNeighbors(p.k, p.L).fit(p.X).kneighbors(p.Z)
    rng = np.random.default_rng(0)
    for i, z in enumerate(p.Z):
        label = exact_prediction(p, z)
        assert certificates.label[i] == found.label[i] == label
        assert indices[i].tolist() == exact_neighbors(p, z)
        assert certificates.radius[i] <= found.lower[i] <= found.upper[i]
        if 0 < found.lower[i] < np.inf:
            inside = attacks(p, z, found.lower[i], rng, 20)
            assert (clf.predict(inside) == label).all()
            assert all(exact_prediction(p, point) == label for point in inside[:5])
        if found.upper[i] < np.inf:
            moved = z + found.perturbation[i]
            assert exact_prediction(p, moved) == found.adversarial_label[i] != label


@given(FAR, st.sampled_from(NORMS), st.sampled_from(["plain", "weighted", "frozen"]))
def test_far_queries_under_other_threat_models(p: Problem, norm: float, kind: str) -> None:
    rng = np.random.default_rng(0)
    p = replace(p, threat=threat_model(rng, norm, kind, p.X))
    clf = p.classifier()
    certificates, found = clf.certify(p.Z), clf.minimal_perturbation(p.Z, time_limit=0.3)
    for i, z in enumerate(p.Z):
        assert certificates.radius[i] <= found.lower[i] <= found.upper[i]
        if 0 < found.lower[i] < np.inf:
            inside = attacks(p, z, found.lower[i], rng, 20)
            assert (clf.predict(inside) == found.label[i]).all()


@given(FAR)
def test_shards_answer_far_queries_as_the_whole(p: Problem) -> None:
    whole = p.classifier().certify(p.Z)
    radius, label = sharded(p, [len(p.X) // 3, len(p.X) // 2])
    np.testing.assert_array_equal(label, whole.label)
    np.testing.assert_array_equal(radius, whole.radius)


@given(FAR)
def test_radii_of_far_queries_are_those_of_rational_arithmetic(p: Problem) -> None:
    one = replace(p, k=1)
    found = one.classifier().certify(one.Z)
    for z, label, radius in zip(one.Z, found.label, found.radius, strict=True):
        own, others = one.X[one.y == label], one.X[one.y != label]
        assert all(any(reaches(z, x, other, radius, one.L) for x in own) for other in others)
        if 0 < radius < 1e300:  # an equal point bounds nothing
            beyond = radius * (1 + 1e-7)
            assert not all(
                any(reaches(z, x, other, beyond, one.L) for x in own if (x != other).any())
                for other in others
            )


@pytest.mark.parametrize("grid", [False, True])
@pytest.mark.parametrize("size", [1e11, 1e13, 1e40, 1e200])
def test_far_queries_of_tables(grid: bool, size: float) -> None:
    """Large enough for leaves, which far queries do without: with evidence the same radii."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (700, 3)) * 1.0 if grid else rng.normal(size=(700, 3))
    Z = (rng.integers(-3, 4, (6, 3)) * 1.0 if grid else rng.normal(size=(6, 3))) * size
    p = Problem(X, rng.integers(0, 3, 700), Z, 3)
    clf = p.classifier()
    assert clf.predict(Z).tolist() == [exact_prediction(p, z) for z in Z]
    found, proved = clf.certify(Z), clf.certify(Z, evidence=True)
    np.testing.assert_array_equal(found.radius, proved.radius)
    np.testing.assert_array_equal(found.label, proved.label)


@pytest.mark.parametrize("metric", [None, np.eye(330) + 0.01])
def test_far_queries_cost_little_more(metric: Array | None) -> None:
    """Than others that are answered by products with all points: so many features have no leaves."""
    rng = np.random.default_rng(0)
    X, y, Z = rng.normal(size=(900, 330)), rng.integers(0, 3, 900), rng.normal(size=(40, 330))
    clf = rm.CertifiedKNeighborsClassifier(5, metric, n_jobs=1).fit(X, y)

    def seconds(answer: Callable[[Array], object], queries: Array) -> float:
        times = []
        for _ in range(3):
            start = time.process_time()
            answer(queries)
            times.append(time.process_time() - start)
        return min(times)

    for answer in (clf.predict, clf.certify):
        assert seconds(answer, Z * 1e200) < 20 * seconds(
            answer, Z
        )  # hundreds where nothing is filtered


@pytest.mark.parametrize(
    ("points", "query", "distance"),
    [
        ([[1e200], [1e200]], [-1e200], 2e200),
        ([[0.0]], [1e-200], 1e-200),
        ([[0.0], [1.0]], [5e-324], 5e-324),
        ([[1e-300, 1e-300]], [1e300, 1e300], np.sqrt(2) * 1e300),
        ([[-3e-200], [7e200]], [-7e-200], 4e-200),
    ],
)
def test_distances_without_a_scale(
    points: list[list[float]], query: list[float], distance: float
) -> None:
    found, _ = rm.CertifiedNearestNeighbors(1).fit(points).kneighbors([query])
    np.testing.assert_allclose(found, [[distance]], rtol=1e-15)
