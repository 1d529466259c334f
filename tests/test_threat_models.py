"""Certified radii and minimal perturbations under every threat model."""

from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from helpers import Problem
from hypothesis import example, given
from hypothesis import strategies as st
from threat_problems import THREATS, cheapest, inside, pair_distance, threat_problem

import robust_metric as rm
from robust_metric import check as checker
from robust_metric.threat import pack_threat, unpack_threat

NORMS = (1, 2, math.inf)


@st.composite
def threat_problems(draw: st.DrawFn, k: tuple[int, int] = (1, 6)) -> Problem:
    return threat_problem(
        seed=draw(st.integers(0, 2**32 - 1)),
        norm=draw(st.sampled_from(NORMS)),
        kind=draw(st.sampled_from(THREATS)),
        k=draw(st.integers(*k)),
        n_classes=draw(st.integers(2, 4)),
        d=draw(st.integers(1, 5)),
        n=draw(st.integers(8, 24)),
    )


def bound_by_hand(p: Problem, z: np.ndarray, label: int) -> float:
    """The theorem for two classes: every x⁻ must beat all but v of class c, K - v must enter."""
    own, other = np.flatnonzero(p.y == label), np.flatnonzero(p.y != label)
    kept = p.k // 2 if label == 1 or p.k % 2 else p.k // 2 - 1
    if len(other) < p.k - kept:
        return math.inf
    rows = []
    for x in other:
        pairs = sorted((pair_distance(p, z, w, x) for w in own), reverse=True)
        rows.append(pairs[kept] if len(pairs) > kept else 0.0)
    return float(sorted(rows)[p.k - kept - 1])


@pytest.mark.parametrize("kind", THREATS)
@pytest.mark.parametrize("norm", NORMS)
def test_bound_equals_the_theorem_by_an_independent_solver(norm: float, kind: str) -> None:
    for seed, k in enumerate((1, 2, 3, 5)):
        p = threat_problem(seed, norm, kind, k, n_classes=2, d=1 + seed, n=12)
        c = p.classifier().certify(p.Z)
        for z, radius, label in zip(p.Z, c.radius, c.label, strict=True):
            expected = bound_by_hand(p, z, label)
            assert radius <= expected * (1 + 1e-8) + 1e-12
            assert radius == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(threat_problems())
def test_nothing_inside_the_radius_changes_the_class(p: Problem) -> None:
    clf = p.classifier()
    c = clf.certify(p.Z)
    assert np.array_equal(c.label, clf.predict(p.Z))
    for z, radius, label in zip(p.Z, c.radius, c.label, strict=True):
        moved = inside(p, z, radius, np.random.default_rng(0))
        assert (clf.predict(moved) == label).all(), (p, z, radius)


@given(threat_problems())
@example(threat_problem(23518413, 1, "all", 2, 4, 2, 17))  # a row out of reach hid one that is not
def test_every_radius_is_proved_in_rational_arithmetic(
    tmp_path_factory: pytest.TempPathFactory, p: Problem
) -> None:
    folder = tmp_path_factory.mktemp("check")
    clf = p.classifier()
    certificates = clf.certify(p.Z, evidence=True)
    assert_proved(folder, clf, certificates)
    if len(np.unique(p.X, axis=0)) < len(p.X):
        return  # a repeated point may be left out, and more proved than was certified
    # beyond that a radius is infinite but for rounding, and looser than what the checker proves
    loose = certificates.radius > 1e9
    larger = certificates.radius * np.where(loose, 1.0, 1 + 1e-6)
    rm.Certificates(
        larger, certificates.label, p.k, certificates.evidence, certificates.threat
    ).save(folder / "c")
    exact = ~loose & (larger > 0)
    assert len(checker.check(folder / "c", folder / "m").failures) == exact.sum()


def assert_proved(folder: Path, clf: rm.CertifiedKNeighborsClassifier, c: rm.Certificates) -> None:
    rm.save_model(clf, folder / "m")
    c.save(folder / "c")
    report = checker.check(folder / "c", folder / "m")
    assert report.failures == []
    assert report.proved == np.count_nonzero(c.radius)


