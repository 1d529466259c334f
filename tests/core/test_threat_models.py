"""Certified radii and minimal perturbations under every threat model."""

from __future__ import annotations

import json
import math
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from helpers import Problem, attacks
from hypothesis import example, given
from threat_problems import (
    NORMS,
    THREATS,
    cheapest,
    pair_distance,
    threat_problem,
    threat_problems,
)

import robust_metric as rm
from robust_metric import check as checker
from robust_metric.attacks import BoundaryAttack, GradientAttack, RegionAttack
from robust_metric.io.threat_arrays import pack_threat, unpack_threat


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
        if radius > 0:
            moved = attacks(p, z, radius, np.random.default_rng(0))
            assert len(moved) == 0 or (clf.predict(moved) == label).all(), (p, z, radius)


@pytest.mark.parametrize("kind", THREATS)
@pytest.mark.parametrize("norm", NORMS)
def test_the_attacks_do_bite(norm: float, kind: str) -> None:
    """Just outside the minimal perturbation they change nearly every class, with one neighbour."""
    broken = []
    for seed in range(1, 9, 2):
        p = threat_problem(seed, norm, kind, k=1, n_classes=3, d=1 + seed % 4, n=14)
        clf = p.classifier()
        m = clf.minimal_perturbation(p.Z)
        for z, upper, label in zip(p.Z, m.upper, m.label, strict=True):
            if 0 < upper < np.inf:
                moved = attacks(p, z, upper * (1 + 1e-9), np.random.default_rng(0))
                broken.append(len(moved) > 0 and (clf.predict(moved) != label).any())
    assert len(broken) >= 8 and np.mean(broken) > 0.7


@given(threat_problems())
@example(threat_problem(17310, 1, "all", 4, 4, 2, 8))  # ties in a box, which are no losses
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
    failures = checker.check(folder / "c", folder / "m").failures
    failed = {int(re.match(r"certificate (\d+):", failure)[1]) for failure in failures}  # type: ignore[index]
    proved = sorted(set(np.flatnonzero(~loose & (larger > 0)).tolist()) - failed)
    if proved:  # ties that are no losses, where a confined perturbation ends: the radius is larger
        assert p.threat.bounds is not None or np.isinf(p.threat.weights(p.X.shape[1])).any()
        assert (clf.minimal_perturbation(p.Z[proved]).upper >= larger[proved]).all()


def assert_proved(folder: Path, clf: rm.CertifiedKNeighborsClassifier, c: rm.Certificates) -> None:
    rm.save_model(clf, folder / "m")
    c.save(folder / "c")
    report = checker.check(folder / "c", folder / "m")
    assert report.failures == []
    assert report.proved == np.count_nonzero(c.radius)


def enumerated(p: Problem, z: np.ndarray, label: int) -> float:
    """The minimal perturbation: every set of K points that could be the nearest and outvotes label.

    The sets are taken in the order of the largest distance of one of their half-spaces, without the
    box, and none is solved whose distance exceeds what was found.
    """
    n = len(p.X)
    M = np.eye(p.X.shape[1]) if p.L is None else p.L.T @ p.L
    half = np.array([(z - x) @ M @ (z - x) for x in p.X]) / 2
    normals, offsets = (p.X[:, None] - p.X) @ M, half[:, None] - half
    dual = {1: np.inf, 2: 2, np.inf: 1}[p.threat.norm]
    sizes = np.linalg.norm(normals / p.threat.weights(p.X.shape[1]), dual, axis=2)
    single = np.where(offsets > 0, np.inf, 0.0)
    np.divide(offsets, sizes, out=single, where=(offsets > 0) & (sizes > 0))
    cells = []
    for chosen in combinations(range(n), p.k):
        if np.bincount(p.y[list(chosen)]).argmax() != label:
            pairs = np.ix_(chosen, [r for r in range(n) if r not in chosen])
            cells.append((single[pairs].max(initial=0.0), pairs))
    best = math.inf
    for distance, pairs in sorted(cells, key=lambda cell: cell[0]):
        if distance > best * (1 + 1e-9):
            break
        A, b = normals[pairs].reshape(-1, len(z)), offsets[pairs].ravel()
        best = min(best, cheapest(p, z, A, b))
    return best


