"""Results describe themselves in a few lines, however many they are."""

from __future__ import annotations

import math

import numpy as np
import pytest

import robust_metric as rm


@pytest.fixture(scope="module")
def clf() -> rm.CertifiedKNeighborsClassifier:
    X, y = np.arange(8.0)[:, None] ** 2, ["<own>"] * 4 + ["other"] * 4
    return rm.CertifiedKNeighborsClassifier(1).fit(X, y)


def test_certificates(clf: rm.CertifiedKNeighborsClassifier) -> None:
    X = np.array([[0.0], [9.0], [12.5], [49.0]])
    c = clf.certify(X, evidence=True)
    assert repr(c).split("\n") == [
        "Certificates of 4 predictions",
        "  neighbours  K = 1",
        "  radius      median 8, from 0 to 36.5; 0 for 1",
        "  label       <own>: 3, other: 1",
        "  threat      2-norm",
        "  evidence    for robust_metric.check",
    ]
    assert "evidence    none" in repr(clf.certify(X))
    html = c._repr_html_()
    assert html.startswith("<table>") and "&lt;own&gt;: 3" in html and "<own>" not in html


def test_minimal_perturbations(clf: rm.CertifiedKNeighborsClassifier) -> None:
    text = repr(clf.minimal_perturbation([[0.0], [49.0]], ["<own>", "<own>"]))
    assert text.startswith("Minimal perturbations of 2 predictions\n  neighbours  K = 1\n")
    assert "status      exact: 1, misclassified: 1" in text
    assert "12.5; 0 for 1" in text


def test_neighbor_certificates_and_no_queries_at_all() -> None:
    found = rm.CertifiedNearestNeighbors(2).fit([[0.0], [1.0]]).certify_neighbors([[0.3]])
    assert "radius      median inf, from inf to inf; unlimited for 1" in repr(found)
    none = rm.NeighborCertificates(np.empty(0), np.empty((0, 3), dtype=np.int64))
    assert "radius      none" in repr(none) and "K = 3" in repr(none)


def test_threat_models_name_what_is_not_the_default() -> None:
    cost = np.ones(20)
    cost[3] = math.inf
    assert repr(rm.ThreatModel()) == "ThreatModel()"
    assert repr(rm.ThreatModel(1, (0, 1))) == "ThreatModel(norm=1, bounds=(0.0, 1.0))"
    assert repr(rm.ThreatModel(math.inf, feature_cost=cost, clip_queries=True)) == (
        "ThreatModel(norm=inf, feature_cost=<20 values from 1 to inf>, clip_queries=True)"
    )
    long = rm.ThreatModel(bounds=([0.0] * 9, [2.0] * 9))
    assert repr(long) == "ThreatModel(bounds=(<9 values from 0 to 0>, <9 values from 2 to 2>))"
    small = rm.ThreatModel(1, (0, [1, 2]), [1.0, math.inf])
    assert eval(repr(small), {"ThreatModel": rm.ThreatModel, "inf": math.inf}) == small
