"""Small problems beside programs that use every core: default threads against one thread.

    python bench/busy_machine.py

For each kind of call, wall and processor seconds with all cores and with one thread, on the machine as it
is and then with one busy process for each core. Threads that wait must not burn what others need, and small
work should not wait for a thread that the system does not run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from sklearn.datasets import load_digits, load_iris

import robust_metric as rm

REPEATS = 3


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Programs that do nothing but use a core each."""
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor time of the fastest of some runs."""
    found = []
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        found.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(found)


def calls(n_jobs: int | None) -> dict[str, Callable[[], object]]:
    """Kinds of small problems."""
    X, y = load_iris(return_X_y=True)
    D, t = load_digits(return_X_y=True)
    near = rm.CertifiedKNeighborsClassifier(5, n_jobs=n_jobs).fit(X, y)
    digits = rm.CertifiedKNeighborsClassifier(5, n_jobs=n_jobs).fit(D[:1000] / 16, t[:1000])
    rows = np.array_split(X, 50)
    return {
        "prototypes, fit, iris": lambda: rm.CertifiedPrototypeClassifier(
            n_jobs=n_jobs, random_state=0
        ).fit(X, y),
        "ARML, fit, iris": lambda: rm.ARML(n_jobs=n_jobs, random_state=0).fit(X, y),
        "certify, iris, 50 calls of 3": lambda: [near.certify(part) for part in rows],
        "minimal_perturbation, iris": lambda: near.minimal_perturbation(X),
        "certify, digits, 700": lambda: digits.certify(D[1000:1700] / 16),
    }


def main() -> None:
    """Print a table."""
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores; seconds of wall, of processor")
    for busy in (0, cores):
        with busy_processes(busy):
            print(f"\n{busy} busy processes\n{'':30s}{'default threads':>18s}{'one thread':>18s}")
            single = calls(1)
            for name, work in calls(None).items():
                print(
                    f"{name:30s}"
                    + "".join(f"{w:10.3f}{c:8.3f}" for w, c in map(seconds, (work, single[name])))
                )


if __name__ == "__main__":
    main()
