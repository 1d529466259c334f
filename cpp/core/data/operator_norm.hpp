// How much a linear map lengthens vectors at the most.
#pragma once

#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

// An upper bound of ‖L‖₂, never above `known`, which bounds ‖ |L| ‖₂; the largest entry of L in size is in [1/2, 1), or
// all are 0. Mostly within a hundredth of ‖L‖₂, but `known` for maps whose Gram matrix takes over 4 · 10⁹ products.
// Proof: docs/rounding.md, "Norm of the map".
double bound_operator_norm(MatrixView l, double known);

}  // namespace robust_metric
