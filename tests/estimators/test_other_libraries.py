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


@pytest.mark.filterwarnings("ignore")  # of transform, which needs an index of UMAP's own
def test_umap() -> None:
    """UMAP takes the neighbours that our search finds, as it takes scikit-learn's."""
    umap = pytest.importorskip("umap")
    embedded = []
    for search in (rm.CertifiedNearestNeighbors(10), NearestNeighbors(n_neighbors=10)):
        distances, indices = search.fit(X).kneighbors(X)
        known = (indices, distances.astype(np.float32))
        reducer = umap.UMAP(n_neighbors=10, precomputed_knn=known, random_state=0, n_epochs=20)
        embedded.append(reducer.fit_transform(X))
    assert embedded[0].shape == (60, 2) and np.isfinite(embedded[0]).all()
    np.testing.assert_array_equal(*embedded)
