"""Peak memory of certifying MNIST, in a process of its own.

The peak that the kernel keeps of the resident set is reset after the data are loaded; what it rises
above the level of that moment is the work's own, and the training array is counted separately.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rivals

import robust_metric as rm

QUERIES = 2000


def resident(field: str) -> int:
    """Bytes of VmRSS or VmHWM of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {field} in /proc/self/status")


def certify(writable: bool) -> dict[str, int]:
    """Bytes of the training array in float32, and of what fitting and certifying take above it."""
    X_train, y_train, X, _ = rivals.mnist(QUERIES)
    rivals.load.cache_clear()  # the float64 copy
    X_train.flags.writeable = writable  # read-only data are used where they lie
    warm = rm.CertifiedKNeighborsClassifier(1).fit(X_train[:100], y_train[:100])
    warm.certify(X[:1])  # compiled core, BLAS and its buffers
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    clf = rm.CertifiedKNeighborsClassifier(rivals.K).fit(X_train, y_train)
    radius = clf.certify(X).radius
    assert np.median(radius) > 0.5
    return {"array": X_train.nbytes, "work": resident("VmHWM") - before}


@rivals.needs_mnist
@pytest.mark.parametrize("kind", ["read_only", "writable"])
def test_certify_mnist_memory(benchmark: Any, kind: str) -> None:
    def in_new_process() -> dict[str, int]:
        command = [sys.executable, __file__, kind]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    benchmark.extra_info.update(benchmark.pedantic(in_new_process, rounds=1, iterations=1))


if __name__ == "__main__":
    print(json.dumps(certify(sys.argv[1] == "writable")))
