"""Nothing that is strictly inside a certified radius changes the class."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import (
    FAMILIES,
    METRICS,
    SEARCHES,
    Problem,
    attacks,
    exact_prediction,
    problem,
    problems,
    searched_by,
    strictly_inside,
    with_prototypes,
)
from hypothesis import given
from hypothesis import strategies as st

from robust_metric import CertifiedKNeighborsClassifier


def assert_unbroken(p: Problem, clf: CertifiedKNeighborsClassifier, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    c = clf.certify(p.Z)
    assert np.array_equal(c.label, clf.predict(p.Z))
    for z, radius, label in zip(p.Z, c.radius, c.label, strict=True):
        if radius == 0:
            continue
        moved = attacks(p, z, radius, rng)
        if len(moved) == 0:  # a radius of a few subnormal numbers: no float lies strictly inside
            continue
        changed = np.flatnonzero(clf.predict(moved) != label)
        assert changed.size == 0, (p, z, radius, moved[changed[0]])


@given(problems(), st.sampled_from(SEARCHES))
def test_no_attack_inside_the_radius_succeeds(p: Problem, search: str) -> None:
    with searched_by(search):
        assert_unbroken(p, p.classifier())


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("search", SEARCHES)
def test_every_family_and_metric(family: str, metric: str, search: str) -> None:
    for seed, k in enumerate((1, 2, 3, 4, 5, 8)):
        p = problem(seed, family, metric, n_classes=2 + seed % 4, k=k, d=1 + seed, n=20)
        with searched_by(search):
            assert_unbroken(p, p.classifier())


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("family", FAMILIES)
def test_learned_prototypes(family: str, metric: str) -> None:
    for seed, k in enumerate((1, 3)):
        p = problem(seed, family, metric, n_classes=2 + seed, k=k, d=2 + seed, n=30)
        p = with_prototypes(p)
        assert_unbroken(p, p.classifier())


@pytest.mark.parametrize("family", FAMILIES)
def test_prototypes_in_few_directions(family: str) -> None:
    for seed, k in enumerate((1, 3)):
        p = problem(seed, family, "euclidean", n_classes=2 + seed, k=k, d=3 + seed, n=30)
        p = with_prototypes(p, n_directions=2)
        assert_unbroken(p, p.classifier())


@given(problems(queries=1))
def test_attacks_decided_in_rational_arithmetic(p: Problem) -> None:
    """The same without relying on predict."""
    rng = np.random.default_rng(0)
    c = p.classifier().certify(p.Z)
    if c.radius[0] > 0:
        moved = attacks(p, p.Z[0], c.radius[0], rng, count=5)
        for point in rng.permutation(moved)[:8]:
            assert exact_prediction(p, point) == c.label[0]


@given(problems())
def test_bound_lower_and_upper_are_in_order_and_the_witness_works(p: Problem) -> None:
    clf = p.classifier()
    c, m = clf.certify(p.Z), clf.minimal_perturbation(p.Z)
    assert (m.lower <= m.upper).all()
    assert (c.radius <= m.lower).all()
    assert np.array_equal(c.label, m.label)
    found = np.isfinite(m.upper)
    witness = clf.predict(p.Z + m.perturbation)
    assert np.array_equal(witness[found], m.adversarial_label[found])
    assert (witness[found] != m.label[found]).all()
    for i in np.flatnonzero(found):
        assert exact_prediction(p, p.Z[i] + m.perturbation[i]) == m.adversarial_label[i]


@given(problems(queries=2))
def test_no_attack_below_lower_succeeds(p: Problem) -> None:
    rng = np.random.default_rng(0)
    clf = p.classifier()
    m = clf.minimal_perturbation(p.Z)
    for z, lower, label, step in zip(p.Z, m.lower, m.label, m.perturbation, strict=True):
        if lower == 0:
            continue
        moved = attacks(p, z, lower, rng)
        if size := np.linalg.norm(step / lower):  # the witness, shrunk to just inside
            shrunk = z + step / size * np.array([1, 1 - 2.0**-52, 1 - 1e-12])[:, None]
            moved = np.vstack([moved, strictly_inside(z, shrunk, lower, p.threat)])
        if len(moved):
            assert (clf.predict(moved) == label).all(), (p, z, lower)


def test_lower_is_no_less_than_the_certified_radius_at_a_near_tie() -> None:
    """Found by random search: all constraints were within rounding, lower was 0."""
    p = Problem(np.array([[0.03001467], [-0.37949875]]), np.array([1, 0]), np.empty((0, 1)), 1)
    clf = p.classifier()
    for z in np.nextafter(p.X.mean(), [[-1], [1]]):
        radius = clf.certify([z]).radius[0]
        assert 0 < radius <= clf.minimal_perturbation([z]).lower[0]
