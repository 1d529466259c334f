"""Evidence of minimal perturbations with K > 1 on digits: nodes, bytes, seconds of checking.

python bench/check_evidence.py

With --proved PROGRAM the checker that `make -C proofs` extracts reads the same certificates, and the
CPU time of both is printed.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

import robust_metric as rm
from robust_metric import check
from robust_metric.checker.export import export_evidence
from robust_metric.io.model_files import read_model
from robust_metric.results import Certificates, SearchTrees


def bytes_of(trees: SearchTrees) -> int:
    return sum(getattr(trees, name).nbytes for name in SearchTrees.__dataclass_fields__)


def seconds(folder: Path, rows: list[int]) -> float:
    start = time.process_time()
    report = check.check(folder / "certificates.npz", folder / "model.npz", only=rows)
    assert report.ok, report.failures
    return time.process_time() - start


def seconds_proved(program: str, folder: Path) -> float:
    """CPU time of the extracted checker on all certificates."""
    claims = Certificates.load(folder / "certificates.npz")
    export_evidence(claims, read_model(folder / "model.npz"), folder / "evidence.txt")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([program, folder / "evidence.txt"], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument("--proved", metavar="PROGRAM")
    args = parser.parse_args()
    m = args.queries
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
                if args.proved:
                    python = seconds(folder, list(range(m)))
                    proved = seconds_proved(args.proved, folder)
                    print(f"Python {python:.2f} s, extracted {proved:.2f} s")
            print(
                f"| {metric} | {k} | {np.median(nodes):.0f}, {nodes.max()} "
                f"| {bytes_of(trees) / m / 1000:.0f} kB "
                f"| {np.median(each):.2f}, {each.mean():.2f}, {each.max():.2f} |"
            )


if __name__ == "__main__":
    main()
