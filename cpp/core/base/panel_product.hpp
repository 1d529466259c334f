// Matrix products of our own, where no BLAS was given: panels of B's columns are packed so that six rows of A at a time
// go through them in registers.
#pragma once

#include <cstddef>

#include "robust_metric/matrix_view.hpp"

namespace robust_metric::blas {

// A matrix or its transpose: entry (i, j) is data[i row + j column].
template <class Real>
struct Strided {
    const Real* data;
    std::size_t row, column;
};

// C += alpha A B, of depth k.
template <class Real>
void add_product(Real alpha, Strided<Real> a, Strided<Real> b, std::size_t k, BasicMatrixView<Real> c);

}  // namespace robust_metric::blas
