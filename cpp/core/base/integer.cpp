#include "base/integer.hpp"

#include <algorithm>
#include <bit>
#include <climits>
#include <cmath>
#include <utility>

namespace robust_metric {

Integer::Integer(double value, int exponent) : negative_(std::signbit(value)) {
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

void Integer::add(const Integer& other, bool subtract) {
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

Integer operator*(const Integer& a, const Integer& b) {
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

void Integer::trim() {
    while (!limbs_.empty() && limbs_.back() == 0) limbs_.pop_back();
    if (limbs_.empty()) negative_ = false;
}

int Integer::compare_magnitude(const Integer& other) const {
    if (limbs_.size() != other.limbs_.size()) return limbs_.size() < other.limbs_.size() ? -1 : 1;
    for (std::size_t i = limbs_.size(); i-- > 0;)
        if (limbs_[i] != other.limbs_[i]) return limbs_[i] < other.limbs_[i] ? -1 : 1;
    return 0;
}

void Integer::add_magnitude(const Integer& other) {
    if (limbs_.size() < other.limbs_.size()) limbs_.resize(other.limbs_.size(), 0);
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < limbs_.size(); ++i) {
        carry += std::uint64_t{limbs_[i]} + (i < other.limbs_.size() ? other.limbs_[i] : 0);
        limbs_[i] = static_cast<std::uint32_t>(carry);
        carry >>= 32;
    }
    if (carry) limbs_.push_back(static_cast<std::uint32_t>(carry));
}

void Integer::subtract_magnitude(std::vector<std::uint32_t>& larger, const std::vector<std::uint32_t>& smaller) {
    std::int64_t borrow = 0;
    for (std::size_t i = 0; i < larger.size(); ++i) {
        std::int64_t digit = std::int64_t{larger[i]} - (i < smaller.size() ? smaller[i] : 0) - borrow;
        borrow = digit < 0;
        larger[i] = static_cast<std::uint32_t>(digit + (borrow << 32));
    }
}

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

int common_exponent(MatrixView values) {
    int lowest = INT_MAX;
    for (std::size_t i = 0; i < values.rows(); ++i)
        lowest = std::min(lowest, common_exponent(values.row(i), values.cols()));
    return lowest;
}

}  // namespace robust_metric
