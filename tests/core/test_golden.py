"""Against independent values of the general bound (without plurality) and the exact 1-NN radius."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import robust_metric as rm

TOLERANCE = 1e-6


@pytest.fixture(params=["pendigits_euclidean", "splice_arml", "usps_euclidean"])
def golden(request: pytest.FixtureRequest, shared: Path) -> Mapping[str, np.ndarray]:
    path = shared / "golden" / f"{request.param}.npz"
    if not path.exists():
        pytest.skip(f"no {path}")
    return np.load(path)


def radii(golden: Mapping[str, np.ndarray], k: int) -> np.ndarray:
    return rm.certified_radii(
        golden["X_train"],
        golden["y_train"],
        golden["X"],
        golden["y"],
        n_neighbors=k,
        components=golden["components"],
    )


@pytest.mark.parametrize("k", [1, 2, 3, 4, 11])
def test_certified_radii(golden: Mapping[str, np.ndarray], k: int) -> None:
    radius, bound = radii(golden, k), golden[f"bound_k{k}"]
    assert (radius >= bound * (1 - TOLERANCE)).all()
    if len(np.unique(golden["y_train"])) == 2 and k % 2:
        assert np.allclose(radius, bound, rtol=TOLERANCE, atol=0)


@pytest.mark.parametrize("k", [3, 11])
def test_certified_radii_are_below_the_exact_ones(golden: Mapping[str, np.ndarray], k: int) -> None:
    if f"exact_k{k}_upper" not in golden:
        pytest.skip("no exact values for this K")
    upper = golden[f"exact_k{k}_upper"]
    assert (radii(golden, k)[: len(upper)] <= upper * (1 + TOLERANCE)).all()


def test_components_of_the_identity_are_the_euclidean_metric(
    golden: Mapping[str, np.ndarray],
) -> None:
    L = golden["components"]
    if not np.array_equal(L, np.eye(len(L))):
        pytest.skip("another metric")
    train = golden["X_train"], golden["y_train"]
    euclidean = rm.certified_radii(*train, golden["X"], golden["y"], n_neighbors=3)
    assert np.allclose(euclidean, radii(golden, 3), rtol=1e-10, atol=0)


def test_minimal_perturbations(golden: Mapping[str, np.ndarray]) -> None:
    X, y, exact = golden["X"], golden["y"], golden["exact_k1"]
    clf = rm.CertifiedKNeighborsClassifier(1, golden["components"])
    clf.fit(golden["X_train"], golden["y_train"])
    m = clf.minimal_perturbation(X, y)
    assert (m.lower <= m.upper).all()
    for end in (m.lower, m.upper):
        assert np.allclose(end, exact, rtol=TOLERANCE, atol=0)
    assert (clf.certify(X, y).radius <= m.lower).all()
    wrong = clf.predict(X) != y
    assert np.array_equal(m.status == "misclassified", wrong)
    assert np.isin(m.status[~wrong], ["exact"]).all()
    witness = clf.predict(X + m.perturbation)
    assert (witness != y).all()
    assert np.array_equal(witness, m.adversarial_label)


@pytest.mark.parametrize("k", [3, 11])
def test_minimal_perturbations_of_votes(golden: Mapping[str, np.ndarray], k: int) -> None:
    if f"exact_k{k}_upper" not in golden:
        pytest.skip("no exact values for this K")
    lower, upper = golden[f"exact_k{k}_lower"], golden[f"exact_k{k}_upper"]
    X, y = golden["X"][: len(lower)], golden["y"][: len(lower)]
    clf = rm.CertifiedKNeighborsClassifier(k, golden["components"])
    m = clf.fit(golden["X_train"], golden["y_train"]).minimal_perturbation(X, y, time_limit=5.0)
    assert (clf.certify(X, y).radius <= m.lower).all()
    assert (m.lower <= upper * (1 + TOLERANCE)).all()
    assert (m.upper >= lower * (1 - TOLERANCE)).all()
    closed = m.status == "exact"
    assert closed.mean() > 0.7
    known = closed & (upper <= lower * (1 + TOLERANCE))
    assert np.allclose(m.lower[known], lower[known], rtol=TOLERANCE, atol=0)
