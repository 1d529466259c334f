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


@pytest.mark.parametrize("radius", [0.0, 0.4, 1.0, 2.5, 100.0])
@pytest.mark.parametrize("queries", [Z, None], ids=["queries", "training points"])
def test_radius_neighbors_are_those_of_scikit_learn(radius: float, queries: np.ndarray) -> None:
    theirs = NearestNeighbors().fit(X)
    for ours in (rm.CertifiedNearestNeighbors(4), rm.CertifiedKNeighborsClassifier(4)):
        ours.fit(X, np.arange(30) % 2)
        distances, indices = ours.radius_neighbors(queries, radius)
        wanted = theirs.radius_neighbors(queries, radius)
        assert distances.dtype == indices.dtype == object and len(indices) == len(wanted[1])
        for d, i, e, j in zip(distances, indices, *wanted, strict=True):
            assert sorted(i) == sorted(j) and (np.diff(d) >= 0.0).all()
            np.testing.assert_allclose(d, np.sort(e), rtol=1e-12, atol=1e-12)
        alone = ours.radius_neighbors(queries, radius, return_distance=False)
        assert all(np.array_equal(a, b) for a, b in zip(alone, indices, strict=True))
        for mode in ("connectivity", "distance"):
            graph = ours.radius_neighbors_graph(queries, radius, mode)
            expected = theirs.radius_neighbors_graph(queries, radius, mode)
            assert graph.format == "csr" and graph.nnz == expected.nnz
            np.testing.assert_allclose(graph.toarray(), expected.toarray(), atol=1e-12)


def test_radius_neighbors_of_ties_duplicates_and_many_points() -> None:
    grid = np.repeat(np.arange(200.0), 3)[:, None]
    search = rm.CertifiedNearestNeighbors(1).fit(grid)
    distances, indices = search.radius_neighbors([[50.0], [400.0]], 40.0)
    assert len(indices[0]) == 3 * 81 and len(indices[1]) == 0
    assert np.array_equal(np.lexsort((indices[0], distances[0])), np.arange(243))
    own = search.radius_neighbors(None, 0.0, return_distance=False)
    assert all(len(i) == 2 and row not in i for row, i in enumerate(own))


@pytest.mark.parametrize("radius", [-1.0, float("nan"), "far", None])
def test_wrong_radii(radius: object) -> None:
    with pytest.raises(ValueError, match="radius must be a number of at least 0"):
        rm.CertifiedNearestNeighbors(2).fit(X).radius_neighbors(Z, radius)  # type: ignore[arg-type]
