"""Witnesses that keep their class when they are rounded to float32 or to decimal places."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import Array, Problem, problem
from threat_problems import THREATS, threat_problem

import robust_metric as rm


def rounded(points: Array, precision: Any) -> Array:
    if precision == "float32":
        return points.astype(np.float32).astype(np.float64)
    return np.round(points, precision)


def assert_survives(p: Problem, precision: Any) -> rm.MinimalPerturbations:
    clf = p.classifier()
    plain = clf.minimal_perturbation(p.Z, time_limit=2)
    found = clf.minimal_perturbation(p.Z, time_limit=2, witness_precision=precision)
    there = np.isfinite(found.upper)
    witness = p.Z + found.perturbation
    written = rounded(witness, precision)
    assert np.array_equal(clf.predict(witness)[there], found.adversarial_label[there])
    assert np.array_equal(clf.predict(written)[there], found.adversarial_label[there])
    assert (found.adversarial_label != found.label)[there].all()
    assert not found.perturbation[~there].any()
    assert p.threat.holds(witness).all()
    free = ~p.threat.frozen(p.Z.shape[1])
    near = 4e-16 * (np.abs(witness) + np.abs(p.Z))  # X + perturbation may miss the number by a bit
    assert (np.abs(witness - written) <= near)[there][:, free].all()
    written[:, ~free] = p.Z[:, ~free]
    for points in (witness, written):
        assert (p.threat.cost(points - p.Z)[there] <= found.upper[there] * (1 + 1e-15)).all()
    assert (plain.upper[np.isfinite(plain.upper)] >= found.lower[np.isfinite(plain.upper)]).all()
    assert (found.lower <= found.upper).all()
    return found


@pytest.mark.parametrize("precision", ["float32", 6, 2, 1])
@pytest.mark.parametrize("k", [1, 3, 4])
def test_random_queries(k: int, precision: Any) -> None:
    for metric in ("euclidean", "square"):
        p = problem(k, "normal", metric, 3, k, d=4, n=60, queries=100)
        found = assert_survives(p, precision)
        assert np.isfinite(found.upper).all()
        grain = 10.0 ** -(7 if precision == "float32" else precision)
        plain = p.classifier().minimal_perturbation(p.Z)
        # it is moved on by a few grains only
        assert np.median(found.upper - plain.upper) < 20 * grain


def test_plain_witnesses_do_not_survive() -> None:
    p = problem(1, "normal", "euclidean", 3, 1, d=4, n=60, queries=100)
    clf = p.classifier()
    found = clf.minimal_perturbation(p.Z)
    written = rounded(p.Z + found.perturbation, 3)
    assert (clf.predict(written) != found.adversarial_label).any()


@pytest.mark.parametrize("precision", ["float32", 2])
@pytest.mark.parametrize("kind", THREATS)
@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_every_threat_model(norm: float, kind: str, precision: Any) -> None:
    for seed in range(1, 9, 2):
        assert_survives(threat_problem(seed, norm, kind, 1 + seed % 4, 3, d=3, n=24), precision)


def test_pixels_stay_within_bounds() -> None:
    """1/10 in float32 is larger than the bound 0.1."""
    X = np.array([[0.0, 0.1], [0.1, 0.1], [0.1, 0.0]])
    threat = rm.ThreatModel(bounds=(0.0, 0.1))
    p = Problem(X, np.array([0, 1, 2]), np.array([[0.0, 0.1], [0.03, 0.1]]), 1, threat=threat)
    assert np.isfinite(assert_survives(p, "float32").upper).all()


def test_no_number_that_coarse_changes_the_class() -> None:
    clf = rm.CertifiedKNeighborsClassifier(1).fit([[0.0], [0.4], [1.0]], [0, 1, 0])
    found = clf.minimal_perturbation([[0.1]], witness_precision=0)
    assert found.upper[0] == np.inf and found.lower[0] == pytest.approx(0.1)
    assert found.status[0] == "interval" and found.adversarial_label[0] == found.label[0]
    assert np.isfinite(clf.minimal_perturbation([[0.1]], witness_precision=1).upper[0])


def test_evidence_and_functions_know_it() -> None:
    p = problem(3, "normal", "euclidean", 2, 3, d=3, n=40, queries=8)
    clf = p.classifier()
    found = clf.minimal_perturbation(p.Z, witness_precision=3, evidence=True)
    assert found.evidence is not None
    same = rm.minimal_perturbations(p.X, p.y, p.Z, n_neighbors=3, witness_precision=3)
    assert np.array_equal(found.upper, same.upper)
    assert np.array_equal(found.perturbation, same.perturbation)
    threads = replace(p).classifier(n_jobs=2).minimal_perturbation(p.Z, witness_precision=3)
    assert np.array_equal(found.upper, threads.upper)


@pytest.mark.parametrize("precision", ["float16", 1.5, True, 16, -16, "3"])
def test_other_precisions_are_refused(precision: Any) -> None:
    clf = rm.CertifiedKNeighborsClassifier(1).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match="witness_precision must be"):
        clf.minimal_perturbation([[0.2]], witness_precision=precision)
