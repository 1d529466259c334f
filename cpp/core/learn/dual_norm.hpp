// The denominator of a half-space bound: the norm that is dual to how perturbations are measured, and its gradient.
// Plain floating point: it trains, and nothing certified may be built on it.
#pragma once

#include <cstddef>

#include "robust_metric/threat.hpp"

namespace robust_metric {

// ‖a − b‖_q of vectors of n entries. Summed in a fixed order.
double dual_length(Norm q, const double* a, const double* b, std::size_t n);
double dual_length(Norm q, const float* a, const float* b, std::size_t n);

// Overwrites s, of ‖s‖_q = length > 0, by the gradient of ‖s‖_q: s / length, the signs of s, or the sign of its largest
// entry (the first of them) alone.
void to_dual_gradient(Norm q, double length, double* s, std::size_t n);
void to_dual_gradient(Norm q, double length, float* s, std::size_t n);

}  // namespace robust_metric
