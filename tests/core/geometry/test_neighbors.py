"""predict and kneighbors are the exact function of the stored numbers, ties included."""

from __future__ import annotations

import math
import time
from fractions import Fraction

import numpy as np
import pytest
from helpers import (
    METRICS,
    Problem,
    exact_neighbors,
    exact_prediction,
    exact_squared_distance,
    problem,
    problems,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.neighbors import KNeighborsClassifier

from robust_metric import CertifiedKNeighborsClassifier as Classifier


def assert_exact(p: Problem) -> None:
    clf = p.classifier()
    distances, indices = clf.kneighbors(p.Z)
    predicted = clf.predict(p.Z)
    for i, z in enumerate(p.Z):
        assert indices[i].tolist() == exact_neighbors(p, z), (p, z)
        assert predicted[i] == exact_prediction(p, z)
        for distance, index in zip(distances[i], indices[i], strict=True):
            assert_near_root(distance, exact_squared_distance(z, p.X[index], p.L))


def assert_near_root(distance: float, squared: Fraction) -> None:
    """To a few units in the last place, where the root is a normal number."""
    slack = Fraction(1, 2**48)
    if squared > Fraction(2) ** -2000:
        assert (1 - slack) * squared <= Fraction(distance) ** 2 <= (1 + slack) * squared
    else:
        assert distance >= 0 and Fraction(distance) ** 2 <= squared + Fraction(2) ** -1000


@given(problems())
def test_random_problems(p: Problem) -> None:
    assert_exact(p)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("k", [1, 2, 5])
def test_grids_full_of_ties(metric: str, k: int) -> None:
    for seed in range(3):
        assert_exact(problem(seed, "grid", metric, 3, k, d=3, n=40, queries=6))
        assert_exact(problem(seed, "pixels", metric, 3, k, d=2, n=40, queries=6))


values = st.sampled_from([0.0, -0.0, 1.0, 0.5, 1 / 3, 1e-8, 1 + 2**-52, 1e150, -1e150, 1e-150])
extremes = st.sampled_from([0.0, 5e-324, -5e-324, 2.5e-320, 1e-300, 1.0, 1e16, 1e300, -1e300])


@given(
    arrays(np.float64, (6, 2), elements=values | extremes),
    arrays(np.float64, (2, 2), elements=values | extremes),
    st.sampled_from([None, np.array([[1.0, 1e-8], [0.0, 1.0]]), np.array([[1e-200, 1e200]])]),
)
def test_numbers_of_very_different_size(X: np.ndarray, Z: np.ndarray, L: np.ndarray | None) -> None:
    """Scaling lets some of them underflow, and squares overflow."""
    p = Problem(X, np.array([0, 1, 0, 1, 0, 1]), Z, 3, L)
    indices = p.classifier().kneighbors(Z, return_distance=False)
    assert indices.tolist() == [exact_neighbors(p, z) for z in Z]


def test_small_feature_that_scaling_flushes_still_decides() -> None:
    X = np.array([[1e150, 1e-200], [1e150, -2e-200], [-1e150, 0.0]])
    p = Problem(X, np.array([0, 1, 1]), np.array([[1e150, -1e-200], [1e150, 0.0], [0, -1e-210]]), 1)
    assert p.classifier().kneighbors(p.Z, return_distance=False).tolist() == [[1], [0], [2]]
    assert [exact_neighbors(p, z) for z in p.Z] == [[1], [0], [2]]


def test_low_part_of_a_difference_that_scaling_flushes_still_decides() -> None:
    X = np.array([[-1.0], [1.0]])
    assert Classifier(1).fit(X, [0, 1]).predict([[5e-324], [0.0], [-5e-324]]).tolist() == [1, 0, 0]


@pytest.mark.parametrize("offset", [1e3, 1e8, 2.0**52, 2.0**60])
def test_offsets_do_not_blur_the_order(offset: float) -> None:
    p = problem(1, "normal", "square", 3, 4, d=3, n=40, queries=6)
    assert_exact(Problem(p.X + offset, p.y, p.Z + offset, p.k, p.L))


def test_ties_go_to_the_smaller_index_and_class() -> None:
    X = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    clf = Classifier(2, n_jobs=1).fit(X, [1, 0, 0, 1])
    assert clf.kneighbors([[0.0]], return_distance=False).tolist() == [[0, 1]]
    assert clf.kneighbors([[0.5]], return_distance=False).tolist() == [[0, 2]]
    assert clf.predict([[0.0], [0.5]]).tolist() == [0, 0]


def test_tie_at_different_points_of_a_learned_metric() -> None:
    """L(z - a) and L(z - b) have equal length over the real numbers, not in floating point."""
    L = np.array([[0.1, 0.2], [0.2, -0.1]])  # a rotation times a factor, up to rounding
    X = np.array([[3.0, 4.0], [4.0, 3.0], [5.0, 0.0], [0.0, -5.0]])
    p = Problem(X, np.array([0, 1, 2, 3]), np.zeros((1, 2)), 4, L)
    assert_exact(p)


@pytest.mark.parametrize("k", [1, 5, 30])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_agrees_with_scikit_learn_where_there_are_no_ties(k: int, n_jobs: int) -> None:
    rng = np.random.default_rng(k)
    X, y, Z = rng.normal(size=(700, 12)), rng.integers(0, 6, 700), rng.normal(size=(300, 12))
    L = rng.normal(size=(8, 12))
    clf = Classifier(k, L, n_jobs=n_jobs).fit(X, y)
    twin = KNeighborsClassifier(k, algorithm="brute").fit(X @ L.T, y)
    distances, indices = clf.kneighbors(Z)
    expected_distances, expected = twin.kneighbors(Z @ L.T)
    assert np.array_equal(indices, expected)
    assert np.allclose(distances, expected_distances, rtol=1e-12)
    assert np.array_equal(clf.predict(Z), twin.predict(Z @ L.T))


def test_thousands_of_ties_take_no_time() -> None:
    """All points of a binary cube are equally near to its centre; this once took a minute."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 2, size=(10_000, 40)).astype(float), rng.integers(0, 2, 10_000)
    started = time.perf_counter()
    clf = Classifier(7, n_jobs=1).fit(X, y)
    assert clf.kneighbors([[0.5] * 40], return_distance=False).tolist() == [list(range(7))]
    assert clf.certify([[0.5] * 40]).radius == 0
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("k", [1, 4, 11])
def test_tables_full_of_ties_are_certified_alike_with_and_without_evidence(k: int) -> None:
    """Binary and small-integer tables: where too many points tie, another way is taken for the same bits."""
    rng = np.random.default_rng(k)
    for levels in (2, 3):
        X, y = rng.integers(0, levels, size=(900, 8)).astype(float), rng.integers(0, 3, 900)
        Z = np.vstack([X[:20], np.full((1, 8), 0.5), rng.integers(0, levels, size=(20, 8)) + 0.25])
        clf = Classifier(k, n_jobs=1).fit(X, y)
        quick, proved = clf.certify(Z), clf.certify(Z, evidence=True)
        assert (quick.label == proved.label).all()
        assert (quick.radius == proved.radius).all()


def test_distance_is_not_the_root_of_a_rounded_square() -> None:
    X = np.array([[1e8 + 1e-7], [0.0]])
    distance = Classifier(1).fit(X, [0, 1]).kneighbors([[1e8]])[0][0, 0]
    assert math.isclose(distance, X[0, 0] - 1e8, rel_tol=1e-15)
