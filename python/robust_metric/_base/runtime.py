"""How calls into the compiled core are run: threads, BLAS, and forked children.

Importing this module hands SciPy's BLAS to the core. `execution_threads` turns scikit-learn's
``n_jobs`` into a number of OpenMP threads; `single_threaded_blas` holds BLAS to one thread
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

# libgomp's pool does not survive fork: a child that starts a parallel region hangs for ever.
_forked = False


def _note_fork() -> None:
    global _forked, _lock, _limit, _inside
    _forked = True
    # another thread of the parent may have held the lock, and none of its calls goes on here
    _lock, _limit, _inside = threading.Lock(), None, 0


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_note_fork)


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


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Context in which every BLAS library of the process uses one thread.

    The limit belongs to the process: of calls that overlap, the first sets it and the last puts back
    what was there.
    """
    global _limit, _inside
    with _lock:
        if _inside == 0:
            _limit = _controller().limit(limits=1, user_api="blas")
            _limit.__enter__()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0 and _limit is not None:
                _limit.__exit__(None, None, None)
                _limit = None


_lock = threading.Lock()
_limit: AbstractContextManager[object] | None = None
_inside = 0
