"""Whether radii reach a given one: the answer is that of the radii themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import robust_metric as rm

THREATS: list[Any] = [
    None,
    rm.ThreatModel(1),
    rm.ThreatModel(2, (-9.0, 9.0)),
    rm.ThreatModel(np.inf, None, [1.0, np.inf, 0.3]),
]


def check(clf: Any, Z: Any, y: Any = None) -> None:
    whole = clf.certify(Z, y)
    finite = np.unique(whole.radius[(whole.radius > 0.0) & np.isfinite(whole.radius)])
    some = finite[:: max(1, len(finite) // 8)]
    for r in [*some, *np.nextafter(some, np.inf), *np.nextafter(some, 0.0), 1e-12, 1e12]:
        if r <= 0.0:
            continue
        found = clf.certify(Z, y, at=r)
        assert np.array_equal(found.radius, np.where(whole.radius >= r, r, 0.0)), r
        assert np.array_equal(found.label, whole.label)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10**6), st.sampled_from([1, 2, 3, 5]), st.booleans(), st.sampled_from(THREATS)
)
def test_as_the_radii_say(seed: int, k: int, grid: bool, threat: Any) -> None:
    rng = np.random.default_rng(seed)
    X, Z = rng.normal(size=(40, 3)), rng.normal(size=(8, 3))
    if grid:
        X, Z = np.round(2.0 * X), np.round(2.0 * Z)
    y = rng.integers(0, 3, 40)
    components = rng.normal(size=(2, 3)) if seed % 2 else None
    clf = rm.CertifiedKNeighborsClassifier(k, components, threat, n_jobs=1).fit(X, y)
    check(clf, Z)
    check(clf, Z, rng.integers(0, 3, 8))


@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e12, 1e-290])
@pytest.mark.parametrize("k", [1, 4])
def test_in_leaves_and_far_away(scale: float, k: int) -> None:
    rng = np.random.default_rng(0)
    X = scale * rng.normal(size=(3000, 4))
    y = (X[:, 0] > 0).astype(int) + (X[:, 1] > scale)
    Z = np.r_[scale * rng.normal(size=(40, 4)), 2.0**90 * scale * rng.normal(size=(3, 4))]
    check(rm.CertifiedKNeighborsClassifier(k, n_jobs=2).fit(X, y), Z)


def test_on_long_rows() -> None:
    rng = np.random.default_rng(1)
    X = (rng.normal(size=(3000, 20)) @ rng.normal(size=(20, 784))).round(2)
    y = (X[:, 0] > 0.0).astype(int)
    for k in (1, 3):
        check(rm.CertifiedKNeighborsClassifier(k, n_jobs=2).fit(X[:2970], y[:2970]), X[2970:])


def test_where_nothing_changes_the_class() -> None:
    X = np.arange(4.0)[:, None]
    found = rm.CertifiedKNeighborsClassifier(1).fit(X, np.zeros(4)).certify(X, at=3.0)
    assert (found.radius == 3.0).all()


@pytest.mark.parametrize("at", [0.0, -1.0, np.nan, np.inf, "1"])
def test_what_is_no_radius(at: Any) -> None:
    X = np.arange(4.0)[:, None]
    clf = rm.CertifiedKNeighborsClassifier(1).fit(X, [0, 0, 1, 1])
    with pytest.raises(ValueError, match="at must be a positive number or None"):
        clf.certify(X, at=at)


def test_without_evidence() -> None:
    X = np.arange(4.0)[:, None]
    clf = rm.CertifiedKNeighborsClassifier(1).fit(X, [0, 0, 1, 1])
    with pytest.raises(
        ValueError, match="evidence must be False where at, bounds or data_changes are"
    ):
        clf.certify(X, at=1.0, evidence=True)
