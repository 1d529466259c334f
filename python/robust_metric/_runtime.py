"""How calls into the compiled core are run: threads, BLAS, and forked children.

Importing this module hands SciPy's BLAS to the core. `execution_threads` turns scikit-learn's
``n_jobs`` into a number of OpenMP threads; `single_threaded_blas` holds BLAS to one thread
while the core runs threads of its own.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from functools import lru_cache

from threadpoolctl import ThreadpoolController

from robust_metric import _core, blas_pointers

_core.use_dgemm(blas_pointers.dgemm_address())

# libgomp's pool does not survive fork: a child that starts a parallel region hangs for ever.
_forked = False


def _note_fork() -> None:
    global _forked
    _forked = True


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
    return n_jobs if n_jobs > 0 else max(1, cores + 1 + n_jobs)


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def single_threaded_blas() -> AbstractContextManager[object]:
    """Context in which every BLAS library of the process uses one thread."""
    return _controller().limit(limits=1, user_api="blas")
