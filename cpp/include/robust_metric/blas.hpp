// Matrix products through BLAS pointers that the host hands in (SciPy's, from Python), or through
// plain loops where none was handed in.
#pragma once

namespace robust_metric::blas {

// Fortran interface of dgemm and sgemm, column-major, as in scipy.linalg.cython_blas.
template <class Real>
using Gemm = void (*)(char* transa, char* transb, int* m, int* n, int* k, Real* alpha, Real* a, int* lda, Real* b,
                      int* ldb, Real* beta, Real* c, int* ldc);

// The pointers stay in use for the life of the process; nullptr returns to the plain loops.
void use_gemm(Gemm<double> dgemm, Gemm<float> sgemm) noexcept;

}  // namespace robust_metric::blas
