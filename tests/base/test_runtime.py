"""Threads, forks and signals: the process around a call into the compiled core."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from robust_metric import CertifiedKNeighborsClassifier as Classifier
from robust_metric import _core
from robust_metric._base.runtime import MOST_THREADS, execution_threads, single_threaded_blas

# more work than any machine does in the seconds that a test may wait
BIG_JOB = """
import signal, sys, time
import numpy as np
from robust_metric import CertifiedKNeighborsClassifier

rng = np.random.default_rng(0)
n, d, queries = {size}
X, y = rng.normal(size=(n, d)), np.arange(n) % {rarity} == 0
L = rng.normal(size=(d, d)) if {components} else None
clf = CertifiedKNeighborsClassifier({k}, L, n_jobs={jobs}).fit(X, y)
clf.predict(X[:2])
Z = rng.normal(size=(queries, d))
started = time.perf_counter()
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
signal.setitimer(signal.ITIMER_REAL, 0.5)
try:
    clf.{method}(Z)
    print("finished")
except KeyboardInterrupt as stop:
    print("interrupted", time.perf_counter() - started - 0.5, type(stop).__name__)
print(clf.predict(X[:2]).shape)
"""


def run(code: str, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("method", "size", "k", "components", "rarity"),
    [
        ("predict", (20_000, 50, 200_000), 5, False, 2),
        ("certify", (4_000, 60, 40_000), 7, True, 2),
        ("minimal_perturbation", (5_000, 784, 1_000), 1, False, 1_000),  # 0.05 s a query
    ],
)
def test_interrupt_within_a_second(
    method: str, size: tuple[int, int, int], k: int, components: bool, rarity: int, jobs: int
) -> None:
    job = {"method": method, "size": size, "k": k, "components": components, "rarity": rarity}
    out = run(BIG_JOB.format(**job, jobs=jobs))
    word, delay, kind = out[0].split()
    assert word == "interrupted"
    assert float(delay) < 1.0
    searches = method == "minimal_perturbation"
    assert kind == ("SearchInterrupted" if searches else "KeyboardInterrupt")
    assert out[1] == "(2,)"  # and the classifier still works


FIT_JOB = """
import signal, time
import numpy as np
from robust_metric import _core
rng = np.random.default_rng(0)
X, L = rng.normal(size=(60_000, 300)), rng.normal(size=(600, 300))
y = rng.integers(0, 2, len(X)).astype(np.int32)
def ring(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.2)
sent = time.perf_counter() + 0.2
try:
    _core.TrainingSet(X, y, 2, L, {jobs})
    print("finished")
except KeyboardInterrupt:
    print("interrupted", time.perf_counter() - sent)
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_preparing_the_training_points_is_interrupted_too(jobs: int) -> None:
    word, delay = run(FIT_JOB.format(jobs=jobs))[0].split()
    assert word == "interrupted"
    assert float(delay) < 1.0


def test_progress_callback_sees_the_work_and_may_stop_it() -> None:
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(3000, 20)), rng.integers(0, 2, 3000).astype(np.int32)
    training = _core.TrainingSet(X, labels, 2)
    seen: list[int] = []

    def progress(done: int) -> None:
        seen.append(done)
        if len(seen) == 3:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        _core.certified_radii(training, np.repeat(X, 40, axis=0), None, 9, 2, progress=progress)
    assert len(seen) == 3 and seen == sorted(seen)


@pytest.mark.parametrize("jobs", [1, 2, 5, -1, None, np.int64(2), 100_000])
def test_any_number_of_jobs(jobs: int | None) -> None:
    X = np.random.default_rng(0).normal(size=(4000, 2))
    y = (X[:, 0] > 0).astype(int)
    clf = Classifier(3, n_jobs=jobs).fit(X, y)
    assert np.array_equal(clf.predict(X), Classifier(3, n_jobs=1).fit(X, y).predict(X))


def test_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert execution_threads(None) == execution_threads(-1) == cores
    assert execution_threads(1) == 1 and execution_threads(3) == 3
    assert execution_threads(-10_000) == 1
    assert execution_threads(10**12) == max(MOST_THREADS, 2 * cores)
    for wish, threads in (
        ("1", 1),
        ("999999", cores),
        ("", cores),
        ("many", cores),
        ("2,1", cores),
    ):
        monkeypatch.setenv("OMP_NUM_THREADS", wish)
        assert execution_threads(None) == threads


def blas_threads() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_blas_threads_are_put_back_however_calls_overlap() -> None:
    before = blas_threads()
    first, second = single_threaded_blas(), single_threaded_blas()
    with first:
        second.__enter__()
        assert set(blas_threads()) <= {1}
    assert set(blas_threads()) <= {1}  # the second call still runs
    second.__exit__(None, None, None)
    assert blas_threads() == before


def work_in_child(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    return Classifier(3, n_jobs=2).fit(X, y).certify(X).radius


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork_after_a_parallel_call() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(500, 5)), rng.integers(0, 2, 500)
    expected = work_in_child(X, y)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for found in pool.starmap_async(work_in_child, [(X, y)] * 3).get(timeout=30):
            assert np.array_equal(found, expected)
    assert np.array_equal(work_in_child(X, y), expected)  # and the parent goes on


def test_forced_instruction_set() -> None:
    code = "from robust_metric import _core; print(_core.instruction_set())"
    for name in _core.available_instruction_sets():
        assert run(code, ROBUST_METRIC_ISA=name)[0] == name
    with pytest.raises(ValueError, match="unknown instruction set 'sse9'; known: baseline"):
        _core.force_instruction_set("sse9")


def test_forced_instruction_set_that_does_not_exist_is_an_error_not_a_crash() -> None:
    code = (
        "from robust_metric import CertifiedKNeighborsClassifier as C\n"
        "try: C(1).fit([[0.], [1.]], [0, 1]).predict([[2.]])\n"
        "except ValueError as error: print(error)"
    )
    assert run(code, ROBUST_METRIC_ISA="sse9")[0].startswith("unknown instruction set 'sse9'")
