"""Forks while other threads are in a call: children get through, and the parent goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import robust_metric as rm
from robust_metric._base import runtime
from robust_metric._base.latest import Latest

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

MANY_FORKS = """
import os, signal, sys, threading
import numpy as np
import robust_metric as rm

rng = np.random.default_rng(0)
X, y, L = rng.normal(size=(300, 5)), rng.integers(0, 2, 300), rng.normal(size=(5, 5))
clf = rm.CertifiedKNeighborsClassifier(3, L, n_jobs=2).fit(X, y)
expected = clf.certify(X[:20]).radius
stop = threading.Event()


def call():
    while not stop.is_set():
        clf.predict(X[:40])


threads = [threading.Thread(target=call) for _ in range(2)]
for thread in threads:
    thread.start()
failed = 0
for _ in range(50):
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)  # ends a child that hangs
        found = rm.CertifiedKNeighborsClassifier(3, L, n_jobs=2).fit(X, y).certify(X[:20]).radius
        same = np.array_equal(found, expected) and np.array_equal(clf.certify(X[:20]).radius, found)
        os._exit(0 if same else 1)
    failed += os.waitpid(pid, 0)[1] != 0
stop.set()
for thread in threads:
    thread.join()
print(failed)
"""


def test_fifty_forks_during_calls() -> None:
    command = [sys.executable, "-W", "ignore", "-c", MANY_FORKS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "0\n", done.stderr


def exit_status_of_child(work: object) -> int:
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        os._exit(0 if work() else 1)  # type: ignore[operator]
    return os.waitpid(pid, 0)[1]


def test_a_fork_waits_while_a_limit_is_set() -> None:
    order: list[str] = []
    held, forking = threading.Event(), threading.Event()

    def set_limit() -> None:
        with runtime._lock:
            held.set()
            forking.wait()
            for _ in range(1000):
                os.sched_yield()
            order.append("limit is set")

    other = threading.Thread(target=set_limit)
    other.start()
    held.wait()
    forking.set()
    status = exit_status_of_child(lambda: True)
    order.append("forked")
    other.join()
    assert status == 0
    assert order == ["limit is set", "forked"]


def test_a_child_lifts_the_limit_that_it_inherits() -> None:
    from threadpoolctl import threadpool_info

    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads()

    def calls_and_looks() -> bool:
        with runtime.single_threaded_blas():
            limited = set(threads()) <= {1}
        return limited and threads() == before

    inside, leave = threading.Event(), threading.Event()

    def call() -> None:
        with runtime.single_threaded_blas():
            inside.set()
            leave.wait()

    other = threading.Thread(target=call)
    other.start()
    inside.wait()
    try:
        assert exit_status_of_child(calls_and_looks) == 0
    finally:
        leave.set()
        other.join()
    assert threads() == before
    with (
        runtime.single_threaded_blas()
    ):  # a fork from within a call: that call goes on in the child
        pid = os.fork()
        if pid == 0:
            signal.alarm(30)
            limited = set(threads()) <= {1}
    if pid == 0:
        os._exit(0 if limited and calls_and_looks() else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert threads() == before


def test_a_value_that_another_thread_was_making_is_made_by_the_child() -> None:
    latest: Latest[None, int] = Latest()
    making, made = threading.Event(), threading.Event()

    def make() -> int:
        making.set()
        made.wait()
        return 1

    other = threading.Thread(target=latest.get, args=(None, make))
    other.start()
    making.wait()
    try:
        assert exit_status_of_child(lambda: latest.get(None, lambda: 2) == 2) == 0
    finally:
        made.set()
        other.join()
    assert latest.get(None, lambda: 3) == 1


def test_predictions_in_the_parent_go_on_after_forks() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 4)), rng.integers(0, 2, 200)
    clf = rm.CertifiedKNeighborsClassifier(3, n_jobs=2).fit(X, y)
    expected = clf.predict(X)
    assert exit_status_of_child(lambda: np.array_equal(clf.predict(X), expected)) == 0
    np.testing.assert_array_equal(clf.predict(X), expected)
