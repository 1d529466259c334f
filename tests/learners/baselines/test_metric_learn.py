"""LMNN, ITML and LFDA against what metric-learn 0.7.0 learns (make_metric_learn_values.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_metric.baselines import ITML, LFDA, LMNN

VALUES = dict(np.load(Path(__file__).with_name("metric_learn_values.npz")))
NAMES = ["iris", "wine"]


def data(name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    return VALUES[f"{name}_X"], VALUES[f"{name}_y"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rate", ["1e-07", "0.001"])
def test_lmnn_takes_the_same_steps(name: str, rate: str) -> None:
    steps, n_iter = VALUES[f"{name}_lmnn_{rate}_steps"]
    lmnn = LMNN(learn_rate=float(rate), max_iter=int(steps)).fit(*data(name))
    assert lmnn.n_iter_ == n_iter
    np.testing.assert_allclose(lmnn.components_, VALUES[f"{name}_lmnn_{rate}"], atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_lmnn_of_low_rank_takes_the_same_steps(name: str) -> None:
    lmnn = LMNN(n_neighbors=2, n_components=3, learn_rate=1e-4, max_iter=100, regularization=0.3)
    expected = VALUES[f"{name}_lmnn_rank3"]
    M = lmnn.fit(*data(name)).get_mahalanobis_matrix()
    # principal directions have no sign of their own
    np.testing.assert_allclose(M, expected.T @ expected, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("prior", ["identity", "covariance"])
@pytest.mark.parametrize("gamma", ["0.1", "1"])
def test_itml_makes_the_same_projections(name: str, prior: str, gamma: str) -> None:
    key = f"{name}_itml_{prior}_{gamma}"
    itml = ITML(gamma=float(gamma), prior=prior)
    itml.fit(VALUES[f"{name}_pairs"], VALUES[f"{name}_kinds"])
    assert itml.n_iter_ == VALUES[f"{key}_sweeps"]
    np.testing.assert_allclose(itml.bounds_, VALUES[f"{key}_bounds"], rtol=1e-12)
    scale = np.abs(VALUES[key]).max()
    np.testing.assert_allclose(itml.get_mahalanobis_matrix(), VALUES[key], atol=1e-7 * scale)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", [None, 3])
def test_lfda_finds_the_same_directions(name: str, k: int | None) -> None:
    X, y = data(name)

    def matrix(embedding: str) -> NDArray[np.float64]:
        lfda = LFDA(n_components=3, k=k, embedding_type=embedding)
        return lfda.fit(X, y).get_mahalanobis_matrix()

    for embedding in ("plain", "orthonormalized"):
        expected = VALUES[f"{name}_lfda_{embedding}_{k}"]
        scale = np.abs(expected).max()
        np.testing.assert_allclose(matrix(embedding), expected, atol=1e-7 * scale)
    # metric-learn adds the within-class scatter where the paper subtracts it: eigenvalues are 2 larger
    expected = VALUES[f"{name}_lfda_weighted_{k}"]
    shifted = matrix("weighted") + 2.0 * matrix("plain")
    np.testing.assert_allclose(shifted, expected, atol=1e-7 * np.abs(expected).max())
