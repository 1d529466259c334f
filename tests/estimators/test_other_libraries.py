"""Certified neighbour searches where other libraries take a search of scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

import robust_metric as rm

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = np.r_[np.zeros(48, dtype=int), np.ones(12, dtype=int)]


def test_imbalanced_learn() -> None:
    """SMOTE, and cleaning by edited neighbours, with our search in the place of scikit-learn's."""
    over = pytest.importorskip("imblearn.over_sampling")
    under = pytest.importorskip("imblearn.under_sampling")
    ours, theirs = rm.CertifiedNearestNeighbors(4), NearestNeighbors(n_neighbors=4)
    for resampled in (
        lambda search: over.SMOTE(k_neighbors=search, random_state=0),
        lambda search: under.EditedNearestNeighbours(n_neighbors=search),
    ):
        (points, labels), wanted = (resampled(s).fit_resample(X, Y) for s in (ours, theirs))
        np.testing.assert_allclose(points, wanted[0])
        assert np.array_equal(labels, wanted[1]) and len(labels) != len(Y)
