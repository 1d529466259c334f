"""Certificates that children give which are forked while other threads are in a call.

A part of bench/break_certificates.py. A child fits, certifies and tries inputs strictly inside its own
radii and those of its parent; an attempt is one of these inputs, and a success is a child that hangs, dies,
gives other radii or finds one whose class changes.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from helpers import Array, Problem, attacks, problem

FORKS, PER_QUERY = 3, 200
SECONDS = 60  # after which a child counts as hung


def attempts(rng: np.random.Generator) -> tuple[int, list[str]]:
    """One problem: inputs tried in children, and what was wrong."""
    if not hasattr(os, "fork"):
        return 0, []
    family = str(rng.choice(["normal", "grid", "duplicates"]))
    metric, k = str(rng.choice(["euclidean", "square"])), int(rng.integers(1, 6))
    p = problem(int(rng.integers(2**32)), family, metric, 3, k, int(rng.integers(2, 7)), 100)
    X = p.X + 3.0 * p.y[:, None]  # classes apart, so that most radii are above 0
    p = replace(p, X=X, Z=X[rng.integers(len(X), size=4)] + 0.25)
    clf = p.classifier(n_jobs=2)
    certificates = clf.certify(p.Z)
    inside = [
        rng.permutation(attacks(p, z, r, rng, 20))[:PER_QUERY]
        for z, r in zip(p.Z, certificates.radius, strict=True)
    ]
    wrong = []
    with calls_in_other_threads(p):
        for _ in range(FORKS):
            said = exit_status(p, certificates.radius, certificates.label, inside)
            if said != 0:
                wrong.append(f"forks: {p.name}: child ended with {said}")
    return FORKS * sum(map(len, inside)), wrong


def exit_status(p: Problem, radius: Array, label: Array, inside: list[Array]) -> int:
    """What a child ends with: 0, 1 for other radii, 2 for a changed class, below 0 for a signal."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(SECONDS)
        code = 3
        try:
            clf = p.classifier(n_jobs=2)
            again = clf.certify(p.Z)
            same = np.array_equal(again.radius, radius) and np.array_equal(again.label, label)
            kept = all(
                (clf.predict(points) == name).all()
                for points, name in zip(inside, label, strict=True)
                if len(points)
            )
            code = 1 if not same else 0 if kept else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@contextmanager
def calls_in_other_threads(p: Problem) -> Iterator[None]:
    """Two threads that predict, certify and fit all the while."""
    stop = threading.Event()

    def call() -> None:
        while not stop.is_set():
            p.classifier(n_jobs=2).certify(p.Z)

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
