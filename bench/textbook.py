"""The K-NN bound by the dense formula in NumPy, for any pair of order statistics (Euclidean metric)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def textbook_radii(data: tuple[np.ndarray, ...], orders: Sequence[tuple[int, int]]) -> np.ndarray:
    """For each (t, u): the t-th smallest over x- of the u-th largest over x+ of the pair bound.

    Parameters
    ----------
    data : X_train, y_train, X, y
        The class of each query in X counts as x+; predictions are not looked at.
    orders : sequence of (t, u)
        For odd K, theorem 1 of the paper has t = u = (K + 1) / 2.

    Returns
    -------
    (len(orders), m) float64
        In plain floating point.
    """
    X_train, y_train, X, y = data
    radii = np.zeros((len(orders), len(X)))
    deepest = max(u for _, u in orders)
    for label in np.unique(y):
        own, other = X_train[y_train == label], X_train[y_train != label]
        lengths = 2.0 * np.maximum(np.sqrt(squared_distances(own, other)), 1e-300)
        for i in np.flatnonzero(y == label):
            far, near = squared_distances(X[i : i + 1], other), squared_distances(X[i : i + 1], own)
            bounds = (far - near.T) / lengths
            first = max(len(own) - deepest, 0)
            largest = np.sort(np.partition(bounds, first, axis=0)[first:], axis=0)[::-1]
            for row, (t, u) in enumerate(orders):
                if u <= len(largest):
                    radii[row, i] = max(np.partition(largest[u - 1], t - 1)[t - 1], 0.0)
    return radii


def squared_distances(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances of all rows, by the expanded formula."""
    return np.maximum((A**2).sum(1)[:, None] - 2.0 * (A @ B.T) + (B**2).sum(1), 0.0)
