"""What an installed package must do wherever it runs: ``python tests/smoke.py``, without pytest.

Fits, certifies and searches on scikit-learn's iris, proves the certificates again by the checker, and
compares the instruction sets that this CPU runs. Prints the instruction set and the OpenMP runtimes in use.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_info

import robust_metric as rm
from robust_metric import _core
from robust_metric.cli import main as command_line


def certified(
    X_train: ArrayLike, y_train: ArrayLike, X_test: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Radii for K = 3 under a learned metric, and exact ones for K = 1."""
    learner = rm.ARML(max_iter=20, random_state=0)
    voting = rm.CertifiedKNeighborsClassifier(3, metric=learner).fit(X_train, y_train)
    nearest = rm.CertifiedKNeighborsClassifier(1).fit(X_train, y_train)
    return voting.certify(X_test).radius, nearest.minimal_perturbation(X_test).lower


def prove(X_train: ArrayLike, y_train: ArrayLike, X_test: ArrayLike) -> None:
    """Save a model with certificates, and have the checker prove them from the files."""
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X_train, y_train)
    with tempfile.TemporaryDirectory() as folder:
        model, certificates = Path(folder, "model.npz"), Path(folder, "certificates.npz")
        rm.save_model(clf, model)
        clf.certify(X_test, evidence=True).save(certificates)
        code = command_line(["check", str(certificates), str(model)])
    assert not code, f"the checker ended with {code}"


def main() -> None:
    """Run all of it."""
    X_train, X_test, y_train, _ = rm.datasets.load("iris")
    prove(X_train, y_train, X_test[:8])
    answers = []
    for name in _core.available_instruction_sets():
        _core.force_instruction_set(name)
        answers.append(certified(X_train, y_train, X_test))
    for radius, lower in answers:
        assert np.array_equal(radius, answers[0][0]) and np.array_equal(lower, answers[0][1])
    assert (answers[0][0] > 0.0).mean() > 0.9 and np.isfinite(answers[0][1]).all()
    runtimes = {info["prefix"] for info in threadpool_info() if info["user_api"] == "openmp"}
    print(
        f"robust_metric {rm.__version__}, Python {sys.version.split()[0]}, "
        f"instruction sets {', '.join(_core.available_instruction_sets())}, "
        f"OpenMP {', '.join(sorted(runtimes))}: all is well"
    )


if __name__ == "__main__":
    main()