@pytest.mark.parametrize("kind", THREATS)
@pytest.mark.parametrize("norm", NORMS)
def test_minimal_perturbation_equals_exhaustive_enumeration(norm: float, kind: str) -> None:
    """K from 1 to 5, up to ten points of up to four classes, up to three features."""
    for i in range(15):
        k, n_classes, d = 1 + i % 5, 2 + i % 3, 1 + (i + i // 3) % 3
        p = threat_problem(2 * i + 1, norm, kind, k, n_classes, d, n=6 + i % 5, queries=2)
        m = p.classifier().minimal_perturbation(p.Z)
        for j, z in enumerate(p.Z):
            expected = enumerated(p, z, m.label[j])
            if expected == math.inf:  # without bounds the proof may only reach very far
                assert m.lower[j] > 1e9 and m.upper[j] == math.inf
                continue
            assert m.lower[j] == pytest.approx(expected, rel=1e-6, abs=1e-9), p
            assert m.upper[j] == pytest.approx(expected, rel=1e-6, abs=1e-9), p


@pytest.mark.parametrize("kind", THREATS)
@pytest.mark.parametrize("norm", NORMS)
def test_with_ties_and_duplicates_nothing_is_below_the_enumeration(norm: float, kind: str) -> None:
    """With ties the nearest cell may be one that the query can never be in, by the order of indices."""
    for i in range(5):
        p = threat_problem(2 * i, norm, kind, 1 + i, 2 + i % 3, d=1 + i % 3, n=8, queries=2)
        m = p.classifier().minimal_perturbation(p.Z)
        expected = [enumerated(p, z, label) for z, label in zip(p.Z, m.label, strict=True)]
        assert (m.upper >= np.array(expected) * (1 - 1e-6) - 1e-9).all(), p


@given(threat_problems(k=(1, 5)))
def test_bound_lower_upper_and_every_attack_are_in_order(p: Problem) -> None:
    clf = p.classifier()
    c, m = clf.certify(p.Z), clf.minimal_perturbation(p.Z, time_limit=2)
    assert (c.radius <= m.lower).all() and (m.lower <= m.upper).all()
    for attack in (RegionAttack(4), BoundaryAttack(10), GradientAttack(5)):
        costs = attack(clf, p.Z).costs
        assert (costs >= m.lower).all(), (p, attack)
        exact = m.status == "exact"
        assert (costs >= m.upper * (1 - 1.01e-9))[exact].all(), (p, attack)
        assert np.isinf(costs[np.isin(m.status, ["no_other_class", "out_of_reach"])]).all()


@given(threat_problems(k=(1, 5)))
def test_witnesses_are_allowed_and_nothing_below_lower_changes_the_class(p: Problem) -> None:
    clf = p.classifier()
    m = clf.minimal_perturbation(p.Z, time_limit=2)
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
        if lower > 0:
            moved = attacks(p, z, lower, np.random.default_rng(0))
            assert len(moved) == 0 or (clf.predict(moved) == label).all(), (p, z, lower)


def test_a_class_that_frozen_features_decide_cannot_be_changed() -> None:
    X = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    frozen = rm.ThreatModel(feature_cost=[1.0, np.inf])
    clf = rm.CertifiedKNeighborsClassifier(1, threat=frozen).fit(X, [0, 0, 1, 1])
    m = clf.minimal_perturbation([[0.2, 0.3]])
    assert clf.certify([[0.2, 0.3]]).radius[0] == np.inf
    assert m.lower[0] == m.upper[0] == np.inf and m.status[0] == "out_of_reach"


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


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("limits", ["frozen", "box", "both"])
def test_what_is_out_of_reach_is_said_to_be(k: int, norm: float, limits: str) -> None:
    cost = None if limits == "box" else [np.inf] * 2
    bounds = None if limits == "frozen" else (0.0, 0.1)
    threat = rm.ThreatModel(norm, bounds, cost)
    X = [[0.0, 0.0], [0.1, 0.0], [2.0, 2.0], [3.0, 3.0]]
    clf = rm.CertifiedKNeighborsClassifier(k, threat=threat).fit(X, [0, 0, 1, 1])
    m = clf.minimal_perturbation([[0.0, 0.0]])
    assert m.status.tolist() == ["out_of_reach"] and m.lower[0] == m.upper[0] == np.inf
    alone = clf.fit(X, [0, 0, 0, 0]).minimal_perturbation([[0.0, 0.0]])
    assert alone.status.tolist() == ["no_other_class"]
