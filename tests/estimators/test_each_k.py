"""Certificates for several numbers of neighbours in one pass: the bits of one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import Problem, problems, searched_by
from hypothesis import given
from hypothesis import strategies as st

import robust_metric as rm


def assert_same(clf: Any, X: Any, y: Any, ks: list[int], Z: Any, truth: Any = None) -> None:
    found = clf.certify(Z, truth, n_neighbors=ks)
    assert list(found) == ks
    for k in ks:
        alone = rm.CertifiedKNeighborsClassifier(k, clf.metric, clf.threat).fit(X, y)
        expected = alone.certify(Z, truth)
        assert found[k].n_neighbors == k
        assert (found[k].label == expected.label).all()
        assert (found[k].radius == expected.radius).all()


@given(problems())
def test_tiny_problems(p: Problem) -> None:
    ks = sorted({1, 2, p.k, len(p.X)})
    assert_same(p.classifier(), p.X, p.y, ks, p.Z)


@pytest.mark.parametrize("kind", ["none", "scan", "tree", "cascade"])
@pytest.mark.parametrize("grid", [False, True])
def test_every_way_of_searching(kind: str, grid: bool) -> None:
    rng = np.random.default_rng(7)
    X = rng.integers(0, 6, (900, 5)).astype(float) if grid else rng.standard_normal((900, 5))
    y = rng.integers(0, 4, 900) if grid else (X[:, 0] > 0).astype(int) + 2 * (X[:, 1] > 1)
    Z = X[:40] + (0.0 if grid else 0.1)
    Z[0] = 1e9
    with searched_by(kind):
        clf = rm.CertifiedKNeighborsClassifier(3).fit(X, y)
        found = clf.certify(Z, y[:40], n_neighbors=range(1, 16))
    for k, certificates in found.items():
        expected = rm.CertifiedKNeighborsClassifier(k).fit(X, y).certify(Z, y[:40])
        assert (certificates.radius == expected.radius).all()
        assert (certificates.label == expected.label).all()


@pytest.mark.parametrize(
    "threat",
    [
        rm.ThreatModel(norm=1),
        rm.ThreatModel(norm=np.inf, bounds=(-3, 3)),
        rm.ThreatModel(bounds=(-3, 3), feature_cost=[1, 2, np.inf]),
        rm.ThreatModel(feature_cost=[1, 2, 3]),
    ],
)
def test_threats_and_metrics(threat: rm.ThreatModel) -> None:
    rng = np.random.default_rng(3)
    X, Z = rng.uniform(-2, 2, (600, 3)), rng.uniform(-2, 2, (20, 3))
    y = (X.sum(axis=1) + rng.standard_normal(600) > 0).astype(int)
    for metric in (None, rng.standard_normal((3, 3))):
        clf = rm.CertifiedKNeighborsClassifier(5, metric, threat).fit(X, y)
        assert_same(clf, X, y, [1, 4, 5, 12], Z)


@given(st.lists(st.integers(1, 12), min_size=1, unique=True))
def test_any_order(ks: list[int]) -> None:
    X, y = np.arange(12.0)[:, None], np.arange(12) % 3
    clf = rm.CertifiedKNeighborsClassifier(1).fit(X, y)
    assert_same(clf, X, y, ks, [[2.2], [7.0]])


def test_prototypes() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 2)), np.arange(60) % 2
    clf = rm.CertifiedPrototypeClassifier(4, max_iter=5, random_state=0).fit(X, y)
    found = clf.certify(X[:5], n_neighbors=[1, 3])
    assert (found[1].radius == clf.certify(X[:5]).radius).all()
    assert found[3].n_neighbors == 3


def test_what_is_refused() -> None:
    clf = rm.CertifiedKNeighborsClassifier(1).fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    for ks in ([], [1, 1], [4], [0], [1.5], [True], ["1"]):
        with pytest.raises(ValueError, match="n_neighbors must be"):
            clf.certify([[0.0]], n_neighbors=ks)  # type: ignore[arg-type]
    for more in ({"at": 1.0}, {"evidence": True}, {"bounds": (0, 1)}):
        with pytest.raises(ValueError, match="n_neighbors must be None where"):
            clf.certify([[0.0]], n_neighbors=[1], **more)  # type: ignore[call-overload]
