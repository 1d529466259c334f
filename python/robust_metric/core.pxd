# cython: language_level=3
# For Cython code that cimports robust_metric.core: no header of ours is needed, and nothing is linked.
from libc.stdint cimport int32_t


cdef class Certifier:
    cdef object _training       # keeps what _address points to alive
    cdef const void* _address
    cdef readonly Py_ssize_t n_features
    cdef readonly Py_ssize_t n_neighbors
    cdef readonly object classes

    # rows: n rows of n_features float64 each, in C order. labels are indices into `classes`. Each call runs on the
    # calling thread, and several threads may call at the same time. ValueError is raised as by the classifier.
    cdef int predict(self, const double* rows, Py_ssize_t n, int32_t* labels) except -1 nogil
    cdef int certify(self, const double* rows, Py_ssize_t n, double* radii, int32_t* labels) except -1 nogil
    # perturbations: n rows of n_features; adversarial: class of the witness, -1 where there is none; time_limit in
    # seconds a row, infinite for none
    cdef int minimal_perturbation(self, const double* rows, Py_ssize_t n, double time_limit, double* lower,
                                  double* upper, double* perturbations, int32_t* adversarial) except -1 nogil
