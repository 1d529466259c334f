"""How long past its time limit, or past Ctrl-C, a call comes back, at many classes and large K.

python bench/promptness.py

For each problem the longest call of a few, in seconds of wall and of CPU time, and whether it kept the
promise of .2 s and twice the limit. Then, the process being sent the signal of Ctrl-C while it searches, how
long until KeyboardInterrupt is there: wall time, CPU time from the signal on, and whether that kept .2 s.
Single-threaded; on a busy machine wall time says little.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from collections.abc import Iterator

import numpy as np

import robust_metric as rm

Rows = np.ndarray


def many_classes(rng: np.random.Generator, spread: float) -> tuple[Rows, Rows, Rows]:
    """Return 8000 classes of three points each, their centres so far apart, and queries."""
    centres = spread * rng.normal(size=(8000, 1, 8))
    X = (centres + 0.3 * rng.normal(size=(8000, 3, 8))).reshape(-1, 8)
    return X, np.repeat(np.arange(8000), 3), spread * rng.normal(size=(4, 8))


def overlapping(rng: np.random.Generator, n: int, d: int) -> tuple[Rows, Rows, Rows]:
    """Return two classes that overlap, and queries."""
    X = rng.normal(size=(n, d))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int), rng.normal(size=(4, d))


def problems() -> Iterator[tuple[str, int, tuple[Rows, Rows, Rows]]]:
    rng = np.random.default_rng(0)
    yield "8000 classes", 5, many_classes(rng, 1.0)
    yield "8000 classes, close", 5, many_classes(rng, 0.3)
    yield "8000 classes", 1001, many_classes(rng, 0.3)
    X, y, Z = many_classes(rng, 0.3)
    yield "8000 classes, one of 1000", 1001, (np.vstack([X, X[:1000]]), np.append(y, [0] * 1000), Z)
    yield "20 000 points, two classes", 1, overlapping(rng, 20_000, 8)
    yield "20 000 points, two classes", 1001, overlapping(rng, 20_000, 8)
    yield "500 000 points, two classes", 11, overlapping(rng, 500_000, 8)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limits", type=float, nargs="+", default=[0.05, 0.2, 0.5])
    parser.add_argument("--ctrl-c", type=float, nargs="*", default=[0.05, 0.5])
    args = parser.parse_args()
    print("| problem | K | limit | wall | CPU | kept |\n|---|---|---|---|---|---|")
    for name, k, (X, y, Z) in problems():
        clf = rm.CertifiedKNeighborsClassifier(k, n_jobs=1).fit(X, y)
        clf.minimal_perturbation(Z[:1], time_limit=1e-3)  # what is computed once
        for limit in args.limits:
            wall = cpu = 0.0
            for z in Z:
                start, start_cpu = time.perf_counter(), time.process_time()
                clf.minimal_perturbation(z[None], time_limit=limit)
                wall = max(wall, time.perf_counter() - start)
                cpu = max(cpu, time.process_time() - start_cpu)
            kept = "yes" if wall <= 0.2 + 2 * limit else "no"
            print(f"| {name} | {k} | {limit} | {wall:.3f} | {cpu:.3f} | {kept} |", flush=True)
        many = np.tile(Z, (200, 1))
        for after in args.ctrl_c:
            cells = interrupted(clf, many, after)
            print(f"| {name} | {k} | Ctrl-C after {after} | {cells} |", flush=True)


def interrupted(clf: rm.CertifiedKNeighborsClassifier, Z: Rows, after: float) -> str:
    """Search until the signal of Ctrl-C, sent after so many seconds; the table's cells."""
    sent = [0.0, 0.0]

    def press() -> None:
        time.sleep(after)
        sent[:] = time.perf_counter(), time.process_time()
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    try:
        clf.minimal_perturbation(Z)
        ended = "ended before"
    except KeyboardInterrupt:
        wall, cpu = time.perf_counter() - sent[0], time.process_time() - sent[1]
        ended = f"{wall:.3f} | {cpu:.3f} | {'yes' if wall <= 0.2 else 'no'}"
    try:
        presser.join()
    except KeyboardInterrupt:  # of a search that was quicker
        presser.join()
        return "ended before | | "
    return ended if "|" in ended else ended + " | | "


if __name__ == "__main__":
    main()
