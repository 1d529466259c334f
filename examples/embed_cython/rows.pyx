# cython: language_level=3, boundscheck=False, wraparound=False
"""Certifies rows one by one in a loop that never takes the GIL. Build: cythonize -i rows.pyx"""
import numpy as np
from libc.stdint cimport int32_t
from libc.math cimport INFINITY
from robust_metric.core cimport Certifier


def certify_rows(Certifier certifier, const double[:, ::1] X):
    """Radii and labels of the rows of X; a row below a radius of 0.1 is looked at more closely."""
    if X.shape[1] != certifier.n_features:
        raise ValueError(f"X must have {certifier.n_features} columns, got {X.shape[1]}")
    cdef Py_ssize_t i, n = X.shape[0], d = X.shape[1]
    radii, labels, moved = np.empty(n), np.empty(n, dtype=np.int32), np.empty(d)
    cdef double[::1] radius = radii, perturbation = moved
    cdef int32_t[::1] label = labels
    cdef double upper
    cdef int32_t adversarial
    with nogil:
        for i in range(n):
            certifier.certify(&X[i, 0], 1, &radius[i], &label[i])
            if radius[i] < 0.1:
                certifier.minimal_perturbation(&X[i, 0], 1, INFINITY, &radius[i], &upper, &perturbation[0],
                                               &adversarial)
    return radii, labels
