#include "learn/dual_norm.hpp"

#include <algorithm>
#include <cmath>

#include "base/kernels.hpp"

namespace robust_metric {

namespace {

// Sums in eight fixed lanes, so that the compiler may use SIMD without changing the order of addition.
template <class Real>
double absolute_sum(const Real* a, const Real* b, std::size_t n) {
    double lanes[8] = {};
    std::size_t j = 0;
    for (; j + 8 <= n; j += 8)
        for (std::size_t l = 0; l < 8; ++l) lanes[l] += static_cast<double>(std::fabs(a[j + l] - b[j + l]));
    double sum = 0.0;
    for (; j < n; ++j) sum += static_cast<double>(std::fabs(a[j] - b[j]));
    for (const double lane : lanes) sum += lane;
    return sum;
}

template <class Real>
double absolute_maximum(const Real* a, const Real* b, std::size_t n) {
    double lanes[8] = {};
    std::size_t j = 0;
    for (; j + 8 <= n; j += 8)
        for (std::size_t l = 0; l < 8; ++l) {
            const auto size = static_cast<double>(std::fabs(a[j + l] - b[j + l]));
            lanes[l] = lanes[l] < size ? size : lanes[l];
        }
    double largest = 0.0;
    for (; j < n; ++j) largest = std::max(largest, static_cast<double>(std::fabs(a[j] - b[j])));
    for (const double lane : lanes) largest = std::max(largest, lane);
    return largest;
}

template <class Real>
double length_of(Norm q, const Real* a, const Real* b, std::size_t n) {
    if (q == Norm::one) return absolute_sum(a, b, n);
    if (q == Norm::infinity) return absolute_maximum(a, b, n);
    return std::sqrt(static_cast<double>(squared_distance(a, b, n)));
}

template <class Real>
void overwrite_by_gradient(Norm q, double length, Real* s, std::size_t n) {
    const Real* largest = std::max_element(s, s + n, [](Real a, Real b) { return std::fabs(a) < std::fabs(b); });
    for (Real* entry = s; entry != s + n; ++entry) {
        if (q == Norm::two)
            *entry = static_cast<Real>(*entry / length);
        else
            *entry = q == Norm::one || entry == largest ? Real((*entry > 0) - (*entry < 0)) : Real(0);
    }
}

}  // namespace

double dual_length(Norm q, const double* a, const double* b, std::size_t n) { return length_of(q, a, b, n); }
double dual_length(Norm q, const float* a, const float* b, std::size_t n) { return length_of(q, a, b, n); }

void to_dual_gradient(Norm q, double length, double* s, std::size_t n) { overwrite_by_gradient(q, length, s, n); }
void to_dual_gradient(Norm q, double length, float* s, std::size_t n) { overwrite_by_gradient(q, length, s, n); }

}  // namespace robust_metric
