// How much farther one training point is from a query than another: d(z, x⁻) - d(z, x⁺) = L(x⁺ - x⁻) · L(2z - x⁺ - x⁻),
// in double-double and without squares of distances. These do not tell it where they are far larger than their
// difference, or where they underflow. Error bounds: docs/rounding.md, section 5.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/double_double.hpp"
#include "data/prepared_set.hpp"

namespace robust_metric {

class PairGap {
public:
    // training must outlive this object
    explicit PairGap(const PreparedSet& training) : training_(&training) {}

    // Both factors have a scale of their own, so that only extreme ratios within one of them underflow:
    // d(z, x⁻) - d(z, x⁺), the metric being the scaled one and coordinates the caller's, is value ·
    // 2^(difference_exponent + sum_exponent), up to error times the same; the exponents are those of x⁺ - x⁻ and of 2z
    // - x⁺ - x⁻.
    struct Value {
        DoubleDouble value;
        double error;
        int difference_exponent, sum_exponent;
    };
    Value evaluate(const double* z, std::size_t other, std::size_t own);

    // The sign of d(z, a) - d(z, b), where the arithmetic proves it.
    std::optional<int> sign(const double* z, std::size_t a, std::size_t b);

    // Of the pair that was evaluated last: M̂(x⁺ - x⁻) · 2^-difference_exponent, d values, and an upper bound of
    // ‖x⁺ - x⁻‖ · 2^-difference_exponent.
    std::span<const DoubleDouble> normal();
    double length() const;

private:
    // A factor, scaled so that its largest coordinate is in [1/2, 1); what L̂ makes of it, and |L̂| of its sizes.
    struct Factor {
        std::vector<DoubleDouble> values, mapped;
        std::vector<double> sizes, mapped_sizes;
        int exponent = 0;
    };
    void map(Factor& factor) const;

    const PreparedSet* training_;
    std::vector<double> stored_;
    Factor difference_, sum_;
    std::vector<DoubleDouble> normal_;
};

}  // namespace robust_metric
