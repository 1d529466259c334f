"""Minimal perturbations for K > 1 against enumerations: all neighbour sets, two independent solvers."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from helpers import (
    METRICS,
    Problem,
    assert_valid_when_stopped,
    exact_prediction,
    problem,
    problems,
)
from hypothesis import assume, given
from scipy.optimize import nnls

from robust_metric import CertifiedKNeighborsClassifier as Classifier
from robust_metric import MinimalPerturbations, ThreatModel, _core, save_model
from robust_metric.attacks import RegionAttack
from robust_metric.check import check


def twin(p: Problem) -> np.ndarray:
    """Distance to the nearest cell of K points that vote for another class, in long double."""
    y = p.y.astype(np.int32)
    return _core.minimal_perturbations_reference(p.X, y, int(p.y.max()) + 1, p.L, p.Z, p.k)


def enumerated(p: Problem, z: np.ndarray, label: int) -> float:
    """The same by SciPy: each cell {A δ >= b} by Lawson and Hanson's least-distance programming."""
    M = np.eye(p.X.shape[1]) if p.L is None else p.L.T @ p.L
    half = 0.5 * np.einsum("ij,jk,ik->i", z - p.X, M, z - p.X)
    smallest = np.inf
    for inside in combinations(range(len(p.X)), p.k):
        if np.argmax(np.bincount(p.y[list(inside)])) == label:
            continue
        outside = [j for j in range(len(p.X)) if j not in inside]
        pairs = [(i, j) for i in inside for j in outside]
        if not pairs:
            return 0.0
        A = np.array([M @ (p.X[i] - p.X[j]) for i, j in pairs])
        b = np.array([half[i] - half[j] for i, j in pairs])
        scale = np.abs(A).max()
        E, f = np.vstack([A.T, b]) / scale, np.r_[np.zeros(A.shape[1]), 1.0]
        r = E @ nnls(E, f, maxiter=10000)[0] - f
        if np.linalg.norm(r) > 1e-9:
            smallest = min(smallest, float(np.linalg.norm(r[:-1] / r[-1])))
    return smallest


def assert_agrees(p: Problem, exactly: bool) -> MinimalPerturbations:
    m = p.classifier().minimal_perturbation(p.Z)
    expected, slack = twin(p), 1e-12 * np.abs(p.X).max()
    assert (m.lower <= expected * (1 + 1e-9) + slack).all()
    assert (m.upper >= expected * (1 - 1e-9) - slack).all()
    assert np.isin(m.status, ["exact", "interval", "no_other_class"]).all()
    exact = m.status == "exact"
    if exactly:
        reached = np.isfinite(expected)
        assert np.allclose(m.lower[reached], expected[reached], rtol=1e-8, atol=slack)
        assert np.allclose(m.upper[reached], expected[reached], rtol=1e-8, atol=10 * slack)
        assert exact[reached].all()
        # an empty cell is proved up to rounding: its bound is some 1e13 times the data
        assert (m.lower[~reached] > 1e9 * np.abs(p.X).max()).all()
        assert not np.isfinite(m.upper[~reached]).any()
    assert (m.upper[exact] <= m.lower[exact] * (1 + 1.01e-9)).all()
    return m


def tiny(seed: int, family: str = "normal", metric: str = "euclidean") -> Problem:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(2, 6))
    n = int(rng.integers(max(k, 5), 11))
    classes, d = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    p = problem(seed, family, metric, classes, k, d, n, queries=4)
    return Problem(p.X, p.y, p.Z[2:], k, p.L, p.name)  # not those on training points


@pytest.mark.parametrize("metric", ["euclidean", "square", "tall"])
@pytest.mark.parametrize("chunk", range(4))
def test_equals_the_enumeration_on_tiny_problems(chunk: int, metric: str) -> None:
    for seed in range(20 * chunk, 20 * (chunk + 1)):
        assert_agrees(tiny(seed, metric=metric), exactly=True)


def test_equals_an_independent_solver() -> None:
    for seed in range(100, 130):
        p = tiny(seed, metric="square")
        m = p.classifier().minimal_perturbation(p.Z)
        for z, lower, upper, label in zip(p.Z, m.lower, m.upper, m.label, strict=True):
            exact = enumerated(p, z, label)
            if not np.isfinite(exact):
                assert lower > 1e9 and not np.isfinite(upper), seed
                continue
            assert lower == pytest.approx(exact, rel=1e-6), seed
            assert upper == pytest.approx(exact, rel=1e-6), seed


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("family", ["grid", "duplicates", "pixels", "offset"])
def test_ties_and_duplicates_leave_a_valid_interval(family: str, metric: str) -> None:
    for seed in range(4):
        assert_agrees(tiny(seed, family, metric), exactly=False)


