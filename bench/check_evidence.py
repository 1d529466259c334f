"""Evidence of minimal perturbations with K > 1 on digits: nodes, bytes, seconds of checking.

python bench/check_evidence.py
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

import robust_metric as rm
from robust_metric import check
from robust_metric.results import SearchTrees


def bytes_of(trees: SearchTrees) -> int:
    return sum(getattr(trees, name).nbytes for name in SearchTrees.__dataclass_fields__)


def seconds(folder: Path, rows: list[int]) -> float:
    start = time.process_time()
    report = check.check(folder / "certificates.npz", folder / "model.npz", only=rows)
    assert report.ok, report.failures
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=20)
    m = parser.parse_args().queries
    X_train, X_test, y_train, y_test = rm.datasets.load("digits")
    full = np.eye(64) + 0.1 * np.random.default_rng(0).standard_normal((64, 64))
    for metric, L in (("Euclidean", None), ("full matrix", full)):
        for k in (3, 5):
            clf = rm.CertifiedKNeighborsClassifier(k, L, n_jobs=1).fit(X_train, y_train)
            found = clf.minimal_perturbation(X_test[:m], y_test[:m], 5.0, evidence=True)
            assert found.evidence is not None and found.evidence.trees is not None
            trees = found.evidence.trees
            nodes = np.diff(trees.offsets)
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                rm.save_model(clf, folder / "model.npz")
                found.certificates().save(folder / "certificates.npz")
                start = seconds(folder, [])
                each = np.array([seconds(folder, [i]) for i in range(m)]) - start
            print(
                f"| {metric} | {k} | {np.median(nodes):.0f}, {nodes.max()} "
                f"| {bytes_of(trees) / m / 1000:.0f} kB "
                f"| {np.median(each):.2f}, {each.mean():.2f}, {each.max():.2f} |"
            )


if __name__ == "__main__":
    main()
