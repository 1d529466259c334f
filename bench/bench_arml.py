"""Fitting ARML: against one thread, and against scikit-learn's learner of the same family."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import rivals
from sklearn.neighbors import NeighborhoodComponentsAnalysis

import robust_metric as rm


@pytest.mark.parametrize("name", rivals.FITS)
def test_fit(benchmark: Any, name: str) -> None:
    X, y = rivals.load(name)[:2]
    learned = rivals.compare(
        benchmark,
        lambda: rm.ARML().fit(X, y),
        {"one": lambda: rm.ARML(n_jobs=1).fit(X, y)},
        rounds=3,
        shape=X.shape,
    )
    assert np.isfinite(learned.components_).all()


@pytest.mark.parametrize("name", rivals.FITS[:1])
def test_fit_against_nca(benchmark: Any, name: str) -> None:
    """NCA keeps all pairs of points in memory, so it gets the smallest set only."""
    X, y = rivals.load(name)[:2]
    rivals.compare(
        benchmark,
        lambda: rm.ARML().fit(X, y),
        {"nca": lambda: NeighborhoodComponentsAnalysis(random_state=0).fit(X, y)},
        rounds=2,
        shape=X.shape,
    )


@rivals.needs_mnist
def test_fit_mnist(benchmark: Any) -> None:
    """Once, without a warm-up: a fit is long, and what it warms is a small part of it."""
    X, y = rivals.load("mnist", 2000)[:2]
    benchmark.pedantic(lambda: rm.ARML().fit(X, y), rounds=1, iterations=1)
    benchmark.extra_info["shape"] = X.shape
