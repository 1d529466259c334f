"""Neighbours as sparse graphs, held against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

import robust_metric as rm

RNG = np.random.default_rng(0)
X, Z = RNG.normal(size=(30, 3)), RNG.normal(size=(7, 3))


@pytest.mark.parametrize("mode", ["connectivity", "distance"])
@pytest.mark.parametrize("k", [None, 1, 5])
@pytest.mark.parametrize("queries", [Z, None], ids=["queries", "training points"])
def test_graphs_are_those_of_scikit_learn(mode: str, k: int | None, queries: np.ndarray) -> None:
    for ours in (rm.CertifiedNearestNeighbors(4), rm.CertifiedKNeighborsClassifier(4)):
        graph = ours.fit(X, np.arange(30) % 2).kneighbors_graph(queries, k, mode)
        theirs = NearestNeighbors(n_neighbors=4).fit(X).kneighbors_graph(queries, k, mode)
        assert graph.format == "csr" and graph.shape == theirs.shape
        np.testing.assert_allclose(graph.toarray(), theirs.toarray(), rtol=1e-12, atol=1e-12)
        assert np.array_equal(graph.indptr, theirs.indptr)


def test_a_distance_of_zero_is_an_entry() -> None:
    graph = rm.CertifiedNearestNeighbors(2).fit(X).kneighbors_graph(X, mode="distance")
    assert graph.nnz == 60 and (graph.data[::2] == 0).all()


def test_other_modes() -> None:
    with pytest.raises(ValueError, match='mode must be "connectivity" or "distance", got \'far\''):
        rm.CertifiedNearestNeighbors(2).fit(X).kneighbors_graph(X, mode="far")