@given(problems(k=(2, 5)))
def test_certify_is_below_and_the_witness_works(p: Problem) -> None:
    assume(p.name and "subnormal" not in p.name)
    clf = p.classifier()
    c, m = clf.certify(p.Z), clf.minimal_perturbation(p.Z)
    assert (c.radius <= m.lower).all() and (m.lower <= m.upper).all()
    for i in np.flatnonzero(np.isfinite(m.upper)):
        assert exact_prediction(p, p.Z[i] + m.perturbation[i]) == m.adversarial_label[i]


@pytest.mark.parametrize("k", [2, 3, 4, 7])
def test_larger_problems_close(k: int) -> None:
    p = problem(k, "normal", "square", 3, k, d=6, n=200, queries=12)
    m = p.classifier().minimal_perturbation(p.Z)
    assert (m.status == "exact").all()
    assert (p.classifier().predict(p.Z + m.perturbation) == m.adversarial_label).all()
    assert (m.adversarial_label != m.label).all()


@pytest.mark.parametrize("norm", [2, np.inf])
@pytest.mark.parametrize("k", [2, 3, 5])
def test_crowds_close(tmp_path: Path, k: int, norm: float) -> None:
    """More own-class points than cells are held against at first: what is closed is true of all of them."""
    rng = np.random.default_rng(k)
    n = 900 if norm == 2 else 500
    X = rng.standard_normal((n, 3))
    y = (X[:, 0] + 0.5 * rng.standard_normal(n) > 0).astype(int)
    clf = Classifier(k, threat=ThreatModel(norm=norm)).fit(X, y)
    Z = 0.5 * rng.standard_normal((12, 3)) + 2.5 * np.eye(3)[0] * rng.choice([-1, 1], (12, 1))
    m = clf.minimal_perturbation(Z, evidence=norm == 2)
    assert (m.status == "exact").all()
    assert (clf.predict(Z + m.perturbation) == m.adversarial_label).all()
    assert (m.adversarial_label != m.label).all()
    if norm != 2:
        return
    save_model(clf, tmp_path / "model.npz")
    m.certificates().save(tmp_path / "certificates.npz")
    assert check(tmp_path / "certificates.npz", tmp_path / "model.npz").failures == []


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("k", [3, 4, 7])
def test_no_attack_is_cheaper_in_a_crowd_of_ties(k: int, d: int) -> None:
    rng = np.random.default_rng(k)
    X, Z = rng.integers(0, 9, (700, d)).astype(float), rng.integers(0, 9, (25, d)).astype(float)
    clf = Classifier(k).fit(X, (X[:, 0] + rng.integers(-2, 3, len(X)) > 4).astype(int))
    m, steps = clf.minimal_perturbation(Z), RegionAttack(16)(clf, Z).perturbations
    cost = np.linalg.norm(steps, axis=1)
    cost[clf.predict(Z + steps) == m.label] = np.inf
    assert (m.upper <= cost * (1 + 1e-9) + 1e-12).all()
    if d == 2:
        assert (m.status == "exact").all()


def test_third_classes_push_the_rival_out() -> None:
    """K = 5: with two votes class 0 wins against rivals of one vote each."""
    X = np.array([[0.0], [0.1], [1.0], [1.1], [1.2], [1.3], [5.0], [5.1], [5.2]])
    y = np.array([0, 0, 1, 2, 3, 4, 1, 1, 1])
    p = Problem(X, y, np.array([[0.2]]), 5)
    m = p.classifier().minimal_perturbation(p.Z)
    assert m.lower[0] == pytest.approx(twin(p)[0], rel=1e-9)
    assert m.upper[0] == pytest.approx(twin(p)[0], rel=1e-8)


def test_k_equal_to_n_never_changes() -> None:
    clf = Classifier(4).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 0, 1])
    m = clf.minimal_perturbation([[2.9]])
    assert m.status[0] == "no_other_class" and m.lower[0] == np.inf


def test_time_limit_leaves_a_valid_interval() -> None:
    p = problem(5, "normal", "square", 3, 7, d=20, n=2000, queries=10)
    _, cut = assert_valid_when_stopped(p)
    assert (p.classifier().certify(p.Z).radius <= cut.lower).all()
