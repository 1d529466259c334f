# cython: language_level=3, freethreading_compatible=True
"""Addresses of SciPy's BLAS routines, for the C++ core.

The core knows no Python: at import, the addresses found here are handed to it as plain
integers (``_core.use_gemm``).
"""
from libc.stdint cimport uintptr_t
from scipy.linalg.cython_blas cimport dgemm, sgemm


def gemm_addresses():
    """Return the addresses of SciPy's ``dgemm`` and ``sgemm`` (Fortran interface) as ints."""
    return <uintptr_t>dgemm, <uintptr_t>sgemm
