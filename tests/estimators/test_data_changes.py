"""Radii that hold for changed training data as well: all changes of tiny problems, the slow twin."""

from __future__ import annotations

import dataclasses
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from changed_data import survives, tiny, without_ties
from helpers import Problem, problem, problems, strictly_inside
from hypothesis import given, settings
from hypothesis import strategies as st

import robust_metric as rm
from robust_metric import DataChanges, _core
from robust_metric.cli.program import main

ALL = [DataChanges(*counts) for counts in product(range(3), repeat=3) if sum(counts) <= 3]
MARGIN = 1 - 2**-40  # strictly inside, whatever rounds


def radii(p: Problem, changes: DataChanges) -> Any:
    return p.classifier().certify(p.Z, data_changes=changes)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("integers", [False, True])
def test_no_change_of_tiny_data_takes_a_certified_class_away(
    integers: bool, n_classes: int
) -> None:
    """At the query, where of two classes what has radius 0 is lost by some change, and inside the radius."""
    held = lost = 0
    for seed in range(40):
        p, rng = tiny(seed, integers, n_classes)
        changes = ALL[seed % len(ALL)]
        if changes.delete > len(p.X) - p.k:
            continue
        found = radii(p, changes)
        for z, radius, label in zip(p.Z, found.radius, found.label, strict=True):
            if radius > 0.0:
                assert survives(p, z, label, changes), (p, changes)
                held += 1
                direction = rng.normal(size=2)
                step = min(radius, 100.0) * MARGIN * direction / np.linalg.norm(direction)
                assert survives(p, z + step, label, changes), (p, changes)
            elif n_classes == 2 and without_ties(p, z):
                assert not survives(p, z, label, changes), (p, changes)
                lost += 1
    assert held > 5 and (lost > 5 or integers or n_classes > 2)


@given(st.integers(0, 2**32 - 1), st.sampled_from(ALL), st.booleans())
@settings(max_examples=40)
def test_attacks_with_changed_data(seed: int, changes: DataChanges, integers: bool) -> None:
    """Just inside the half-spaces that bound the radius, where a change would tell first."""
    p, _ = tiny(seed, integers, 3)
    if changes.delete > len(p.X) - p.k:
        return
    found = radii(p, changes)
    for z, radius, label in zip(p.Z, found.radius, found.label, strict=True):
        if not 0.0 < radius < np.inf:
            continue
        own, others = np.flatnonzero(p.y == label), np.flatnonzero(p.y != label)
        for i, j in list(product(own, others))[:6]:
            normal = p.X[j] - p.X[i]
            if not normal.any():
                continue
            moved = z + radius * MARGIN * normal / np.linalg.norm(normal)
            for inside in strictly_inside(z, moved[None], radius, p.threat):
                assert survives(p, inside, label, changes), (p, changes)


@pytest.mark.parametrize("changes", ALL)
def test_agrees_with_the_slow_twin(changes: DataChanges) -> None:
    for seed, (k, n_classes) in enumerate([(1, 2), (4, 3), (7, 4), (12, 10)]):
        p = problem(seed, "normal", "square", n_classes, k, d=4, n=40)
        if changes.delete > len(p.X) - p.k:
            continue
        found = radii(p, changes)
        y = p.y.astype(np.int32)
        asked = _core.DataChanges(changes.insert, changes.delete, changes.relabel)
        radius, label = _core.certified_radii_reference(
            p.X, y, int(p.y.max()) + 1, p.L, p.Z, p.k, asked
        )
        assert (found.label == label).all()
        assert np.allclose(found.radius, radius, rtol=1e-10, atol=1e-13)
        assert (found.radius <= radius * (1 + 1e-15)).all()


@pytest.mark.parametrize("threat", [None, rm.ThreatModel(1), rm.ThreatModel(bounds=(-9, 9))])
@pytest.mark.parametrize("shape", [(700, 4), (1030, 330), (60, 3)])
def test_near_points_codes_and_products_give_the_twins_radii(
    shape: tuple[int, int], threat: rm.ThreatModel | None
) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=shape) * (np.arange(shape[1]) < 6)
    y = (X[:, 0] + 0.3 * rng.normal(size=shape[0]) > 0).astype(int) + (X[:, 1] > 1)
    clf = rm.CertifiedKNeighborsClassifier(7, threat=threat).fit(X, y)
    Z = rng.normal(size=(8, shape[1])) * (np.arange(shape[1]) < 6)
    found = clf.certify(Z, data_changes=DataChanges(1, 1, 1))
    assert (found.radius <= clf.certify(Z).radius).all() and (found.radius > 0.0).any()
    if threat is None:
        asked = _core.DataChanges(1, 1, 1)
        few = Z[: 2 if shape[1] > 9 else 8]
        expected, _ = _core.certified_radii_reference(X, y.astype(np.int32), 3, None, few, 7, asked)
        assert np.allclose(found.radius[: len(few)], expected, rtol=1e-10)