def enumerated(p: Problem, z: np.ndarray, label: int) -> float:
    """The minimal perturbation: every set of K points that could be the nearest and outvotes label."""
    n = len(p.X)
    M = np.eye(p.X.shape[1]) if p.L is None else p.L.T @ p.L
    half = np.array([(z - x) @ M @ (z - x) for x in p.X]) / 2
    best = math.inf
    for chosen in combinations(range(n), p.k):
        if np.bincount(p.y[list(chosen)]).argmax() == label:
            continue
        pairs = [(s, r) for s in chosen for r in range(n) if r not in chosen]
        A = np.array([M @ (p.X[s] - p.X[r]) for s, r in pairs])
        b = np.array([half[s] - half[r] for s, r in pairs])
        best = min(best, cheapest(p, z, A, b))
    return best


@pytest.mark.parametrize("kind", THREATS)
@pytest.mark.parametrize("norm", NORMS)
def test_minimal_perturbation_equals_exhaustive_enumeration(norm: float, kind: str) -> None:
    for i, k in enumerate((1, 1, 2, 3, 5)):
        p = threat_problem(
            2 * i + 1, norm, kind, k, n_classes=2 + i % 3, d=1 + i % 3, n=7, queries=2
        )
        m = p.classifier().minimal_perturbation(p.Z)
        for j, z in enumerate(p.Z):
            expected = enumerated(p, z, m.label[j])
            if expected == math.inf:  # without bounds the proof may only reach very far
                assert m.lower[j] > 1e9 and m.upper[j] == math.inf
                continue
            assert m.lower[j] == pytest.approx(expected, rel=1e-6, abs=1e-9)
            assert m.upper[j] == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(threat_problems(k=(1, 4)))
def test_bound_lower_upper_and_witness_are_in_order(p: Problem) -> None:
    clf = p.classifier()
    c, m = clf.certify(p.Z), clf.minimal_perturbation(p.Z, time_limit=2)
    assert (c.radius <= m.lower).all() and (m.lower <= m.upper).all()
    found = np.isfinite(m.upper)
    witness = p.Z + m.perturbation
    assert (clf.predict(witness)[found] == m.adversarial_label[found]).all()
    assert (m.adversarial_label[found] != m.label[found]).all()
    assert p.threat.holds(witness).all()
    frozen = p.threat.frozen(p.X.shape[1])
    assert not m.perturbation[:, frozen].any()
    moved = p.threat.cost(witness - p.Z)  # what float64 really added
    assert (moved[found] <= m.upper[found] * (1 + 1e-12) + 1e-300).all()
    for z, lower, label in zip(p.Z, m.lower, m.label, strict=True):
        moved = inside(p, z, lower, np.random.default_rng(0))
        assert (clf.predict(moved) == label).all(), (p, z, lower)


def test_a_class_that_frozen_features_decide_cannot_be_changed() -> None:
    X = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    frozen = rm.ThreatModel(feature_cost=[1.0, np.inf])
    clf = rm.CertifiedKNeighborsClassifier(1, threat=frozen).fit(X, [0, 0, 1, 1])
    m = clf.minimal_perturbation([[0.2, 0.3]])
    assert clf.certify([[0.2, 0.3]]).radius[0] == np.inf
    assert m.lower[0] == m.upper[0] == np.inf and m.status[0] == "no_other_class"


def test_threat_models_survive_packing() -> None:
    for threat in (
        None,
        rm.ThreatModel(),
        rm.ThreatModel(norm=np.inf, bounds=(0.0, 1.0)),
        rm.ThreatModel(bounds=(np.zeros(3), np.array([1.0, 2.0, np.inf]))),
        rm.ThreatModel(norm=1, feature_cost=np.array([1.0, 2.0, np.inf]), clip_queries=True),
    ):
        packed, arrays = pack_threat(threat)
        back = unpack_threat(json.loads(json.dumps(packed, allow_nan=False)), arrays)
        assert back == threat
