"""Exact radii for K = 1: against the K = 11 bound, one thread, and the same QPs by other solvers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import rivals
from textbook import squared_distances

QP_QUERIES = 20

# Solves min |x|^2 / 2 with A x <= b.
Solver = Callable[[np.ndarray, np.ndarray], np.ndarray]


def daqp_solver(d: int) -> Solver:
    daqp = pytest.importorskip("daqp")
    H, f = np.eye(d), np.zeros(d)

    def solve(A: np.ndarray, b: np.ndarray) -> np.ndarray:
        x, _, flag, _ = daqp.solve(H, f, A, b)
        assert flag == 1, f"daqp gave up with exit flag {flag}"
        return x

    return solve


def proxsuite_solver(d: int) -> Solver:
    proxqp = pytest.importorskip("proxsuite").proxqp
    H, f = np.eye(d), np.zeros(d)

    def solve(A: np.ndarray, b: np.ndarray) -> np.ndarray:
        result = proxqp.dense.solve(H, f, None, None, A, np.full(len(b), -1e20), b, eps_abs=1e-9)
        return result.x

    return solve


def radii_by(solver: Solver, clf: Any, data: tuple[np.ndarray, ...]) -> np.ndarray:
    """Minimal perturbations of 1-NN predictions: candidates in the order of their bounds, a QP for each.

    A candidate is dropped once its bound reaches the best radius, so that the solver gets no more
    QPs than it must; each has a row for every point of the predicted class.
    """
    X_train, y_train, X, _ = data
    radii = np.empty(len(X))
    for i, (z, label) in enumerate(zip(X, clf.predict(X), strict=True)):
        own, other = X_train[y_train == label], X_train[y_train != label]
        to_own, to_other = (squared_distances(z[None], part)[0] for part in (own, other))
        nearest = own[to_own.argmin()]
        lengths = np.sqrt(squared_distances(nearest[None], other)[0])
        bounds = (to_other - to_own.min()) / (2.0 * np.maximum(lengths, 1e-300))
        best = np.inf
        for j in np.argsort(bounds):
            if bounds[j] >= best:
                break
            # nearer to other[j] than to own[k]: 2 (own[k] - other[j]) x <= |z - own[k]|^2 - |z - other[j]|^2
            x = solver(2.0 * (own - other[j]), to_own - to_other[j])
            best = min(best, float(np.linalg.norm(x)))
        radii[i] = best
    return radii


@pytest.mark.parametrize("name", rivals.TABLES)
def test_exact(benchmark: Any, name: str) -> None:
    X = rivals.load(name)[2]
    clf, one = rivals.classifier(name, 1), rivals.classifier(name, 1, n_jobs=1)
    bound = rivals.classifier(name, rivals.K)
    found = rivals.compare(
        benchmark,
        lambda: clf.minimal_perturbation(X),
        {"one": lambda: one.minimal_perturbation(X), "bound": lambda: bound.certify(X)},
        rounds=5,
        queries=len(X),
    )
    assert set(found.status) == {"exact"}


@pytest.mark.parametrize("solver", ["daqp", "proxsuite"])
@pytest.mark.parametrize("name", rivals.TABLES)
def test_exact_by_other_solvers(benchmark: Any, name: str, solver: str) -> None:
    """The package gets one thread too; the queries are the first test points."""
    data = rivals.load(name)
    clf = rivals.classifier(name, 1, n_jobs=1)
    few = (*data[:2], data[2][:QP_QUERIES], data[3][:QP_QUERIES])
    solve = {"daqp": daqp_solver, "proxsuite": proxsuite_solver}[solver](few[0].shape[1])
    found = rivals.compare(
        benchmark,
        lambda: clf.minimal_perturbation(few[2]),
        {solver: lambda: radii_by(solve, clf, few)},
        rounds=1,
        queries=QP_QUERIES,
    )
    # proxsuite is an augmented Lagrangian method and stops at a tolerance
    np.testing.assert_allclose(radii_by(solve, clf, few), found.upper, rtol=1e-3)


@rivals.needs_mnist
def test_exact_mnist(benchmark: Any) -> None:
    X = rivals.mnist()[2][:500]
    clf, bound = rivals.classifier("mnist", 1), rivals.classifier("mnist", rivals.K)
    found = rivals.compare(
        benchmark,
        lambda: clf.minimal_perturbation(X),
        {"bound": lambda: bound.certify(X)},
        queries=len(X),
    )
    assert set(found.status) == {"exact"}


@rivals.needs_mnist
def test_exact_mnist_two_threads(benchmark: Any) -> None:
    X = rivals.mnist()[2][:500]
    two, one = (rivals.classifier("mnist", 1, n_jobs) for n_jobs in (2, 1))
    rivals.compare(
        benchmark,
        lambda: two.minimal_perturbation(X),
        {"one": lambda: one.minimal_perturbation(X)},
        rounds=2,
    )
