"""The protocol of the paper's tables, as the package has it, and the times to compare with.

Data files (``<name>.npz``) are read from the folder in ROBUST_METRIC_DATA, else ``../shared/data``.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

import robust_metric as rm
from robust_metric.paper import protocol as package
from robust_metric.paper.protocol import N_TEST, RADII
from robust_metric.paper.references import PUBLISHED_ARML, PUBLISHED_EUCLIDEAN

__all__ = [
    "DATA",
    "PUBLISHED_ARML",
    "PUBLISHED_EUCLIDEAN",
    "PUBLISHED_SECONDS",
    "RADII",
    "load",
    "row",
]

DATA = Path(os.environ.get("ROBUST_METRIC_DATA", Path(__file__).parents[2] / "shared" / "data"))

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


def load(name: str, n_test: int | None = N_TEST) -> tuple[np.ndarray, ...]:
    """Return X_train, y_train, X_test, y_test of a data file, or of digits; by default 1000 test points."""
    if name == "digits":
        X_train, X, y_train, y = rm.datasets.load(name)
        return X_train, y_train, X[:n_test], y[:n_test]
    problem = package.load(DATA / f"{name}.npz", n_test)
    return problem.X_train, problem.y_train, problem.X, problem.y


def row(errors: np.ndarray | tuple[float, ...], digits: int = 3) -> str:
    """Errors as the fixed-width row of a table."""
    return " ".join(f"{error:.{digits}f}" for error in errors)
