"""The robust rivals: what their papers say of them holds."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.datasets import load_iris, make_blobs
from sklearn.utils.estimator_checks import parametrize_with_checks

import robust_metric as rm
from robust_metric.baselines import AML, CAP, AdversarialPruning
from robust_metric.learners.baselines.aml import _confusion, _geometric_mean
from robust_metric.learners.baselines.cap import _Triplets
from robust_metric.learners.baselines.pruning import vertex_cover


@parametrize_with_checks([AdversarialPruning(rm.CertifiedKNeighborsClassifier(1), radius=1e-3)])
def test_scikit_learn_conventions(estimator: Any, check: Any) -> None:
    check(estimator)


def spd(d: int, seed: int) -> NDArray[np.float64]:
    A = np.random.default_rng(seed).normal(size=(d, d))
    return A @ A.T + 0.1 * np.eye(d)


# CAP


def triplets(settings: CAP) -> _Triplets:
    X, y = make_blobs(30, 4, centers=3, cluster_std=5.0, random_state=0)
    X = X - X.mean(axis=0)
    extent = np.abs(X).max()
    return _Triplets(X / extent, y.astype(np.int32), settings, extent)


@pytest.mark.parametrize("seed", range(3))
def test_cap_gradient_is_that_of_its_objective(seed: int) -> None:
    problem = triplets(CAP(tau=4.0, penalty=1.0, n_impostors=4))
    random = np.random.default_rng(seed)
    M = spd(4, seed)
    direction = random.normal(size=(4, 4))
    direction = (direction + direction.T) / 2
    step = 1e-6
    rise = problem.objective(M + step * direction)[0] - problem.objective(M - step * direction)[0]
    slope = np.sum(problem.objective(M)[1] * direction)
    assert slope == pytest.approx(rise / (2 * step), rel=1e-4)


def test_cap_objective_is_the_papers() -> None:
    X, y = load_iris(return_X_y=True)
    settings = CAP(n_neighbors=2, n_impostors=3, tau=0.7, penalty=2.0, pull_weight=0.3)
    centred = X - X.mean(axis=0)
    extent = np.abs(centred).max()
    M = spd(4, 5)
    value, _ = _Triplets(centred / extent, y.astype(np.int32), settings, extent).objective(M)

    def squared(a: int, b: int) -> float:
        return float((X[a] - X[b]) @ M @ (X[a] - X[b]))

    pull, push, short = [], [], []
    distance = np.linalg.norm(X[:, None] - X, axis=2)
    for i in range(len(X)):
        same = np.flatnonzero((y == y[i]) & (np.arange(len(X)) != i))
        other = np.flatnonzero(y != y[i])
        targets = same[np.argsort(distance[i, same], kind="stable")[:2]]
        for j in targets:
            pull.append(squared(i, j))
            for l in other[np.argsort(distance[i, other], kind="stable")[:3]]:  # noqa: E741
                gap = squared(i, l) - squared(i, j)
                push.append(max(1.0 - gap, 0.0))
                margin = gap / (2.0 * np.linalg.norm(M @ (X[j] - X[l])))
                short.append(max(0.7**2 - margin**2, 0.0) if gap > 0.0 else 0.7**2)
    expected = 0.3 * np.mean(pull) + 0.7 * np.mean(push) + 2.0 * np.mean(short)
    # equal distances of iris leave some choices of targets open
    assert value == pytest.approx(expected, rel=2e-2)


def test_cap_lowers_its_objective_and_enlarges_certificates() -> None:
    random = np.random.default_rng(0)
    X = random.uniform(size=(400, 8))
    y = (X[:, 0] + X[:, 1] > 1.0).astype(int)
    cap = CAP(max_iter=100).fit(X[:200], y[:200])
    assert cap.objective_curve_[-1] < 0.9 * cap.objective_curve_[0]
    assert cap.n_iter_ == len(cap.objective_curve_) - 1
    euclidean, learned = (
        rm.certified_radii(X[:200], y[:200], X[200:], y[200:], components=L).mean()
        for L in (None, cap.components_)
    )
    assert learned > 1.2 * euclidean


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_cap_default_margin_has_the_units_of_the_data(scale: float) -> None:
    X, y = make_blobs(60, 4, centers=3, cluster_std=5.0, random_state=0)
    tau = CAP(max_iter=1).fit(X, y).tau_
    assert CAP(max_iter=1).fit(X * scale, y).tau_ == pytest.approx(tau * scale, rel=1e-9)


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (CAP(tau=-1.0), "tau must be a positive number or None, got -1.0"),
        (CAP(pull_weight=2), "pull_weight must be between 0 and 1, got 2"),
        (CAP(n_impostors=0), "n_impostors must be an integer of at least 1, got 0"),
        (AML(beta=2.0), "beta must be finite and above 2, got 2.0"),
        (AML(alpha=-1.0), "alpha must be between 0 and inf, got -1.0"),
        (AdversarialPruning(None, radius=-1), "radius must be between 0 and inf, got -1"),
        (AdversarialPruning(None, max_conflicts=0), "max_conflicts must be an integer"),
        (AdversarialPruning(None, radius=9, max_conflicts=5), "more than max_conflicts=5 pairs"),
    ],
    ids=str,
)
def test_parameters_out_of_range(learner: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        learner.fit(*load_iris(return_X_y=True))


# AML


def test_aml_distinguishment_is_a_minimum() -> None:
    A, B = spd(5, 1), spd(5, 2)
    M = _geometric_mean(A, B)
    np.testing.assert_allclose(M @ A @ M, B, atol=1e-10)

    def loss(M: NDArray[np.float64]) -> float:
        return float(np.trace(M @ A) + np.trace(np.linalg.inv(M) @ B))

    for seed in range(5):
        other = spd(5, 10 + seed)
        assert loss(M) < loss(0.99 * M + 0.01 * other)


def test_aml_confusion_is_a_maximum() -> None:
    """A pair (a + t, b − t) gains most from the t of the closed form."""
    random = np.random.default_rng(0)
    M, beta = spd(4, 3), 5.0
    price = beta * max(1.0, 1.0 / np.linalg.eigvalsh(M)[0] ** 2)
    difference = random.normal(size=4)
    spread = np.outer(difference, difference)
    own, other = _confusion(M, spread, spread, beta)

    def gain(t: NDArray[np.float64], metric: NDArray[np.float64], price: float) -> float:
        moved = difference + 2.0 * t
        return float(moved @ metric @ moved - 2.0 * price * t @ M @ t)

    for scatter, metric, cost in ((own, M, beta), (other, np.linalg.inv(M), price)):
        values, vectors = np.linalg.eigh(scatter)
        moved = np.sqrt(values[-1]) * vectors[:, -1]
        moved *= np.sign(moved @ difference)
        best = gain((moved - difference) / 2.0, metric, cost)
        for _ in range(50):
            t = (moved - difference) / 2.0 + 1e-3 * random.normal(size=4)
            assert gain(t, metric, cost) < best


def test_aml_settles() -> None:
    X, y = load_iris(return_X_y=True)
    aml = AML().fit(X, y)
    assert aml.n_iter_ < 50
    plain = AML(alpha=0.0).fit(X, y)
    assert plain.n_iter_ == 1
    assert not np.allclose(aml.components_, plain.components_)


# Adversarial pruning


def random_graph(n: int, edges: int, bipartite: bool, seed: int) -> csr_array:
    random = np.random.default_rng(seed)
    dense = np.zeros((n, n), np.int8)
    for _ in range(edges):
        a, b = random.integers(n, size=2)
        if a != b and (not bipartite or (a + b) % 2):
            dense[a, b] = dense[b, a] = 1
    return csr_array(dense)


def is_cover(graph: csr_array, cover: Any) -> bool:
    left = np.setdiff1d(np.arange(graph.shape[0]), np.array(list(cover), int))
    return graph[left][:, left].nnz == 0


def smallest_cover(graph: csr_array) -> int:
    n = graph.shape[0]
    sizes = (m for m in range(n + 1) for c in combinations(range(n), m) if is_cover(graph, c))
    return next(sizes)


@pytest.mark.parametrize("bipartite", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_covers(bipartite: bool, seed: int) -> None:
    graph = random_graph(9, 4 + seed, bipartite, seed)
    cover = vertex_cover(graph)
    best = smallest_cover(graph)
    assert is_cover(graph, cover)
    assert len(cover) == best if bipartite else len(cover) <= 2 * best
    for vertex in cover:  # none is superfluous
        assert not is_cover(graph, np.setdiff1d(cover, [vertex]))


@pytest.mark.parametrize("centers", [2, 4])
def test_pruned_classes_are_apart(centers: int) -> None:
    X, y = make_blobs(300, 3, centers=centers, cluster_std=3.0, random_state=1)
    X = X + 1e4  # squared distances from matrix products alone would not see these
    pruned = AdversarialPruning(rm.CertifiedKNeighborsClassifier(1), radius=0.7).fit(X, y)
    left, labels = X[pruned.kept_], y[pruned.kept_]
    distance = np.linalg.norm(left[:, None] - left, axis=2)
    assert distance[labels[:, None] != labels].min() >= 1.4
    assert 100 < len(left) < 300
    # a training point that is left is 1-NN certified up to half the separation at least
    assert pruned.estimator_.certify(left).radius.min() >= 0.7 * (1 - 1e-9)
    assert pruned.predict(X).shape == y.shape


def test_pruning_by_nothing_keeps_everything() -> None:
    X, y = load_iris(return_X_y=True)
    pruned = AdversarialPruning(rm.CertifiedKNeighborsClassifier(1), radius=0.0).fit(X, y)
    np.testing.assert_array_equal(pruned.kept_, np.arange(len(X)))
