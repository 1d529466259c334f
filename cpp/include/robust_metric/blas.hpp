// Matrix products through BLAS pointers that the host hands in (SciPy's, from Python), or through
// plain loops where none was handed in. Row-major throughout. Results of these
// products are only ever filters: nothing certified depends on their bits.
#pragma once

#include <cstddef>

#include "robust_metric/matrix_view.hpp"

namespace robust_metric::blas {

// Fortran interface of dgemm and sgemm, column-major, as in scipy.linalg.cython_blas.
template <class Real>
using Gemm = void (*)(char* transa, char* transb, int* m, int* n, int* k, Real* alpha, Real* a, int* lda, Real* b,
                      int* ldb, Real* beta, Real* c, int* ldc);

// The pointers stay in use for the life of the process; nullptr returns to the plain loops.
void use_gemm(Gemm<double> dgemm, Gemm<float> sgemm) noexcept;

// C = alpha A Bᵀ + beta C;  A is m × k, B is n × k, C is m × n.
void gemm_nt(double alpha, MatrixView a, MatrixView b, double beta, MutableMatrixView c);
void gemm_nt(float alpha, FloatMatrixView a, FloatMatrixView b, float beta, MutableFloatMatrixView c);
// C = alpha A B + beta C;  A is m × k, B is k × n, C is m × n.
void gemm_nn(double alpha, MatrixView a, MatrixView b, double beta, MutableMatrixView c);
// C = alpha Aᵀ B + beta C;  A is k × m, B is k × n, C is m × n.
void gemm_tn(double alpha, MatrixView a, MatrixView b, double beta, MutableMatrixView c);

}  // namespace robust_metric::blas
