"""Gaussian mixtures made from a seed: tables of any size whose classes overlap."""

from __future__ import annotations

import numpy as np

CENTRES, CLASSES, SPREAD = 30, 10, 1.2


def mixture(n_points: int, n_features: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points around 30 centres drawn from N(0, 1.2²), with unit noise; the classes take the centres in turn.

    The centres depend on n_features alone, so that sets of several seeds are of one distribution.
    """
    centres = np.random.default_rng(n_features).normal(0.0, SPREAD, (CENTRES, n_features))
    rng = np.random.default_rng([seed, n_points, n_features])
    which = rng.integers(CENTRES, size=n_points)
    X = centres[which] + rng.normal(size=(n_points, n_features))
    return X.astype(np.float32), which % CLASSES


def is_named(name: str) -> bool:
    """Whether this names a mixture: 1e5x8 for 100 000 points of 8 features."""
    return "x" in name


def named(name: str, n_queries: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points, labels, queries and their labels of the mixture of that name."""
    n_points, n_features = (int(float(part)) for part in name.split("x"))
    return *mixture(n_points, n_features), *mixture(n_queries, n_features, seed=1)
