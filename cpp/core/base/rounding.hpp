// The rounding model, in one place: every error bound of the library is built from these.
// Derivations: docs/rounding.md.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace robust_metric::rounding {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double unit = 0x1p-53;  // unit roundoff of float64, round to nearest

// Data and components are scaled to magnitudes near 1, so whatever underflows is below this in
// total; added to every error bound of a squared distance.
inline constexpr double underflow = 0x1p-900;

// gamma_n = n u / (1 - n u), rounded up: relative to the sum of absolute values, the error of an
// n-term dot product evaluated in any order, with or without fused multiply-add (Higham 2002, 3.1;
// proofs/inner_products.v: any_order, power_below_gamma).
inline double gamma(std::size_t n) {
    const double nu = static_cast<double>(n) * unit;
    return nu / (1.0 - nu) * (1.0 + 0x1p-50);
}

// Upper and lower bounds of the exact value of an expression of at most 60 roundings of non-negative terms
// (proofs/rounding.v: up_right, down_right). Values below 2^-950 are treated as if they were that large (or zero).
inline double up(double value) { return value * (1.0 + 0x1p-46) + 0x1p-950; }
inline double down(double value) {
    const double lowered = value * (1.0 - 0x1p-46) - 0x1p-950;
    return lowered > 0.0 ? lowered : 0.0;
}

// The next float32 above and below, as std::nextafter has it, without a call.
inline float next_up(float value) {
    if (!(value < std::numeric_limits<float>::infinity())) return value;
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if (value == 0.0f) return std::numeric_limits<float>::denorm_min();
    return std::bit_cast<float>(value > 0.0f ? bits + 1 : bits - 1);
}
inline float next_down(float value) { return -next_up(-value); }

// A float32 above and below, for numbers and comparisons in float32 that must err to one side.
inline float float_up(double value) { return next_up(static_cast<float>(value)); }
inline float float_down(double value) { return next_down(static_cast<float>(value)); }

// out = (a - b) · 2^exponent: one rounding of the difference, and one more where the result is subnormal.
inline void scale_differences(const double* a, const double* b, int exponent, std::size_t n, double* out) {
    if (exponent > -1000 && exponent < 1000) {  // the power itself is normal: same results, much faster
        const double power = std::ldexp(1.0, exponent);
        for (std::size_t j = 0; j < n; ++j) out[j] = (a[j] - b[j]) * power;
    } else {
        for (std::size_t j = 0; j < n; ++j) out[j] = std::ldexp(a[j] - b[j], exponent);
    }
}

// The largest power of two that value is a multiple of; infinite for 0.
inline double grain(double value) {
    if (value == 0.0) return infinity;
    int exponent = 0;
    const auto mantissa = static_cast<std::uint64_t>(std::ldexp(std::frexp(std::fabs(value), &exponent), 53));
    return std::ldexp(1.0, exponent - 53 + std::countr_zero(mantissa));
}

// The exponent e for which the largest of non-negative values times 2^-e is in [1/2, 1); 0 where all are 0. Of
// multipliers only the ratios count: scaled by it, no square that matters underflows (docs/rounding.md, section 9).
inline int largest_exponent(std::span<const double> values) {
    int exponent = 0;
    std::frexp(values.empty() ? 0.0 : *std::max_element(values.begin(), values.end()), &exponent);
    return exponent;
}

}  // namespace robust_metric::rounding
