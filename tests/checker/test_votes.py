"""The rational checker on minimal perturbations for K > 1: search trees are proved, tampered ones are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exact_infimum import small_integers
from helpers import (
    FAMILIES,
    METRICS,
    Problem,
    check_without_the_compiled_code,
    problem,
    problems,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from threat_problems import THREATS, threat_problem

import robust_metric as rm
from robust_metric import check as checker
from robust_metric.checker.proofs import Checker, _losing_votes, _Pairs
from robust_metric.checker.votes import losses
from robust_metric.io.model_files import read_model
from robust_metric.results import SearchTrees

MODEL, CERTIFICATES = "model.npz", "certificates.npz"


def _write(folder: Path, p: Problem, time_limit: float | None = None) -> rm.MinimalPerturbations:
    clf = p.classifier()
    found = clf.minimal_perturbation(p.Z, time_limit=time_limit, evidence=True)
    rm.save_model(clf, folder / MODEL)
    found.certificates().save(folder / CERTIFICATES)
    return found


def _check(folder: Path, certificates: rm.Certificates | None = None) -> checker.Report:
    if certificates is not None:
        certificates.save(folder / CERTIFICATES)
    return checker.check(folder / CERTIFICATES, folder / MODEL)


def _trees(certificates: rm.Certificates) -> SearchTrees:
    assert certificates.evidence is not None and certificates.evidence.trees is not None
    return certificates.evidence.trees


def _with_trees(certificates: rm.Certificates, **changes: Any) -> rm.Certificates:
    assert certificates.evidence is not None
    trees = replace(_trees(certificates), **changes)
    return replace(certificates, evidence=replace(certificates.evidence, trees=trees))


def _larger(seed: int, classes: int = 3, k: int = 3) -> Problem:
    return problem(seed, "normal", "square", classes, k, d=4, n=60, queries=8)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("metric", METRICS)
def test_every_certificate_is_proved(tmp_path: Path, family: str, metric: str) -> None:
    trees = 0
    for seed in range(6):
        classes, k = 2 + seed % 3, 2 + seed % 5
        p = problem(seed, family, metric, classes, k, d=3, n=24, queries=6)
        found = _write(
            tmp_path, p, time_limit=0.2
        )  # where all distances are equal, every choice ties
        report = _check(tmp_path)
        assert report.failures == [], seed
        assert report.proved == np.count_nonzero(found.lower)
        trees += found.evidence is not None and found.evidence.trees is not None
    assert trees > 0


@given(problems(k=(2, 5)))
def test_every_certificate_of_random_problems_is_proved(
    tmp_path_factory: pytest.TempPathFactory, p: Problem
) -> None:
    assume(p.name and "subnormal" not in p.name)
    folder = tmp_path_factory.mktemp("check")
    found = _write(folder, p)
    assert np.array_equal(found.lower, p.classifier().minimal_perturbation(p.Z).lower)
    assert _check(folder).failures == []


def test_what_no_perturbation_changes_is_proved(tmp_path: Path) -> None:
    """Each other-class point comes after two equal ones of the own class: no radius is too large."""
    X = np.repeat([[0.0], [1.0], [3.0]], 3, axis=0)
    y = np.tile([0, 0, 1], 3)
    p = Problem(X, y, np.array([[0.2], [2.0]]), 3, None, "shadowed")
    found = _write(tmp_path, p)
    assert np.isinf(found.lower).all()
    assert _check(tmp_path).proved == 2
    assert found.evidence is not None
    # of equal points the smaller index comes first, which says so without a tree
    bare = replace(found.certificates(), evidence=replace(found.evidence, trees=None))
    assert _check(tmp_path, bare).proved == 2


@pytest.mark.parametrize("k", [1, 5])
def test_a_search_that_was_stopped_is_proved(tmp_path: Path, k: int) -> None:
    p = _larger(1, k=k)
    clf = p.classifier()
    found = clf.minimal_perturbation(p.Z, time_limit=1e-9, evidence=True)
    assert "time_limit" in found.status
    rm.save_model(clf, tmp_path / MODEL)
    assert _check(tmp_path, found.certificates()).ok


@pytest.mark.parametrize("time_limit", [None, 1e-3, 5e-3])
def test_ways_to_lose_that_were_not_looked_at_are_proved(
    tmp_path: Path, time_limit: float | None
) -> None:
    """With many classes most of them have a root without children."""
    p = problem(3, "normal", "square", 40, 5, n=120, d=2, queries=4)
    clf = p.classifier()
    found = clf.minimal_perturbation(p.Z, time_limit=time_limit, evidence=True)
    rm.save_model(clf, tmp_path / MODEL)
    assert _check(tmp_path, found.certificates()).ok


@pytest.mark.parametrize(("classes", "k"), [(2, 2), (2, 3), (3, 4), (4, 5)])
class TestTampering:
    def test_radius(self, tmp_path: Path, classes: int, k: int) -> None:
        certificates = _write(tmp_path, _larger(0, classes, k)).certificates()
        searched = np.diff(_trees(certificates).offsets) > 0
        assert searched.sum() > 4
        for factor in (1 + 1e-9, 2.0, np.inf):
            raised = replace(certificates, radius=certificates.radius * factor)
            lines = " ".join(_check(tmp_path, raised).failures)
            for i in np.flatnonzero(searched):
                assert f"certificate {i}: class" in lines
            assert "of its search tree is not proved" in lines

    def test_label(self, tmp_path: Path, classes: int, k: int) -> None:
        certificates = _write(tmp_path, _larger(0, classes, k)).certificates()
        other = replace(certificates, label=(certificates.label + 1) % classes)
        assert any("not of class" in line for line in _check(tmp_path, other).failures)

    def test_multipliers(self, tmp_path: Path, classes: int, k: int) -> None:
        certificates = _write(tmp_path, _larger(0, classes, k)).certificates()
        multipliers = _trees(certificates).multipliers
        rng = np.random.default_rng(0)
        shuffled = multipliers * rng.uniform(0.5, 2.0, size=len(multipliers))
        for changed in (shuffled, -multipliers, np.full_like(multipliers, np.nan)):
            assert not _check(tmp_path, _with_trees(certificates, multipliers=changed)).ok

    def test_each_node_is_needed(self, tmp_path: Path, classes: int, k: int) -> None:
        certificates = _write(tmp_path, _larger(0, classes, k)).certificates()
        trees = _trees(certificates)
        # a leaf that has pairs is proved by them: without, no node above it is
        leaves = np.flatnonzero((trees.children == 0) & (np.diff(trees.pair_offsets) > 0))
        for leaf in leaves[:: max(1, len(leaves) // 10)]:
            multipliers = trees.multipliers.copy()
            multipliers[slice(*trees.pair_offsets[leaf : leaf + 2])] = 0.0
            kept = np.arange(len(trees.own)) < trees.own_offsets[leaf]
            kept |= np.arange(len(trees.own)) >= trees.own_offsets[leaf + 1]
            gone = np.where(np.arange(len(trees.point)) >= leaf, (~kept).sum(), 0)
            own_offsets = trees.own_offsets - np.concatenate([[0], gone])
            changed = _with_trees(
                certificates, multipliers=multipliers, own=trees.own[kept], own_offsets=own_offsets
            )
            row = int(np.searchsorted(trees.offsets, leaf, "right")) - 1
            node = leaf - trees.offsets[row]
            report = _check(tmp_path, changed)
            assert all(line.startswith(f"certificate {row}: ") for line in report.failures)
            assert not report.failures or f"node {node} " in report.failures[0]

    def test_dropped_children(self, tmp_path: Path, classes: int, k: int) -> None:
        certificates = _write(tmp_path, _larger(0, classes, k)).certificates()
        children = _trees(certificates).children
        fewer = np.where(children > 0, children - 1, 0)
        assert not _check(tmp_path, _with_trees(certificates, children=fewer)).ok
        for wrong in (children + 1, -children, np.full_like(children, 10**9)):
            report = _check(tmp_path, _with_trees(certificates, children=wrong))
            assert any("has no search tree" in line for line in report.failures)

    @pytest.mark.parametrize("name", ["point", "entering", "beaten"])
    def test_decisions(self, tmp_path: Path, classes: int, k: int, name: str) -> None:
        certificates = _write(tmp_path, _larger(0, classes, k)).certificates()
        values = getattr(_trees(certificates), name)
        wrong = [values * 0, values * 0 + 7, values - 10**6, values + 10**6]
        wrong.append(np.roll(values, 1))
        for changed in wrong:
            assert not _check(tmp_path, _with_trees(certificates, **{name: changed})).ok

    def test_own_points(self, tmp_path: Path, classes: int, k: int) -> None:
        certificates = _write(tmp_path, _larger(0, classes, k)).certificates()
        own = _trees(certificates).own
        for changed in (own - 10**6, own + 10**6):
            assert not _check(tmp_path, _with_trees(certificates, own=changed)).ok

    def test_training_row(self, tmp_path: Path, classes: int, k: int) -> None:
        p = _larger(0, classes, k)
        found = _write(tmp_path, p)
        X = p.X.copy()
        rival = (found.label[0] + 1) % classes
        X[np.flatnonzero(p.y == rival)[:k]] = p.Z[0]
        rm.save_model(replace_rows(p, X).classifier(), tmp_path / MODEL)
        assert any("training data" in line for line in _check(tmp_path).failures)
        assert any("certificate" in line for line in _check(tmp_path).failures)


@pytest.mark.parametrize("kind", THREATS)
@pytest.mark.parametrize("norm", [1, 2, np.inf])
def test_every_threat_model_is_proved(tmp_path: Path, norm: float, kind: str) -> None:
    for seed in range(6):
        p = threat_problem(seed, norm, kind, 1 + seed % 4, 2 + seed % 2, d=3, n=16)
        clf = p.classifier()
        found = clf.minimal_perturbation(p.Z, time_limit=2, evidence=True)
        rm.save_model(clf, tmp_path / MODEL)
        report = _check(tmp_path, found.certificates())
        assert report.failures == [], p
        larger = replace(found.certificates(), radius=found.upper * (1 + 1e-6))
        wrong = np.count_nonzero((found.upper > 0.0) & np.isfinite(found.upper))
        assert len(_check(tmp_path, larger).failures) >= wrong


@pytest.mark.parametrize("chunk", range(4))
def test_every_certificate_of_small_integers_is_proved(tmp_path: Path, chunk: int) -> None:
    """Equal distances are split further down the tree."""
    for seed in range(20 * chunk, 20 * (chunk + 1)):
        p = small_integers(seed)
        found = _write(tmp_path, p)
        assert _check(tmp_path).failures == [], seed
        larger = replace(found.certificates(), radius=found.upper * (1 + 1e-6))
        wrong = np.count_nonzero((found.upper > 0.0) & np.isfinite(found.upper))
        assert len(_check(tmp_path, larger).failures) >= wrong, seed


def replace_rows(p: Problem, X: np.ndarray) -> Problem:
    return Problem(X, p.y, p.Z, p.k, p.L, p.name)


@given(st.integers(0, 2**32 - 1))
def test_no_evidence_proves_what_a_witness_refutes(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("fuzz")
    classes, k = int(rng.integers(2, 4)), int(rng.integers(2, 5))
    p = problem(seed % 1000, "normal", "euclidean", classes, k, d=2, n=14, queries=3)
    found = _write(folder, p)
    assume(found.evidence is not None and found.evidence.trees is not None)
    false = replace(found.certificates(), radius=found.upper * (1 + rng.choice([1e-9, 1e-3, 0.3])))
    trees = _trees(false)
    for _ in range(4):
        changes = {}
        for name in rng.choice(
            ["point", "children", "entering", "beaten", "own", "multipliers"], 2
        ):
            values = getattr(trees, name).copy()
            if len(values) == 0:
                continue
            at = rng.integers(0, len(values), size=1 + len(values) // 8)
            values[at] = values[rng.integers(0, len(values), size=len(at))]
            changes[name] = values
        report = _check(folder, _with_trees(false, **changes))
        wrong = np.count_nonzero((found.upper > 0.0) & np.isfinite(found.upper))
        assert len(report.failures) >= wrong


def test_trees_that_do_not_fit_are_an_error(tmp_path: Path) -> None:
    certificates = _write(tmp_path, _larger(0)).certificates()
    trees = _trees(certificates)
    for match, changes in {
        "pair_offsets must cut": {"pair_offsets": trees.pair_offsets + 1},
        "offsets must cut": {"offsets": trees.offsets[1:]},
        "point must be a vector of int64": {"point": trees.point.astype(np.int32)},
        "multipliers must be a vector of float64": {"multipliers": trees.own},
        "one number of children for each node": {"children": trees.children[1:]},
    }.items():
        with pytest.raises(ValueError, match=match):
            _check(tmp_path, _with_trees(certificates, **changes))


def test_trees_too_deep_fail(tmp_path: Path) -> None:
    """A chain of nodes that let nothing new happen ends as a failure, not as a crash."""
    certificates = _write(tmp_path, _larger(0)).certificates()
    n = 5000
    deep = SearchTrees(
        offsets=np.r_[np.zeros(len(certificates), dtype=np.int64), n],
        point=np.resize(np.flatnonzero(np.arange(60) >= 0), n).astype(np.int64),
        children=np.r_[np.ones(n - 1, dtype=np.int64), 0],
        pair_offsets=np.zeros(n + 1, dtype=np.int64),
        entering=np.empty(0, dtype=np.int64),
        beaten=np.empty(0, dtype=np.int64),
        multipliers=np.empty(0),
        own_offsets=np.zeros(n + 1, dtype=np.int64),
        own=np.empty(0, dtype=np.int64),
    )
    assert certificates.evidence is not None
    changed = replace(certificates, evidence=replace(certificates.evidence, trees=deep))
    assert not _check(tmp_path, changed).ok


def test_runs_without_the_compiled_code(tmp_path: Path) -> None:
    _write(tmp_path, _larger(0))
    check_without_the_compiled_code(tmp_path / CERTIFICATES, tmp_path / MODEL)


@pytest.mark.parametrize("metric", ["euclidean", "learned"])
@pytest.mark.parametrize("k", [3, 4])
def test_digits(tmp_path: Path, metric: str, k: int) -> None:
    X_train, X_test, y_train, _ = rm.datasets.load("digits")
    rng = np.random.default_rng(0)
    L = None if metric == "euclidean" else np.eye(64) + 0.1 * rng.standard_normal((64, 64))
    found = _write(tmp_path, Problem(X_train, y_train, X_test[:6], k, L, "digits"))
    report = _check(tmp_path)
    assert report.failures == [] and report.proved == 6
    assert (found.status == "exact").all()


def test_each_tree_keeps_points_apart_by_its_own_points(tmp_path: Path) -> None:
    """What an earlier tree found out by other points is not used, whatever verdict it would lead to."""
    found = _write(tmp_path, _larger(0, 4, 5))
    evidence, model = found.evidence, read_model(tmp_path / MODEL)
    assert evidence is not None and evidence.trees is not None
    compared = 0
    for i, radius in enumerate(found.lower.tolist()):
        c = int(np.flatnonzero(model.classes == found.label[i])[0])
        rational = Checker(model, evidence, rm.ThreatModel())
        free = frozenset(np.flatnonzero(model.y != c).tolist())
        own = np.flatnonzero(model.y == c).tolist()
        shared = rational._tree(i, c, _Pairs(rational, i, radius))
        if shared is None:
            continue
        for order, loss in enumerate(losses(_losing_votes(rational.counts, c, model.n_neighbors))):
            fresh = rational._tree(i, c, _Pairs(rational, i, radius))
            assert fresh is not None
            named = own[order % 2 :]  # another list for each tree
            for proof in (shared, fresh):
                proof.trees = _Naming(named, proof.trees)  # type: ignore[assignment]
            assert shared.problem(loss, order, free) == fresh.problem(loss, order, free)
            assert shared.apart == fresh.apart
            compared += len(fresh.apart)
    assert compared > 0


class _Naming:
    """Trees all of whose nodes name the same own-class points."""

    def __init__(self, named: list[int], trees: Any) -> None:
        self.named, self.trees = named, trees

    def own_of(self, node: int) -> list[int]:
        return self.named

    def __getattr__(self, name: str) -> Any:
        return getattr(self.trees, name)
