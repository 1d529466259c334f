"""Witnesses where distances are equal: small integers, duplicates, frozen features, against a twin."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from exact_infimum import infimum, small_integers
from helpers import Array, Problem, costs_less, exact_prediction
from hypothesis import given
from hypothesis import strategies as st

from robust_metric import CertifiedKNeighborsClassifier as Classifier
from robust_metric import MinimalPerturbations, ThreatModel
from robust_metric.attacks import RegionAttack

HAIR = 1e-12


def checked(p: Problem) -> MinimalPerturbations:
    """The perturbations of p, which hold: exactly, and for the witness itself."""
    found = p.classifier().minimal_perturbation(p.Z)
    assert (found.lower <= found.upper).all()
    for i in np.flatnonzero(np.isfinite(found.upper)):
        witness = p.Z[i] + found.perturbation[i]
        assert exact_prediction(p, witness) == found.adversarial_label[i] != found.label[i]
        assert p.threat.cost((witness - p.Z[i])[None])[0] <= found.upper[i] * (1 + 1e-15)
    return found


def costs_more(point: Array, z: Array, upper: float, threat: ThreatModel) -> bool:
    """Whether moving z to the point costs more than upper, decided exactly."""
    return not costs_less(z, point, np.nextafter(upper, np.inf), threat)


def assert_reaches_the_infimum(p: Problem) -> None:
    found = checked(p)
    for z, lower, upper in zip(p.Z, found.lower, found.upper, strict=True):
        exact = infimum(p, z)
        assert lower <= exact * (1 + 1e-15), p
        if not np.isfinite(exact):
            assert upper == np.inf, p
            continue
        assert exact * (1 - 1e-15) <= upper <= exact * (1 + 1e-9) + HAIR, p


@pytest.mark.parametrize("chunk", range(4))
def test_upper_is_the_infimum_of_small_integer_problems(chunk: int) -> None:
    for seed in range(25 * chunk, 25 * (chunk + 1)):
        assert_reaches_the_infimum(small_integers(seed))


@given(st.integers(0, 2**32 - 1))
def test_upper_is_the_infimum_of_any_small_integer_problem(seed: int) -> None:
    assert_reaches_the_infimum(small_integers(seed))


@given(st.integers(0, 2**32 - 1))
def test_no_attack_is_cheaper(seed: int) -> None:
    assert_no_attack_is_cheaper(small_integers(seed, d=2))


@pytest.mark.parametrize("unit", [0.1, 1 / 3, 0.7])
def test_no_attack_is_cheaper_on_multiples_of_fractions(unit: float) -> None:
    """Of some seeds: about one query in 3000 has its only tie at a float that is not found."""
    for seed in range(40):
        p = small_integers(seed, d=2)
        box = p.threat.bounds
        threat = (
            p.threat if box is None else replace(p.threat, bounds=tuple(np.multiply(box, unit)))
        )
        assert_no_attack_is_cheaper(
            replace(p, X=p.X * unit, Z=threat.admit(p.Z * unit), threat=threat), unit
        )


def test_a_tie_at_a_single_float() -> None:
    """Multiples of a third: the class changes where a distance is equal, at one float between two points."""
    p = small_integers(23)
    p = replace(p, X=p.X / 3, Z=p.Z / 3)
    assert np.isfinite(checked(p).upper).all()


def test_no_way_to_change_the_class_is_told_for_every_norm() -> None:
    for seed in range(700):
        p = small_integers(seed)
        found = p.classifier().minimal_perturbation(p.Z)
        assert (np.isfinite(found.lower) == np.isfinite(found.upper)).all(), p


@given(st.integers(0, 2**32 - 1), st.floats(2, 14), st.sampled_from([1, 2, np.inf]))
def test_no_attack_is_much_cheaper_from_far_away(seed: int, decades: float, norm: float) -> None:
    rng = np.random.default_rng(seed)
    X, y, k = rng.normal(size=(60, 3)), rng.integers(0, 3, 60), 1 + seed % 3
    p = Problem(X, y, rng.normal(size=(4, 3)) * 10**decades, k, threat=ThreatModel(norm=norm))
    clf, found = p.classifier(), checked(p)
    steps = RegionAttack(16)(clf, p.Z).perturbations
    changed = clf.predict(p.Z + steps) != found.label
    cheapest = np.where(changed, p.threat.cost((p.Z + steps) - p.Z), np.inf)
    assert (found.lower <= cheapest * (1 + 1e-15)).all(), p
    closed = found.status == "exact"
    assert (found.upper <= cheapest * (1 + 1e-9))[closed].all(), p


def test_witnesses_of_far_queries_are_near() -> None:
    """From 2^24 of the scale of the points on queries are taken along their rays."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.integers(0, 3, 60)
    for decades in (8, 9, 10, 11):
        Z = rng.normal(size=(40, 3)) * 10.0**decades
        found = Classifier(1).fit(X, y).minimal_perturbation(Z)
        assert np.mean(found.status == "exact") > 0.9


def assert_no_attack_is_cheaper(p: Problem, unit: float = 1.0) -> None:
    clf, found = p.classifier(), checked(p)
    steps = RegionAttack(8)(clf, p.Z).perturbations
    grid = unit * np.array(list(product(np.arange(-1, 4.5, 0.5), repeat=2)))
    allowed = grid[p.threat.holds(grid)]
    for z, step, upper, label in zip(p.Z, steps, found.upper, found.label, strict=True):
        fixed = p.threat.frozen(2)
        tried = np.vstack([z + step, allowed[(allowed[:, fixed] == z[fixed]).all(axis=1)]])
        changed = tried[clf.predict(tried) != label]
        assert (upper <= p.threat.cost(changed - z) * (1 + 1e-9) + HAIR).all(), p


