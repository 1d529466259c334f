"""How calls into the compiled core are run: threads, BLAS, and forked children.

Importing this module hands SciPy's BLAS to the core. `execution_threads` turns scikit-learn's
``n_jobs`` into a number of threads; `single_threaded_blas` holds BLAS to one thread
while the core runs threads of its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController

from robust_metric import _core, blas_pointers

_core.use_gemm(*blas_pointers.gemm_addresses())

# More threads than this, or than twice the cores, only exhaust the system.
MOST_THREADS = 64

# Children work side by side already, and a BLAS within them may hang on threads that are not there.
_forked = False

# Held while a limit is set or lifted, and across a fork: OpenBLAS holds a lock of its own meanwhile, which a
# child would find taken. Reentrant, for a signal handler that forks.
_lock = threading.RLock()
_limit: AbstractContextManager[object] | None = None
_inside = 0
_of_this_thread = threading.local()


def _start_child() -> None:
    global _forked, _lock, _inside
    _forked = True
    # of the parent's calls, those that forked go on; a limit that is set is lifted by the child's last call
    _lock, _inside = threading.RLock(), getattr(_of_this_thread, "calls", 0)


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(
        before=lambda: _lock.acquire(),
        after_in_parent=lambda: _lock.release(),
        after_in_child=_start_child,
    )


def execution_threads(n_jobs: int | None) -> int:
    """Number of threads for ``n_jobs``.

    ``None`` means all cores that this process may use, as for scikit-learn's own OpenMP code (and
    respects ``OMP_NUM_THREADS``); a negative value counts from the number of cores, as in joblib.
    A forked child always gets one.

    Raises
    ------
    ValueError
        If ``n_jobs`` is 0 or not an integer.
    """
    if n_jobs is not None and (isinstance(n_jobs, bool) or not hasattr(n_jobs, "__index__")):
        raise ValueError(f"n_jobs must be an integer or None, got {n_jobs!r}")
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0; use None or -1 for all cores, or a positive number")
    if _forked:
        return 1
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    if n_jobs is None:
        wish = os.environ.get("OMP_NUM_THREADS", "")
        return max(1, min(int(wish), cores)) if wish.isdigit() else cores
    if n_jobs < 0:
        return max(1, cores + 1 + n_jobs)
    return min(n_jobs, max(2 * cores, MOST_THREADS))


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def _count_calls(change: int) -> None:
    global _inside
    _inside += change
    _of_this_thread.calls = getattr(_of_this_thread, "calls", 0) + change


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Context in which every BLAS library of the process uses one thread.

    The limit belongs to the process: of calls that overlap, the first sets it and the last puts back
    what was there.
    """
    global _limit
    with _lock:
        if _limit is None:
            _limit = _controller().limit(limits=1, user_api="blas")
            _limit.__enter__()
        _count_calls(1)
    try:
        yield
    finally:
        with _lock:
            _count_calls(-1)
            if _inside == 0 and _limit is not None:
                _limit.__exit__(None, None, None)
                _limit = None
