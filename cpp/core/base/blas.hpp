// Matrix products by the BLAS that use_gemm was given, or by plain loops. Row-major throughout. Results of these
// products are only ever filters: nothing certified depends on their bits.
#pragma once

#include "robust_metric/blas.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric::blas {

// C = alpha A Bᵀ + beta C;  A is m × k, B is n × k, C is m × n.
void gemm_nt(double alpha, MatrixView a, MatrixView b, double beta, MutableMatrixView c);
void gemm_nt(float alpha, FloatMatrixView a, FloatMatrixView b, float beta, MutableFloatMatrixView c);
// C = alpha A B + beta C;  A is m × k, B is k × n, C is m × n.
void gemm_nn(double alpha, MatrixView a, MatrixView b, double beta, MutableMatrixView c);
void gemm_nn(float alpha, FloatMatrixView a, FloatMatrixView b, float beta, MutableFloatMatrixView c);
// C = alpha Aᵀ B + beta C;  A is k × m, B is k × n, C is m × n.
void gemm_tn(double alpha, MatrixView a, MatrixView b, double beta, MutableMatrixView c);
void gemm_tn(float alpha, FloatMatrixView a, FloatMatrixView b, float beta, MutableFloatMatrixView c);

}  // namespace robust_metric::blas
