"""Certified radii from Cython code without the GIL, from two threads, against those of the classifier.

Usage, in this folder: cythonize -i rows.pyx && python main.py
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from rows import certify_rows
from threadpoolctl import threadpool_limits

import robust_metric as rm
from robust_metric.core import Certifier


def main() -> None:
    """Certify the test points of iris both ways."""
    X_train, X_test, y_train, _ = rm.datasets.load("iris")
    clf = rm.CertifiedKNeighborsClassifier(n_neighbors=3).fit(X_train, y_train)
    certifier = Certifier(clf)
    # our threads are the parallel ones: BLAS need not start more in each
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(certify_rows, [certifier] * 2, np.array_split(X_test, 2)))
    radius, label = (np.concatenate(column) for column in zip(*parts, strict=True))
    expected, close = clf.certify(X_test), clf.minimal_perturbation(X_test)
    wanted = np.where(expected.radius < 0.1, close.lower, expected.radius)
    assert np.array_equal(radius, wanted), "radii differ from those of the classifier"
    assert np.array_equal(certifier.classes[label], expected.label)
    print(
        f"{len(radius)} radii without the GIL, equal to the classifier's; median {np.median(radius):.3f}"
    )


if __name__ == "__main__":
    main()
