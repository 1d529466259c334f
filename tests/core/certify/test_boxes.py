"""Bounds of single rows: as those of a threat model made for each, without fitting anything again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import robust_metric as rm


def boxes_around(Z: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Boxes of which some sides touch the row, and some are missing."""
    lower, upper = Z - rng.integers(0, 3, Z.shape), Z + rng.integers(0, 3, Z.shape)
    lower[rng.random(Z.shape) < 0.2] = -np.inf
    upper[rng.random(Z.shape) < 0.2] = np.inf
    return lower, upper


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([1, 2, 3]),
    st.sampled_from([1, 2, np.inf]),
    st.booleans(),
)
def test_as_a_threat_model_of_its_own(seed: int, k: int, norm: Any, confined: bool) -> None:
    rng = np.random.default_rng(seed)
    X, Z, y = rng.normal(size=(30, 3)), rng.normal(size=(5, 3)), rng.integers(0, 3, 30)
    if seed % 2:
        X, Z = np.round(2.0 * X), np.round(2.0 * Z)
    whole = rm.ThreatModel(norm, (-9.0, 1e3) if confined else None)
    clf = rm.CertifiedKNeighborsClassifier(k, threat=whole, n_jobs=1).fit(X, y)
    lower, upper = boxes_around(Z, rng)
    found = clf.certify(Z, bounds=(lower, upper))
    free = clf.certify(Z)
    assert np.array_equal(found.label, free.label)
    assert (found.radius >= free.radius * (1.0 - 1e-9)).all()
    exact = clf.minimal_perturbation(Z, time_limit=5.0, bounds=(lower, upper))
    assert (found.radius <= exact.upper).all()
    for i in range(len(Z)):
        box = (lower[i], upper[i])
        if confined:
            box = (np.maximum(box[0], -9.0), np.minimum(box[1], 1e3))
        own = rm.CertifiedKNeighborsClassifier(k, threat=rm.ThreatModel(norm, box)).fit(X, y)
        alone = own.certify(Z[i : i + 1]).radius[0]
        assert found.radius[i] == alone or abs(found.radius[i] - alone) <= 1e-9 * alone
        for r in (0.5, 1.0):
            at = clf.certify(Z, bounds=(lower, upper), at=r)
            assert np.array_equal(at.radius, np.where(found.radius >= r, r, 0.0))


def test_by_name_and_in_files(tmp_path: Path) -> None:
    X_train, X_test, y_train, _ = rm.datasets.load("iris")
    names = ["a", "b", "c", "d"]
    frame = pd.DataFrame(X_test, columns=names)
    clf = rm.CertifiedKNeighborsClassifier(3).fit(pd.DataFrame(X_train, columns=names), y_train)
    bounds = {"c": (frame["c"], None), "d": (frame["d"], frame["d"])}
    found = clf.certify(frame, bounds=bounds)
    assert (found.radius >= clf.certify(frame).radius * (1.0 - 1e-9)).all()
    assert (found.radius > clf.certify(frame).radius * 1.01).any()
    assert "one box a row" in repr(found)
    found.save(tmp_path / "found.npz")
    again = rm.Certificates.load(tmp_path / "found.npz")
    assert again.box is not None and found.box is not None
    assert np.array_equal(again.box, found.box) and np.array_equal(again.radius, found.radius)


def test_what_is_refused() -> None:
    X = np.arange(4.0)[:, None]
    clf = rm.CertifiedKNeighborsClassifier(1).fit(X, [0, 0, 1, 1])
    with pytest.raises(ValueError, match="X must lie within bounds"):
        clf.certify(X, bounds=(1.0, None))
    with pytest.raises(
        ValueError, match="evidence must be False where at, bounds or data_changes are given"
    ):
        clf.certify(X, bounds=(-1.0, 5.0), evidence=True)
