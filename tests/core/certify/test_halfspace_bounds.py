"""Certified radii against the slow twin: the theorem, value for value."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import Problem, problem, problems
from hypothesis import given

from robust_metric import CertifiedKNeighborsClassifier as Classifier
from robust_metric import _core

# families and metrics for which the twin's long double is accurate enough to compare with
FAMILIES = ("normal", "grid", "pixels", "duplicates", "offset")
METRICS = ("euclidean", "square", "wide", "tall")


def twin(p: Problem) -> tuple[np.ndarray, np.ndarray]:
    y = p.y.astype(np.int32)
    return _core.certified_radii_reference(p.X, y, int(p.y.max()) + 1, p.L, p.Z, p.k)


def assert_agrees(p: Problem) -> None:
    c = p.classifier().certify(p.Z)
    radius, label = twin(p)
    certain = c.label == label  # in long double the twin may miss a tie
    assert certain.any() or len(p.Z) < 3
    assert np.allclose(
        c.radius[certain], radius[certain], rtol=1e-10, atol=1e-13 * np.abs(p.X).max()
    )
    assert (c.radius <= radius * (1 + 1e-15) + 1e-14 * np.abs(p.X).max())[certain].all()


@given(problems(families=FAMILIES, metrics=METRICS))
def test_agrees_with_the_slow_twin(p: Problem) -> None:
    assert_agrees(p)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 7, 11, 12])
@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_agrees_with_the_slow_twin_on_larger_problems(n_classes: int, k: int) -> None:
    for seed, metric in enumerate(METRICS):
        for family in ("normal", "grid"):
            assert_agrees(problem(seed, family, metric, n_classes, k, d=4, n=150, queries=10))


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6])
def test_every_split_of_few_points(k: int) -> None:
    """Classes smaller than the votes they would need, down to one point."""
    rng = np.random.default_rng(k)
    for sizes in ([1, 6], [6, 1], [1, 1, 5], [2, 2, 2], [1, 1, 1, 4], [3, 1, 3], [7]):
        y = np.repeat(np.arange(len(sizes)), sizes)
        X, Z = rng.normal(size=(len(y), 2)), rng.normal(size=(8, 2))
        assert_agrees(Problem(X, y, Z, k))


def test_more_votes_than_rivals_have_cannot_be_lost() -> None:
    """Two other points of different classes never outvote four of five neighbours."""
    X = np.arange(6.0)[:, None]
    clf = Classifier(5).fit(X, [0, 0, 0, 0, 1, 2])
    assert (clf.certify(X).radius == np.inf).all()
    assert (clf.predict([[-1e9], [1e9], [4.0]]) == 0).all()


def test_theorem_by_hand() -> None:
    """K = 3 on a line: two of three others must come nearer than the second own point."""
    X = np.array([[0.0], [1.0], [10.0], [11.0]])
    clf = Classifier(3).fit(X, [0, 0, 1, 1])
    # 11 must beat 0 (bisector 5.5): the last of the four to leave the neighbours of z = 0
    assert clf.certify([[0.0]]).radius == pytest.approx(5.5, rel=1e-12)
    assert clf.certify([[0.0]]).radius <= 5.5
    assert clf.predict([[5.49]]) == 0 and clf.predict([[5.51]]) == 1


@pytest.mark.parametrize("classes", [(0, 1), (1, 0)])
def test_tie_of_the_vote_belongs_to_the_smaller_class(classes: tuple[int, int]) -> None:
    """K = 2: class 0 keeps a tie, class 1 loses it."""
    X = np.array([[0.0], [1.0], [10.0], [11.0]])
    clf = Classifier(2).fit(X, np.repeat(classes, 2))
    flip = 5.0 if classes == (1, 0) else 6.0  # 10 beats 0 at 5.0; then 11 beats 1 at 6.0
    radius = clf.certify([[0.0]]).radius[0]
    assert radius <= flip
    assert clf.predict([[flip - 1e-9]]) == classes[0]
    assert clf.predict([[flip + 1e-9]]) == classes[1]


def test_plurality_makes_radii_larger_where_the_majority_bound_is_zero() -> None:
    """Five neighbours 2 + 1 + 1 + 1: class 0 wins without a majority."""
    X = np.array([[0.0, 0.1], [0.1, 0.0], [1.0, 0.0], [-0.5, 0.9], [-0.5, -0.9], [9.0, 9.0]])
    clf = Classifier(5).fit(X, [0, 0, 1, 2, 3, 1])
    assert clf.certify([[0.0, 0.0]]).label == 0
    assert clf.certify([[0.0, 0.0]]).radius > 0.5


def test_a_point_on_a_bisector_has_radius_zero() -> None:
    clf = Classifier(1).fit([[-1.0], [1.0]], [0, 1])
    c = clf.certify([[0.0], [np.nextafter(0, 1)]])
    assert c.label.tolist() == [0, 1]
    assert c.radius[0] == 0 and c.radius[1] <= 5e-324
