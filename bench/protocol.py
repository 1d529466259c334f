"""The protocol of the paper's tables: data, scaling, test order, radii and the figures to compare with.

Features are min-max scaled on the training set (images divided by 255), test points are shuffled
with seed 42 and not clipped, and the first 1000 of them are certified against the full training set.
Data files (``<name>.npz``) are read from the folder in ROBUST_METRIC_DATA, else ``../shared/data``.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from sklearn.utils import shuffle

from robust_metric import datasets

DATA = Path(os.environ.get("ROBUST_METRIC_DATA", Path(__file__).parents[2] / "shared" / "data"))

_SMALL = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
_LARGE = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
RADII = {
    "splice": _SMALL,
    "pendigits": _SMALL,
    "usps": _LARGE,
    "mnist": _LARGE,
    "fashion-mnist": _LARGE,
}

# Certified robust errors at RADII by the published code (PyTorch), run on the same files.
PUBLISHED_ARML = {
    ("splice", 1): (0.111, 0.217, 0.349, 0.510, 0.652, 0.781),
    ("splice", 11): (0.117, 0.211, 0.350, 0.502, 0.672, 0.824),
    ("pendigits", 1): (0.028, 0.115, 0.344, 0.598, 0.821, 0.967),
    ("pendigits", 11): (0.035, 0.116, 0.309, 0.568, 0.780, 0.937),
    ("usps", 1): (0.047, 0.126, 0.323, 0.644, 0.876, 0.969),
    ("usps", 11): (0.062, 0.163, 0.378, 0.624, 0.894, 0.978),
}

# The same for the Euclidean metric, by an independent solver; K = 11 without the plurality refinement.
PUBLISHED_EUCLIDEAN = {
    ("mnist", 1): (0.033, 0.112, 0.274, 0.521, 0.788, 0.945),
    ("pendigits", 1): (0.032, 0.119, 0.347, 0.606, 0.829, 0.969),
    ("usps", 1): (0.055, 0.151, 0.403, 0.687, 0.891, 0.973),
    ("splice", 1): (0.302, 0.466, 0.659, 0.784, 0.848, 0.875),
    ("pendigits", 11): (0.039, 0.126, 0.316, 0.577, 0.784, 0.937),
    ("usps", 11): (0.075, 0.221, 0.478, 0.679, 0.923, 0.986),
    ("splice", 11): (0.316, 0.554, 0.824, 0.977, 0.990, 0.997),
}

# Seconds per query, or per fit of 1000 epochs, of the published code on two cores of another machine.
PUBLISHED_SECONDS = {
    ("bound", "pendigits"): 0.40,
    ("bound", "usps"): 2.5,
    ("exact", "pendigits"): 0.092,
    ("exact", "usps"): 0.95,
    ("fit", "splice"): 24.0,
    ("fit", "pendigits"): 760.0,
    ("fit", "usps"): 1390.0,
}


def load(name: str, n_test: int | None = 1000) -> tuple[np.ndarray, ...]:
    """Return X_train, y_train, X_test, y_test of a data file; by default 1000 test points."""
    X_train, X_test, y_train, y_test = datasets.load(DATA / f"{name}.npz")
    X_test, y_test = shuffle(X_test, y_test, random_state=42)
    return X_train, y_train, X_test[:n_test], y_test[:n_test]


def row(errors: np.ndarray | tuple[float, ...]) -> str:
    """Errors as the fixed-width row of a table."""
    return " ".join(f"{error:.3f}" for error in errors)
