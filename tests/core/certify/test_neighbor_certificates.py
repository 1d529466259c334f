"""Certified sets of neighbours: against the slow twin, attacked inside the radius, tight at it."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from helpers import (
    FAMILIES,
    METRICS,
    Problem,
    attacks,
    exact_neighbors,
    problem,
    problems,
    strictly_inside,
)
from hypothesis import given
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks
from threat_problems import THREATS, pair_distance, threat_problem

import robust_metric as rm
from robust_metric import _core

# families and metrics for which the twin's long double is accurate enough to compare with
PLAIN_FAMILIES = ("normal", "grid", "pixels", "duplicates", "offset")
PLAIN_METRICS = ("euclidean", "square", "wide", "tall")

Search = rm.CertifiedNearestNeighbors


@parametrize_with_checks([Search(n_neighbors=1), Search(n_neighbors=3)])
def test_scikit_learn_checks(estimator: Search, check: Any) -> None:
    check(estimator)


def search(p: Problem) -> Search:
    return Search(p.k, p.L, n_jobs=1).fit(p.X)


def sets(found: Any, X: np.ndarray) -> np.ndarray:
    return np.sort(found.kneighbors(X, return_distance=False), axis=1)


@given(problems(families=PLAIN_FAMILIES, metrics=PLAIN_METRICS))
def test_agrees_with_the_slow_twin(p: Problem) -> None:
    c = search(p).certify_neighbors(p.Z)
    size = np.abs(p.X).max()
    radius = _core.neighbor_radii_reference(p.X, np.zeros(len(p.X), np.int32), 1, p.L, p.Z, p.k)
    assert np.allclose(c.radius, radius, rtol=1e-10, atol=1e-13 * size)
    assert (c.radius <= radius * (1 + 1e-15) + 1e-14 * size).all()


@pytest.mark.parametrize("k", [1, 2, 7, 40])
def test_agrees_with_the_slow_twin_on_larger_problems(k: int) -> None:
    for seed, metric in enumerate(PLAIN_METRICS):
        p = problem(seed, "normal", metric, 1, k, d=4, n=300, queries=10)
        radius = _core.neighbor_radii_reference(p.X, np.zeros(300, np.int32), 1, p.L, p.Z, k)
        assert np.allclose(search(p).certify_neighbors(p.Z).radius, radius, rtol=1e-10)


@given(problems())
def test_nothing_inside_the_radius_changes_the_set(p: Problem) -> None:
    rng = np.random.default_rng(0)
    found = search(p)
    c = found.certify_neighbors(p.Z)
    assert np.array_equal(c.indices, found.kneighbors(p.Z, return_distance=False))
    for z, radius, indices in zip(p.Z, c.radius, c.indices, strict=True):
        reach = min(radius, 1e6 * np.ptp(p.X)) if np.ptp(p.X) > 0 else min(radius, 1.0)
        if reach > 0 and len(moved := attacks(p, z, reach, rng)):
            assert (sets(found, moved) == np.sort(indices)).all(), (p, z, radius)


@given(problems(queries=1))
def test_attacks_decided_in_rational_arithmetic(p: Problem) -> None:
    """The same without relying on kneighbors."""
    rng = np.random.default_rng(0)
    c = search(p).certify_neighbors(p.Z)
    radius = min(c.radius[0], 1e6 * max(np.ptp(p.X), 1e-300))
    if radius > 0:
        moved = attacks(p, p.Z[0], radius, rng, count=5)
        for point in rng.permutation(moved)[:8]:
            assert set(exact_neighbors(p, point)) == set(c.indices[0])


@pytest.mark.parametrize("metric", ["euclidean", "square", "wide", "tall"])
@pytest.mark.parametrize("k", [1, 2, 5, 11])
def test_just_past_the_radius_the_set_changes(k: int, metric: str) -> None:
    """The radius is not a bound that a better method could raise: some half-space begins there."""
    p = problem(k, "normal", metric, 1, k, d=4, n=60, queries=30)
    found = search(p)
    M = np.eye(4) if p.L is None else p.L.T @ p.L
    c = found.certify_neighbors(p.Z)
    for z, radius, indices in zip(p.Z, c.radius, c.indices, strict=True):
        others = np.setdiff1d(np.arange(60), indices)
        normals = ((p.X[others][:, None] - p.X[indices][None]) @ M).reshape(-1, 4)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        outer = z + (radius * (1 + 1e-8) + 1e-14) * normals  # some queries stand on a tie
        assert (sets(found, outer) != np.sort(indices)).any()
        inner = strictly_inside(z, z + radius * (1 - 1e-12) * normals, radius)
        assert (sets(found, inner) == np.sort(indices)).all()


@pytest.mark.parametrize("kind", THREATS)
@pytest.mark.parametrize("norm", [1, 2, math.inf])
def test_threat_models(norm: float, kind: str) -> None:
    """The smallest pair by an independent solver, and nothing allowed inside changes the set."""
    rng = np.random.default_rng(0)
    for seed, k in ((1, 1), (3, 3)):
        p = threat_problem(seed, norm, kind, k, n_classes=1, d=2 + seed, n=12)
        found = Search(k, p.L, p.threat, n_jobs=1).fit(p.X)
        c = found.certify_neighbors(p.Z)
        assert c.threat == p.threat
        for z, radius, indices in zip(p.Z, c.radius, c.indices, strict=True):
            others = np.setdiff1d(np.arange(12), indices)
            expected = min(pair_distance(p, z, own, x) for own in indices for x in others)
            assert radius <= expected * (1 + 1e-8) + 1e-12
            assert radius == pytest.approx(expected, rel=1e-6, abs=1e-9)
            moved = np.vstack([z, attacks(p, z, radius, rng)])
            assert (sets(found, moved) == np.sort(indices)).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("family", FAMILIES)
def test_classifier_and_search_say_the_same(family: str, metric: str) -> None:
    p = problem(5, family, metric, n_classes=3, k=3, d=3, n=20)
    one, other = search(p).certify_neighbors(p.Z), p.classifier().certify_neighbors(p.Z)
    assert np.array_equal(one.radius, other.radius)
    assert np.array_equal(one.indices, other.indices)


@given(problems(k=(1, 1), classes=(2, 3)))
def test_a_set_of_one_changes_no_later_than_the_class(p: Problem) -> None:
    clf = p.classifier()
    assert (clf.certify_neighbors(p.Z).radius <= clf.minimal_perturbation(p.Z).upper).all()


def test_all_points_are_a_set_that_never_changes() -> None:
    X = np.arange(6.0)[:, None]
    c = Search(6).fit(X).certify_neighbors(X)
    assert (c.radius == np.inf).all()
    assert len(c) == 6 and c.n_neighbors == 6


def test_duplicates_change_places_nowhere() -> None:
    """Equal points keep the order of their indices, so only the point at 8 counts."""
    found = Search(1).fit([[0.0], [0.0], [8.0]])
    assert found.certify_neighbors([[1.0]]).radius == pytest.approx([3.0])
    # two of three equal points: always the first two
    assert (Search(2).fit([[1.0]] * 3).certify_neighbors([[1.0], [5.0]]).radius == np.inf).all()


def test_n_neighbors_of_the_call_comes_first() -> None:
    p = problem(0, "normal", "square", 1, 3, d=3, n=30)
    c = search(p).certify_neighbors(p.Z, n_neighbors=7)
    other = Search(7, p.L).fit(p.X).certify_neighbors(p.Z)
    assert np.array_equal(c.radius, other.radius) and c.indices.shape == (4, 7)
    with pytest.raises(ValueError, match="n_neighbors must be at most the number of training"):
        search(p).certify_neighbors(p.Z, n_neighbors=31)


def test_learners_pickles_and_clones() -> None:
    X, _, y, _ = rm.datasets.load("iris")
    learned = Search(3, rm.ARML(max_iter=5)).fit(X, y)
    assert learned.components_.shape == (4, 4)
    assert not hasattr(clone(learned), "components_")
    with pytest.raises(ValueError, match="requires y"):
        Search(3, rm.ARML(max_iter=5)).fit(X)
    copy = pickle.loads(pickle.dumps(learned))
    expected = learned.certify_neighbors(X).radius
    assert np.array_equal(copy.certify_neighbors(X).radius, expected)
    with pytest.raises(ValueError, match="expecting 4 features"):
        learned.certify_neighbors(X[:, :3])


def test_queries_outside_the_bounds_are_refused() -> None:
    found = Search(1, threat=rm.ThreatModel(bounds=(0, 1))).fit([[0.0], [1.0]])
    with pytest.raises(ValueError, match="bounds"):
        found.certify_neighbors([[2.0]])
