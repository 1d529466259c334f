"""Which training points decide a radius, and the service that answers with certificates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from helpers import Problem, problem, problems
from hypothesis import given
from sklearn.model_selection import StratifiedKFold
from threat_problems import cheapest, pair_distance, threat_problems

from robust_metric import CertifiedKNeighborsClassifier as Classifier
from robust_metric import datasets, deciding_points
from robust_metric.estimators.deciding_points import halfspace_distances


@given(problems(families=("normal", "grid", "pixels", "duplicates", "offset")))
def test_the_radius_is_the_bound_of_the_pair_that_decides_it(p: Problem) -> None:
    clf = p.classifier()
    c, found = clf.certify(p.Z), deciding_points(clf, p.Z)
    assert np.array_equal(found.radius, c.radius)
    named = (c.radius > 0) & np.isfinite(c.radius)
    assert np.array_equal(named, found.own >= 0) and np.array_equal(named, found.other >= 0)
    M = np.eye(p.X.shape[1]) if p.L is None else p.L.T @ p.L
    for i in np.flatnonzero(named):
        z, plus, minus = p.Z[i], p.X[found.own[i]], p.X[found.other[i]]
        assert p.y[found.own[i]] == c.label[i] != p.y[found.other[i]]
        gap = (plus - minus) @ M @ (2 * z - plus - minus)
        bound = gap / (2 * np.linalg.norm(M @ (plus - minus)))
        assert bound == pytest.approx(c.radius[i], rel=1e-6, abs=1e-12)


def test_equal_points_do_not_decide_a_tiny_radius() -> None:
    p = problem(1, "duplicates", "euclidean", 3, 4, d=2, n=16, queries=4)
    clf = p.classifier()
    found = deciding_points(clf, p.Z)
    named = found.own >= 0
    assert 0 < found.radius[named].min() < 1e-16
    assert (p.X[found.own[named]] != p.X[found.other[named]]).any(axis=1).all()


def test_misclassified_and_unbeatable_points_have_no_pair() -> None:
    X = np.array([[0.0], [1.0], [5.0]])
    clf = Classifier(1).fit(X, [0, 0, 1])
    assert deciding_points(clf, [[0.2]], [1]).other.tolist() == [-1]
    assert deciding_points(clf, [[0.2], [4.0]]).other.tolist() == [2, 1]
    assert deciding_points(clf, [[0.2], [4.0]]).own.tolist() == [1, 2]
    lonely = Classifier(1).fit(X, [0, 0, 0])
    found = deciding_points(lonely, [[0.2]])
    assert found.own.tolist() == [-1] and found.radius.tolist() == [math.inf]


def test_mislabelled_digits_decide_the_small_radii() -> None:
    """The idea of bench/label_noise.py: wrong labels come first among those that decide."""
    X, _, y, _ = datasets.load("digits")
    rng = np.random.default_rng(0)
    planted = rng.choice(len(y), len(y) // 20, replace=False)
    noisy = y.copy()
    noisy[planted] = (y[planted] + rng.integers(1, 10, len(planted))) % 10
    count = np.zeros(len(y))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, noisy):
        clf = Classifier(1).fit(X[train], noisy[train])
        other = deciding_points(clf, X[test]).other
        np.add.at(count, train[other[other >= 0]], 1.0)
    wrong = np.isin(np.arange(len(y)), planted)
    assert count[wrong].mean() > 4 * count[~wrong].mean()


def test_predict_with_certificate() -> None:
    p = problem(5, "normal", "euclidean", 3, 3, d=3, n=60, queries=20)
    clf = p.classifier()
    c = clf.certify(p.Z)
    r = float(np.median(c.radius))
    label, radius, abstain = answer = clf.predict_with_certificate(p.Z, min_radius=r)
    assert np.array_equal(label, clf.predict(p.Z)) and np.array_equal(radius, c.radius)
    assert np.array_equal(abstain, c.radius < r) and 0 < abstain.sum() < 20
    assert answer.abstain is abstain
    assert not clf.predict_with_certificate(p.Z).abstain.any()
    for bad in (-0.1, math.nan):
        with pytest.raises(ValueError, match=r"min_radius must be a number of at least 0, got"):
            clf.predict_with_certificate(p.Z, bad)


@given(threat_problems())
def test_under_every_threat_model_the_radius_is_the_bound_of_that_pair(p: Problem) -> None:
    clf = p.classifier()
    c, found = clf.certify(p.Z), deciding_points(clf, p.Z)
    assert np.array_equal(found.radius, c.radius)
    named = (c.radius > 0) & np.isfinite(c.radius)
    assert np.array_equal(named, found.own >= 0) and np.array_equal(named, found.other >= 0)
    for i in np.flatnonzero(named & (c.radius < 1e6)):  # beyond, rounding alone makes it finite
        own, other = int(found.own[i]), int(found.other[i])
        assert p.y[own] == c.label[i] != p.y[other]
        bound = pair_distance(p, p.Z[i], own, other)
        assert bound == pytest.approx(c.radius[i], rel=1e-6, abs=1e-9), (p, i)


@given(threat_problems())
def test_plain_distances_of_half_spaces_by_an_independent_solver(p: Problem) -> None:
    rng = np.random.default_rng(0)
    normals, offsets = rng.normal(size=(6, p.X.shape[1])), rng.exponential(size=6)
    normals[rng.random(normals.shape) < 0.2] = 0.0
    offsets[0] = -1.0
    for z in p.Z[:2]:
        expected = [cheapest(p, z, a[None], b[None]) for a, b in zip(normals, offsets, strict=True)]
        found = halfspace_distances(p.threat, z, normals, offsets)
        assert np.allclose(found, expected, rtol=1e-6, atol=1e-9), (p, z)
