// Unevaluated sums hi + lo of two float64, about 106 bits (Dekker 1971; Joldes, Muller, Popescu,
// "Tight and rigorous error bounds for basic building blocks of double-word arithmetic", 2017).
#pragma once

#include <cmath>
#include <cstddef>

namespace robust_metric {

struct DoubleDouble {
    double hi = 0.0, lo = 0.0;

    DoubleDouble() = default;
    DoubleDouble(double high, double low = 0.0) : hi(high), lo(low) {}
    explicit operator double() const { return hi; }
};

// a + b exactly, barring overflow (Knuth's TwoSum; proofs/rounding.v: two_sum_exact)
inline DoubleDouble two_sum(double a, double b) {
    const double sum = a + b;
    const double part = sum - a;
    return {sum, (a - (sum - part)) + (b - part)};
}

// the same when |a| >= |b| or a = 0 (Dekker's Fast2Sum; proofs/rounding.v: fast_two_sum_exact)
inline DoubleDouble fast_two_sum(double a, double b) {
    const double sum = a + b;
    return {sum, b - (sum - a)};
}

// a b exactly, barring overflow and underflow of the error term (proofs/rounding.v: two_product_exact)
inline DoubleDouble two_product(double a, double b) {
    const double product = a * b;
    return {product, std::fma(a, b, -product)};
}

// Relative error below 2^-103: 3u² + 13u³ for sums, 6u² for products (proofs/cancelling_sum.v: any_sum_error;
// proofs/double_double.v: product_error).
inline DoubleDouble operator+(DoubleDouble a, DoubleDouble b) {
    const DoubleDouble high = two_sum(a.hi, b.hi), low = two_sum(a.lo, b.lo);
    const DoubleDouble carry = fast_two_sum(high.hi, high.lo + low.hi);
    return fast_two_sum(carry.hi, low.lo + carry.lo);
}

inline DoubleDouble operator-(DoubleDouble a) { return {-a.hi, -a.lo}; }
inline DoubleDouble operator-(DoubleDouble a, DoubleDouble b) { return a + (-b); }

inline DoubleDouble operator*(DoubleDouble a, DoubleDouble b) {
    const DoubleDouble high = two_product(a.hi, b.hi);
    const double cross = std::fma(a.lo, b.hi, a.hi * b.lo);
    return fast_two_sum(high.hi, high.lo + cross);
}

inline DoubleDouble operator*(double a, DoubleDouble b) { return DoubleDouble(a) * b; }
inline DoubleDouble& operator+=(DoubleDouble& a, DoubleDouble b) { return a = a + b; }

// scaling by a power of two, exact barring overflow and underflow
inline DoubleDouble scaled(DoubleDouble a, int exponent) {
    return {std::ldexp(a.hi, exponent), std::ldexp(a.lo, exponent)};
}

// a · b, term by term; kernels.hpp has products with matrices
DoubleDouble dot(const DoubleDouble* a, const DoubleDouble* b, std::size_t n);

}  // namespace robust_metric
