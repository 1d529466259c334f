#include "learn/dual_norm.hpp"

#include <algorithm>
#include <cmath>

#include "base/kernels.hpp"

namespace robust_metric {

namespace {

// Sums in eight fixed lanes, so that the compiler may use SIMD without changing the order of addition.
double absolute_sum(const double* a, const double* b, std::size_t n) {
    double lanes[8] = {};
    std::size_t j = 0;
    for (; j + 8 <= n; j += 8)
        for (std::size_t l = 0; l < 8; ++l) lanes[l] += std::fabs(a[j + l] - b[j + l]);
    double sum = 0.0;
    for (; j < n; ++j) sum += std::fabs(a[j] - b[j]);
    for (const double lane : lanes) sum += lane;
    return sum;
}

double absolute_maximum(const double* a, const double* b, std::size_t n) {
    double lanes[8] = {};
    std::size_t j = 0;
    for (; j + 8 <= n; j += 8)
        for (std::size_t l = 0; l < 8; ++l) {
            const double size = std::fabs(a[j + l] - b[j + l]);
            lanes[l] = lanes[l] < size ? size : lanes[l];
        }
    double largest = 0.0;
    for (; j < n; ++j) largest = std::max(largest, std::fabs(a[j] - b[j]));
    for (const double lane : lanes) largest = std::max(largest, lane);
    return largest;
}

bool smaller(double a, double b) { return std::fabs(a) < std::fabs(b); }

}  // namespace

double dual_length(Norm q, const double* a, const double* b, std::size_t n) {
    if (q == Norm::one) return absolute_sum(a, b, n);
    if (q == Norm::infinity) return absolute_maximum(a, b, n);
    return std::sqrt(kernels().squared_distance(a, b, n));
}

void to_dual_gradient(Norm q, double length, double* s, std::size_t n) {
    const double* largest = std::max_element(s, s + n, smaller);
    for (double* entry = s; entry != s + n; ++entry) {
        if (q == Norm::two)
            *entry /= length;
        else
            *entry = q == Norm::one || entry == largest ? (*entry > 0.0) - (*entry < 0.0) : 0.0;
    }
}

}  // namespace robust_metric
