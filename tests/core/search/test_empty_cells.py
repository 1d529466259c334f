"""Infinite upper ends have an argument: what cannot be reached is shown to be empty, in integers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exact_infimum import infimum, small_integers
from helpers import Problem
from hypothesis import given
from hypothesis import strategies as st

from robust_metric import ThreatModel, save_model
from robust_metric.check import check

FREEZE_FIRST = ThreatModel(feature_cost=[np.inf, 1])


def assert_argued(p: Problem) -> None:
    """No upper end is infinite where the class can be changed, and none without a proof that it cannot."""
    found = p.classifier().minimal_perturbation(p.Z)
    for z, lower, upper in zip(p.Z, found.lower, found.upper, strict=True):
        assert (upper == np.inf) == (infimum(p, z) == np.inf), p
        assert lower == np.inf or upper < np.inf, p


@pytest.mark.parametrize("chunk", range(3))
def test_whatever_has_no_witness_is_proved_to_have_none(chunk: int) -> None:
    for seed in range(60 * chunk, 60 * (chunk + 1)):
        p = small_integers(seed)
        if p.threat.norm < np.inf:  # contradictions of its linear programs are not always found
            assert_argued(p)


@pytest.mark.parametrize(
    ("k", "threat", "X", "y", "query", "L"),
    [
        # two half-spaces that face away from each other
        (2, ThreatModel(norm=1), [[0], [1], [3]], [0, 1, 0], [0], None),
        # a tie wherever the query goes: by frozen features, by the metric
        (1, FREEZE_FIRST, [[0, 0], [2, 0]], [0, 1], [1, 5], None),
        (1, ThreatModel(), [[3, 1], [5, 1]], [0, 1], [0, 0], [[0, 2]]),
        (3, ThreatModel(), [[3, 1], [5, 1], [3, 4]], [0, 1, 0], [0, 0], [[0, 2]]),
        # a tie at the end of the box
        (1, ThreatModel(bounds=(0, 1)), [[0], [2]], [0, 1], [0.5], None),
        # coincident with the query in all that may move
        (
            2,
            ThreatModel(norm=1, feature_cost=[np.inf, np.inf, 1]),
            [[1, 0, 0], [1, 0, 1], [0, 0, 0], [0, 0, 0]],
            [1, 1, 1, 0],
            [0.5, 0.5, 0],
            None,
        ),
    ],
)
def test_kinds_of_empty_cells(
    k: int, threat: ThreatModel, X: list, y: list, query: list, L: list | None, tmp_path: Path
) -> None:
    components = None if L is None else np.array(L, float)
    p = Problem(np.array(X, float), np.array(y), np.array([query], float), k, components)
    p = replace(p, threat=threat)
    clf = p.classifier()
    found = clf.minimal_perturbation(p.Z, evidence=True)
    assert found.lower[0] == found.upper[0] == infimum(p, p.Z[0]) == np.inf
    assert_checked(p, tmp_path)


@given(seed=st.integers(0, 2**32 - 1))
def test_infinite_radii_are_proved(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert_checked(small_integers(seed), tmp_path_factory.mktemp("proved"))


def assert_checked(p: Problem, folder: Path) -> None:
    clf = p.classifier()
    found = clf.minimal_perturbation(p.Z, evidence=True)
    save_model(clf, folder / "model.npz")
    found.certificates().save(folder / "certificates.npz")
    assert check(folder / "certificates.npz", folder / "model.npz").failures == []


@given(seed=st.integers(0, 2**32 - 1))
def test_no_radius_beyond_the_infimum_is_proved(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Evidence of infinite radii does not prove them where a class changes: that a tie counts is not free."""
    p, folder = small_integers(seed), tmp_path_factory.mktemp("forged")
    clf = p.classifier()
    forged = clf.minimal_perturbation(p.Z, evidence=True).certificates()
    forged = replace(forged, radius=np.full(len(p.Z), np.inf))
    save_model(clf, folder / "model.npz")
    forged.save(folder / "certificates.npz")
    for i, z in enumerate(p.Z):
        report = check(folder / "certificates.npz", folder / "model.npz", only=[i])
        assert infimum(p, z) == np.inf or report.failures != []
