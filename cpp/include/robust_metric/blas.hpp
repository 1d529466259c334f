// Matrix products through BLAS pointers that the host hands in (SciPy's, from Python), or through a
// plain blocked loop where none was handed in. Row-major throughout. Results of these
// products are only ever filters: nothing certified depends on their bits.
#pragma once

#include <cstddef>

#include "robust_metric/matrix_view.hpp"

namespace robust_metric::blas {

// Fortran interface of dgemm, column-major, as in scipy.linalg.cython_blas.
using Dgemm = void (*)(char* transa, char* transb, int* m, int* n, int* k, double* alpha, double* a, int* lda,
                       double* b, int* ldb, double* beta, double* c, int* ldc);

// The pointer stays in use for the life of the process; nullptr returns to the plain loop.
void use_dgemm(Dgemm dgemm) noexcept;

// C = alpha A Bᵀ + beta C;  A is m × k, B is n × k, C is m × n.
void gemm_nt(double alpha, MatrixView a, MatrixView b, double beta, MutableMatrixView c);
// C = alpha A B + beta C;  A is m × k, B is k × n, C is m × n.
void gemm_nn(double alpha, MatrixView a, MatrixView b, double beta, MutableMatrixView c);
// C = alpha Aᵀ B + beta C;  A is k × m, B is k × n, C is m × n.
void gemm_tn(double alpha, MatrixView a, MatrixView b, double beta, MutableMatrixView c);

}  // namespace robust_metric::blas
