# cython: language_level=3, freethreading_compatible=True
"""Predictions, certificates and minimal perturbations for Cython code that runs without the GIL.

``from robust_metric.core cimport Certifier`` needs no header and links nothing; the methods that take pointers are
declared in ``core.pxd``. An example: ``examples/embed_cython``.
"""
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int32_t, uintptr_t

from robust_metric import _core
from robust_metric._base.validation import check_certified
from robust_metric._base import runtime  # noqa: F401  hands SciPy's BLAS to the core


cdef extern from "c_api.h" nogil:
    const char* ROBUST_METRIC_C_API
    ctypedef struct robust_metric_c_api:
        int (*predict)(const void*, const double*, size_t, size_t, int32_t*, char*) noexcept nogil
        int (*certify)(const void*, const double*, size_t, size_t, double*, int32_t*, char*) noexcept nogil
        int (*minimal_perturbation)(const void*, const double*, size_t, size_t, double, double*, double*, double*,
                                    int32_t*, char*) noexcept nogil

cdef const robust_metric_c_api* _api = <const robust_metric_c_api*>PyCapsule_GetPointer(
    _core._c_api, ROBUST_METRIC_C_API)


cdef int _fail(const char* message) except -1 with gil:
    raise ValueError(message.decode("utf-8", "replace"))


cdef class Certifier:
    """A fitted classifier as functions of pointers, for loops without the GIL.

    It keeps what the classifier was when it was made: later changes of ``n_neighbors`` or the threat model, or another
    ``fit``, do not reach it.

    Parameters
    ----------
    classifier : CertifiedKNeighborsClassifier
        Fitted.

    Attributes
    ----------
    n_features, n_neighbors : int
    classes : (c,) array
        What labels are indices of.

    Raises
    ------
    TypeError
        If it is not one of our classifiers.
    sklearn.exceptions.NotFittedError
        If the classifier is not fitted.
    """

    def __init__(self, classifier):
        check_certified("classifier", classifier)
        view = classifier.fitted_view()
        self._training = view.prepared
        self._address = <const void*><uintptr_t>_core.training_address(self._training)
        self.n_features = view.points.shape[1]
        self.n_neighbors = view.n_neighbors
        self.classes = view.classes

    cdef int predict(self, const double* rows, Py_ssize_t n, int32_t* labels) except -1 nogil:
        cdef char error[256]
        if _api.predict(self._address, rows, <size_t>n, <size_t>self.n_neighbors, labels, error) != 0:
            return _fail(error)
        return 0

    cdef int certify(self, const double* rows, Py_ssize_t n, double* radii, int32_t* labels) except -1 nogil:
        cdef char error[256]
        if _api.certify(self._address, rows, <size_t>n, <size_t>self.n_neighbors, radii, labels, error) != 0:
            return _fail(error)
        return 0

    cdef int minimal_perturbation(self, const double* rows, Py_ssize_t n, double time_limit, double* lower,
                                  double* upper, double* perturbations, int32_t* adversarial) except -1 nogil:
        cdef char error[256]
        if _api.minimal_perturbation(self._address, rows, <size_t>n, <size_t>self.n_neighbors, time_limit, lower,
                                     upper, perturbations, adversarial, error) != 0:
            return _fail(error)
        return 0