@given(problems())
def test_no_changes_are_the_plain_radii_and_more_changes_smaller_ones(p: Problem) -> None:
    clf = p.classifier()
    last = clf.certify(p.Z)
    assert (radii(p, DataChanges()).radius == last.radius).all()
    for counts in [(1, 0, 0), (1, 0, 1), (1, 1, 1), (2, 1, 2)]:
        if counts[1] > len(p.X) - p.k:
            break
        more = radii(p, DataChanges(*counts))
        assert (more.radius <= last.radius).all() and (more.label == last.label).all()
        last = more


@pytest.mark.parametrize("shape", [(700, 4), (1030, 330), (60, 3)])
def test_with_a_radius_to_be_reached_and_bounds_of_rows(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=shape) * (np.arange(shape[1]) < 5)
    y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 1)
    clf = rm.CertifiedKNeighborsClassifier(9).fit(X, y)
    Z, changes = X[:30] * 0.9, DataChanges(1, 2, 1)
    found = clf.certify(Z, data_changes=changes)
    for at in (1e-3, float(np.median(found.radius)), float(found.radius.max())):
        decided = clf.certify(Z, at=at, data_changes=changes)
        assert (decided.radius == np.where(found.radius >= at, at, 0.0)).all()
    boxed = clf.certify(Z, bounds=(Z - 0.05, Z + 0.05), data_changes=changes)
    assert (boxed.radius >= found.radius * (1 - 1e-9)).all()
    assert (boxed.radius <= clf.certify(Z, bounds=(Z - 0.05, Z + 0.05)).radius).all()


def test_enough_changes_leave_nothing() -> None:
    X, _, y, _ = rm.datasets.load("iris")
    clf = rm.CertifiedKNeighborsClassifier(5).fit(X, y)
    for changes in (DataChanges(insert=5), DataChanges(relabel=3), DataChanges(insert=10**9)):
        assert not clf.certify(X[:5], data_changes=changes).radius.any()
    one = rm.CertifiedKNeighborsClassifier(1).fit(X, y)
    assert not one.certify(X[:5], data_changes=DataChanges(insert=1)).radius.any()
    assert (one.certify(X[:5], data_changes=DataChanges(delete=1)).radius > 0).any()
    alone = rm.CertifiedKNeighborsClassifier(5).fit(X, np.zeros(len(X)))
    assert np.isinf(alone.certify(X[:5], data_changes=DataChanges(delete=9)).radius).all()
    assert np.isinf(alone.certify(X[:5], data_changes=DataChanges(insert=2)).radius).all()
    assert not alone.certify(X[:5], data_changes=DataChanges(insert=3)).radius.any()


def test_what_is_wrong_is_said() -> None:
    X, _, y, _ = rm.datasets.load("iris")
    clf = rm.CertifiedKNeighborsClassifier(5).fit(X, y)
    for wrong in (-1, 1.5, True, "1", None, 2**70):
        with pytest.raises(ValueError, match="insert must be a whole number from 0, got"):
            DataChanges(insert=wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="data_changes must be a DataChanges or None, got 3"):
        clf.certify(X, data_changes=3)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="evidence must be False where at, bounds or data_changes"):
        clf.certify(X, evidence=True, data_changes=DataChanges(insert=1))
    few = DataChanges(delete=len(X) - 4)
    with pytest.raises(ValueError, match="data_changes must leave n_neighbors=5 of"):
        clf.certify(X, data_changes=few)
    prototypes = rm.CertifiedPrototypeClassifier(max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match="data_changes must be None for learned prototypes"):
        prototypes.certify(X, data_changes=DataChanges(insert=1))


def test_files_and_command_line_say_which_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = str(tmp_path / "m.npz"), str(tmp_path / "c.npz")
    assert main(["fit", "iris", "--metric", "euclidean", "--out", model]) == 0
    asked = ["certify", model, "iris", "--out", out]
    assert main([*asked, "--data-changes", "insert=1,relabel=1"]) == 0
    assert "changes of the training data are made: insert 1, relabel 1." in capsys.readouterr().out
    found = rm.Certificates.load(out)
    assert found.data_changes == DataChanges(insert=1, relabel=1)
    assert "data changes  insert 1, relabel 1" in repr(found)
    plain = dataclasses.replace(found, data_changes=None)
    plain.save(out)
    assert rm.Certificates.load(out).data_changes is None
    for wrong in ("insert", "insert=-1", "insert=1,insert=2", "add=1", "insert=x"):
        with pytest.raises(SystemExit):
            main([*asked, "--data-changes", wrong])
        assert "wanted whole numbers like insert=1,delete=2" in capsys.readouterr().err
    assert main([*asked, "--exact", "--data-changes", "insert=1"]) != 0
