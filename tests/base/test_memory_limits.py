"""Where memory runs out a call raises MemoryError: it neither spins nor ends the process."""

from __future__ import annotations

import subprocess
import sys

import pytest

resource = pytest.importorskip("resource", reason="no limits on this system")

LIMITED = """
import resource, sys
import numpy as np
import robust_metric as rm

room = int(sys.argv[1])
rng = np.random.default_rng(0)
X, y, L = rng.normal(size=(4000, 40)), rng.integers(0, 2, 4000), rng.normal(size=(40, 40))
small = rm.CertifiedKNeighborsClassifier(3, n_jobs=1).fit(X[:50], y[:50])
status = open("/proc/self/status").read()
used = int(status.split("VmSize:")[1].split()[0]) << 10
resource.setrlimit(resource.RLIMIT_AS, (used + (room << 20),) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))  # ends one that spins
try:
    clf = rm.CertifiedKNeighborsClassifier(3, L, n_jobs=2).fit(X, y)
    clf.certify(X[:300])
    print("answered")
except MemoryError:
    print("MemoryError")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_two_threads_with_little_room() -> None:
    """2 MB are too little for a thread's stack, 25 and 40 for the buffers of a BLAS on two threads."""
    rooms = [2, 25, 40]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", LIMITED, str(room)], stdout=subprocess.PIPE, text=True
        )
        for room in rooms
    ]
    said = [process.communicate(timeout=120)[0].strip() for process in running]
    assert dict(zip(rooms, said, strict=True)) == dict.fromkeys(rooms, "MemoryError")
