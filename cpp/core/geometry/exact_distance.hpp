// Exact comparison of two squared distances ‖L(z - a)‖² and ‖L(z - b)‖² by integer arithmetic: the last
// resort of the neighbour search, reached only by ties and by near-ties closer than double-double tells.
#pragma once

#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

// Sign (-1, 0, 1) of ‖L(z - a)‖² - ‖L(z - b)‖² over the real numbers that the arrays denote.
// components: r × d; an empty view (0 × 0) stands for the identity. z, a, b: length d, finite.
int compare_distances_exactly(MatrixView components, const double* z, const double* a, const double* b,
                              std::size_t dimension);

}  // namespace robust_metric
