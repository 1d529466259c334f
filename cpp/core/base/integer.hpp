// Integers of any size, and float64 values as integers in units of a power of two: what decides where no rounding is
// allowed. Slow; for the few cases that nothing else tells apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

// Sign and magnitude, little-endian 32-bit limbs without leading zeros.
class Integer {
public:
    Integer() = default;
    // value / 2^exponent, which must be an integer
    Integer(double value, int exponent);

    int sign() const { return limbs_.empty() ? 0 : negative_ ? -1 : 1; }
    void add(const Integer& other, bool subtract = false);
    friend Integer operator*(const Integer& a, const Integer& b);

private:
    void trim();
    int compare_magnitude(const Integer& other) const;
    void add_magnitude(const Integer& other);
    // larger -= smaller, magnitudes with larger >= smaller
    static void subtract_magnitude(std::vector<std::uint32_t>& larger, const std::vector<std::uint32_t>& smaller);

    bool negative_ = false;
    std::vector<std::uint32_t> limbs_;
};

// Largest e such that every value is a multiple of 2^e (INT_MAX where all are zero).
int common_exponent(const double* values, std::size_t count);
int common_exponent(MatrixView values);

}  // namespace robust_metric
