# cython: language_level=3
"""Addresses of SciPy's BLAS routines, for the C++ core.

The core knows no Python: at import, the address of ``dgemm`` found here is handed to it as a plain
integer (``_core.use_dgemm``).
"""
from libc.stdint cimport uintptr_t
from scipy.linalg.cython_blas cimport dgemm


def dgemm_address():
    """Return the address of SciPy's ``dgemm`` (Fortran interface) as an int."""
    return <uintptr_t>dgemm
