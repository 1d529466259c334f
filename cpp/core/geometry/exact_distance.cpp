#include "geometry/exact_distance.hpp"

#include <algorithm>
#include <bit>
#include <climits>
#include <cmath>
#include <cstdint>
#include <vector>

namespace robust_metric {

namespace {

// Sign and magnitude, little-endian 32-bit limbs without leading zeros.
class Integer {
public:
    Integer() = default;

    // value / 2^exponent, which must be an integer
    Integer(double value, int exponent) : negative_(std::signbit(value)) {
        if (value == 0.0) return;
        int binary = 0;
        const double fraction = std::frexp(std::fabs(value), &binary);
        auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
        int shift = binary - 53 - exponent;
        if (shift < 0) {  // only zeros are shifted out
            mantissa >>= -shift;
            shift = 0;
        }
        limbs_.assign(static_cast<std::size_t>(shift / 32), 0);
        const int bits = shift % 32;
        const std::uint64_t low = mantissa << bits;
        limbs_.push_back(static_cast<std::uint32_t>(low));
        limbs_.push_back(static_cast<std::uint32_t>(low >> 32));
        limbs_.push_back(bits ? static_cast<std::uint32_t>(mantissa >> (64 - bits)) : 0);
        trim();
    }

    int sign() const { return limbs_.empty() ? 0 : negative_ ? -1 : 1; }

    void add(const Integer& other, bool subtract = false) {
        const bool other_negative = other.negative_ != subtract;
        if (negative_ == other_negative || limbs_.empty()) {
            if (limbs_.empty()) negative_ = other_negative;
            add_magnitude(other);
        } else if (compare_magnitude(other) >= 0) {
            subtract_magnitude(limbs_, other.limbs_);
        } else {
            std::vector<std::uint32_t> larger = other.limbs_;
            subtract_magnitude(larger, limbs_);
            limbs_.swap(larger);
            negative_ = other_negative;
        }
        trim();
    }

    friend Integer operator*(const Integer& a, const Integer& b) {
        Integer product;
        if (a.limbs_.empty() || b.limbs_.empty()) return product;
        product.negative_ = a.negative_ != b.negative_;
        product.limbs_.assign(a.limbs_.size() + b.limbs_.size(), 0);
        for (std::size_t i = 0; i < a.limbs_.size(); ++i) {
            std::uint64_t carry = 0;
            for (std::size_t j = 0; j < b.limbs_.size(); ++j) {
                carry += std::uint64_t{a.limbs_[i]} * b.limbs_[j] + product.limbs_[i + j];
                product.limbs_[i + j] = static_cast<std::uint32_t>(carry);
                carry >>= 32;
            }
            product.limbs_[i + b.limbs_.size()] = static_cast<std::uint32_t>(carry);
        }
        product.trim();
        return product;
    }

private:
    void trim() {
        while (!limbs_.empty() && limbs_.back() == 0) limbs_.pop_back();
        if (limbs_.empty()) negative_ = false;
    }

    int compare_magnitude(const Integer& other) const {
        if (limbs_.size() != other.limbs_.size()) return limbs_.size() < other.limbs_.size() ? -1 : 1;
        for (std::size_t i = limbs_.size(); i-- > 0;)
            if (limbs_[i] != other.limbs_[i]) return limbs_[i] < other.limbs_[i] ? -1 : 1;
        return 0;
    }

    void add_magnitude(const Integer& other) {
        if (limbs_.size() < other.limbs_.size()) limbs_.resize(other.limbs_.size(), 0);
        std::uint64_t carry = 0;
        for (std::size_t i = 0; i < limbs_.size(); ++i) {
            carry += std::uint64_t{limbs_[i]} + (i < other.limbs_.size() ? other.limbs_[i] : 0);
            limbs_[i] = static_cast<std::uint32_t>(carry);
            carry >>= 32;
        }
        if (carry) limbs_.push_back(static_cast<std::uint32_t>(carry));
    }

    // larger -= smaller, magnitudes with larger >= smaller
    static void subtract_magnitude(std::vector<std::uint32_t>& larger, const std::vector<std::uint32_t>& smaller) {
        std::int64_t borrow = 0;
        for (std::size_t i = 0; i < larger.size(); ++i) {
            std::int64_t digit = std::int64_t{larger[i]} - (i < smaller.size() ? smaller[i] : 0) - borrow;
            borrow = digit < 0;
            larger[i] = static_cast<std::uint32_t>(digit + (borrow << 32));
        }
    }

    bool negative_ = false;
    std::vector<std::uint32_t> limbs_;
};

// Largest e such that every value is a multiple of 2^e (INT_MAX where all are zero).
int common_exponent(const double* values, std::size_t count) {
    int lowest = INT_MAX;
    for (std::size_t i = 0; i < count; ++i) {
        if (values[i] == 0.0) continue;
        int binary = 0;
        const double fraction = std::frexp(std::fabs(values[i]), &binary);
        const auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
        lowest = std::min(lowest, binary - 53 + std::countr_zero(mantissa));
    }
    return lowest;
}

int components_exponent(MatrixView components) {
    int lowest = INT_MAX;
    for (std::size_t i = 0; i < components.rows(); ++i)
        lowest = std::min(lowest, common_exponent(components.row(i), components.cols()));
    return lowest;
}

// b - a and 2z - a - b, each in units of a power of two of its own
struct Factors {
    std::vector<Integer> difference, sum;
};

Factors factors(const double* z, const double* a, const double* b, std::size_t dimension) {
    const int of_points = std::min(common_exponent(a, dimension), common_exponent(b, dimension));
    const int of_all = std::min(of_points, common_exponent(z, dimension));
    Factors w;
    for (std::size_t j = 0; j < dimension; ++j) {
        Integer difference(b[j], of_points), sum(z[j], of_all);
        difference.add(Integer(a[j], of_points), true);
        sum.add(sum);
        sum.add(Integer(a[j], of_all), true);
        sum.add(Integer(b[j], of_all), true);
        w.difference.push_back(std::move(difference));
        w.sum.push_back(std::move(sum));
    }
    return w;
}

}  // namespace

int compare_distances_exactly(MatrixView components, const double* z, const double* a, const double* b,
                              std::size_t dimension) {
    if (std::equal(a, a + dimension, b)) return 0;  // duplicates, by far the commonest tie
    // ‖L(z - a)‖² - ‖L(z - b)‖² = L(b - a) · L(2z - a - b)
    const Factors w = factors(z, a, b, dimension);
    Integer gap;
    if (components.rows() == 0) {
        for (std::size_t j = 0; j < dimension; ++j) gap.add(w.difference[j] * w.sum[j]);
        return gap.sign();
    }
    const int scale = components_exponent(components);
    for (std::size_t i = 0; i < components.rows(); ++i) {
        Integer p, q;
        for (std::size_t j = 0; j < dimension; ++j) {
            if (components(i, j) == 0.0) continue;
            const Integer weight(components(i, j), scale);
            p.add(weight * w.difference[j]);
            q.add(weight * w.sum[j]);
        }
        gap.add(p * q);
    }
    return gap.sign();
}

}  // namespace robust_metric
