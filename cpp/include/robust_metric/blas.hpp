// Matrix products through BLAS pointers that the host hands in, for one call (Execution::gemms) or for the process
// (SciPy's, from Python), or through dot products of our own where none was handed in.
#pragma once

#include "robust_metric/export.hpp"

namespace robust_metric::blas {

// Fortran interface of dgemm and sgemm, column-major, as in scipy.linalg.cython_blas.
template <class Real>
using Gemm = void (*)(char* transa, char* transb, int* m, int* n, int* k, Real* alpha, Real* a, int* lda, Real* b,
                      int* ldb, Real* beta, Real* c, int* ldc);

// A pair of them; nullptr is our own product.
struct Gemms {
    Gemm<double> dgemm = nullptr;
    Gemm<float> sgemm = nullptr;
};

// For all calls that hand in none of their own, for the life of the process; nullptr returns to our own products.
ROBUST_METRIC_EXPORT void use_gemm(Gemm<double> dgemm, Gemm<float> sgemm) noexcept;

}  // namespace robust_metric::blas
