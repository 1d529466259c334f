"""Fitting ARML: against one thread, and against scikit-learn's learner of the same family."""

from __future__ import annotations

from typing import Any

import numpy as np
import protocol
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
    """Once, without a warm-up: a fit is long, and what it warms is a small part of it.

    What it was worth is noted beside the time: certified errors of 1-NN and K = 11 at the tables' radii.
    """
    X, y, queries, truth = rivals.load("mnist")
    arml = benchmark.pedantic(lambda: rm.ARML().fit(X, y), rounds=1, iterations=1)
    benchmark.extra_info["shape"] = X.shape
    radii = protocol.RADII["mnist"]
    for k in (1, rivals.K):
        clf = rm.CertifiedKNeighborsClassifier(k, arml).fit(X, y)
        found = clf.minimal_perturbation(queries, truth) if k == 1 else clf.certify(queries, truth)
        errors = found.robust_error(radii)
        benchmark.extra_info[f"certified errors, K = {k}"] = protocol.row(errors)
        assert errors[0] < 0.1
