"""A short run of each part of bench/break_certificates.py, and that each notices what is broken."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import robust_metric as rm

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import break_certificates
import forged_radii
import forks_in_calls
import single_valued_shards

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def test_no_attempt_inside_a_radius_succeeds() -> None:
    tally = break_certificates.attempt(5000, np.random.default_rng(0))
    assert not tally.broken
    assert tally.tried.total() >= 5000 and tally.exact > 0


@pytest.mark.parametrize(
    ("part", "rounds"), [(forged_radii, 12), (single_valued_shards, 25), (forks_in_calls, 1)]
)
def test_no_attempt_of_a_part_succeeds(part: Any, rounds: int) -> None:
    rng, tried = np.random.default_rng(1), 0
    for _ in range(rounds):
        count, broken = part.attempts(rng)
        assert not broken
        tried += count
    assert tried > 50


def test_a_checker_that_proves_everything_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forged_radii, "check_claims", lambda *_: SimpleNamespace(failures=[]))
    rng = np.random.default_rng(2)
    assert sum(len(forged_radii.attempts(rng)[1]) for _ in range(4)) > 20


def larger(clf: rm.CertifiedKNeighborsClassifier, Z: Any, **options: Any) -> rm.Certificates:
    honest = certify(clf, Z, **options)
    return replace(honest, radius=honest.radius * 1.5)


certify = rm.CertifiedKNeighborsClassifier.certify


@pytest.mark.parametrize("part", [single_valued_shards, break_certificates])
def test_larger_radii_are_noticed(part: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rm.CertifiedKNeighborsClassifier, "certify", larger)
    rng = np.random.default_rng(3)
    if part is break_certificates:
        assert break_certificates.attempt(2000, rng).broken
    else:
        assert any(part.attempts(rng)[1] for _ in range(10))


def test_children_that_answer_otherwise_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks_in_calls, "exit_status", lambda *_: -14)
    assert len(forks_in_calls.attempts(np.random.default_rng(4))[1]) == forks_in_calls.FORKS