@pytest.mark.parametrize(
    ("k", "threat", "X", "y", "query", "expected"),
    [
        (1, ThreatModel(feature_cost=[np.inf, 1]), [[1, 2], [2, 1]], [0, 1], [1, 1], 0),
        (3, ThreatModel(), [[0], [1], [2], [2], [2]], [1, 0, 1, 0, 1], [1], 0),
        # the query is the mean of the points, as far from all of them
        (1, ThreatModel(norm=1), [[0, 0], [2, 2]], [0, 1], [1, 1], 0),
        # the class changes at one point of a line alone, by the order of indices there
        (
            1,
            ThreatModel(feature_cost=[1, np.inf]),
            [[1, 1], [0, 0], [2, 0]],
            [1, 0, 0],
            [0, 0],
            1,
        ),
    ],
)
def test_both_sides_of_a_tie_are_tried(
    k: int, threat: ThreatModel, X: list, y: list, query: list, expected: float
) -> None:
    p = Problem(np.array(X, float), np.array(y), np.array([query], float), k, threat=threat)
    assert infimum(p, p.Z[0]) == expected
    assert checked(p).upper[0] == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_an_equal_point_does_not_hide_a_boundary() -> None:
    """Rows 0 and 6 are equal, of two classes; what enters beside row 0 must be pushed away from row 6."""
    X = [[0, 5], [3, 4], [3, 6], [0, 7], [9, 2], [0, 7], [0, 5], [7, 0], [0, 3], [1, 3]]
    X += [[2, 8], [5, 6], [4, 8], [5, 9], [7, 2], [3, 10], [0, 1], [5, 7], [4, 0], [8, 0]]
    y = [2, 0, 2, 2, 1, 2, 0, 1, 0, 0, 2, 0, 1, 2, 2, 1, 0, 1, 0, 2]
    found = checked(Problem(np.array(X) / 10, np.array(y), np.array([[0.3, 0.3]]), 5))
    assert found.upper[0] <= found.lower[0] * (1 + 1e-9)


@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_no_attack_is_cheaper_on_rounded_data(norm: float) -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X, Z = rng.integers(0, 6, (20, 3)) / 10, rng.integers(0, 11, (6, 3)) / 20
        threat = ThreatModel(norm=norm, feature_cost=[1, 1, np.inf if seed % 2 else 1])
        p = Problem(X, rng.integers(0, 3, 20), Z, 1 + seed % 5, threat=threat)
        clf, found = p.classifier(), checked(p)
        steps = RegionAttack(16)(clf, Z).perturbations
        changed = clf.predict(Z + steps) != found.label
        cheapest = np.where(changed, threat.cost(steps), np.inf)
        assert (found.upper <= cheapest * (1 + 1e-9) + HAIR).all(), seed


def test_frozen_features_that_leave_no_way_have_no_witness() -> None:
    """In the free direction both points are equally far wherever the query goes: the index decides."""
    threat = ThreatModel(feature_cost=[np.inf, 1])
    clf = Classifier(1, threat=threat).fit([[0.0, 0.0], [2.0, 0.0]], [0, 1])
    found = clf.minimal_perturbation([[1.0, 5.0]])
    assert found.upper[0] == np.inf and not found.perturbation.any()


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("offset", [0.0, 1e8, 1e15, -3e15])
def test_upper_bounds_the_perturbation_and_what_it_adds(offset: float, k: int, norm: float) -> None:
    """Where X + perturbation is rounded to eighths, or to integers."""
    rng = np.random.default_rng(k)
    X = rng.normal(size=(30, 3)) * 4 + offset
    threat = ThreatModel(norm=norm, feature_cost=[1.0, 0.7, np.inf])
    p = Problem(X, rng.integers(0, 3, 30), rng.normal(size=(12, 3)) * 4 + offset, k, threat=threat)
    found = p.classifier().minimal_perturbation(p.Z)
    assert np.isfinite(found.upper).any()
    for z, step, upper in zip(p.Z, found.perturbation, found.upper, strict=True):
        if np.isfinite(upper):
            assert not costs_more(step, np.zeros(3), upper, threat)
            assert not costs_more(z + step, z, upper, threat)


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_binary_tables_with_frozen_features(k: int, norm: float) -> None:
    """Ties by the dozen: the witness is as near as that of any attack, within seconds."""
    rng = np.random.default_rng(k)
    X = rng.integers(0, 2, (80, 6)).astype(float)
    y = (X[:, :3].sum(axis=1) + rng.normal(size=80) > 1.5).astype(int)
    threat = ThreatModel(norm=norm, feature_cost=[1, 1, np.inf, 1, 1, 1])
    Z = rng.integers(0, 2, (3, 6)).astype(float)
    clf = Classifier(k, threat=threat).fit(X, y)
    found = clf.minimal_perturbation(Z, time_limit=5.0)
    attacked = RegionAttack(16)(clf, Z)
    assert np.isfinite(found.upper).all()
    assert (found.upper <= threat.cost(attacked.perturbations) * (1 + 1e-9) + HAIR).all()
