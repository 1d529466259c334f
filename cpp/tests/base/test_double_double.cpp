#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "base/double_double.hpp"
#include "base/rounding.hpp"

using namespace robust_metric;

// 113 bits: enough for the relative error 2^-103 that is promised
__extension__ using Quad = __float128;

namespace {

Quad value(DoubleDouble x) { return static_cast<Quad>(x.hi) + x.lo; }
Quad size(Quad x) { return x < 0 ? -x : x; }

DoubleDouble draw(std::mt19937_64& random) {
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    const double hi = std::ldexp(uniform(random), static_cast<int>(random() % 40));
    // at most 106 bits in all, so that quadruple precision holds it
    return fast_two_sum(hi, std::ldexp(std::nearbyint(uniform(random) * 0x1p52), std::ilogb(hi) - 105));
}

}  // namespace

TEST_CASE("sums and products of doubles are split exactly") {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20'000; ++i) {
        const double a = draw(random).hi, b = draw(random).hi;
        CHECK(value(two_sum(a, b)) == static_cast<Quad>(a) + b);
        CHECK(value(two_product(a, b)) == static_cast<Quad>(a) * b);
    }
    CHECK(two_sum(1.0, 0x1p-200).lo == 0x1p-200);
    CHECK(two_product(1 + 0x1p-52, 1 + 0x1p-52).lo == 0x1p-104);
}

TEST_CASE("sums and products of double-doubles keep the promised relative error") {
    std::mt19937_64 random(2);
    const Quad bound = 0x1p-103;
    for (int i = 0; i < 20'000; ++i) {
        const DoubleDouble a = draw(random);
        // also sums that nearly cancel
        const DoubleDouble b = i % 3 ? draw(random) : fast_two_sum(-a.hi, a.lo * 0.25 + a.lo);
        const Quad sum = value(a) + value(b), product = value(a) * value(b);
        CHECK(size(value(a + b) - sum) <= bound * size(sum));
        CHECK(size(value(a - b) - (value(a) - value(b))) <= bound * size(value(a) - value(b)));
        CHECK(size(value(a * b) - product) <= bound * size(product));
        CHECK(value(scaled(a, -7)) == value(a) / 128);
    }
}

TEST_CASE("up and down enclose, gamma grows") {
    CHECK(rounding::up(1.0) > 1.0);
    CHECK(rounding::down(1.0) < 1.0);
    CHECK(rounding::up(0.0) > 0.0);
    CHECK(rounding::down(0.0) == 0.0);
    CHECK(rounding::down(0x1p-1000) == 0.0);
    CHECK(rounding::gamma(1) > 0x1p-53);
    CHECK(rounding::gamma(1000) > 1000 * 0x1p-53);
    CHECK(rounding::gamma(1000) < 1001 * 0x1p-53);
}

TEST_CASE("grain is the largest power of two that divides") {
    CHECK(rounding::grain(0.0) == rounding::infinity);
    CHECK(rounding::grain(1.0) == 1.0);
    CHECK(rounding::grain(-12.0) == 4.0);
    CHECK(rounding::grain(0.375) == 0.125);
    CHECK(rounding::grain(1.0 + 0x1p-52) == 0x1p-52);
    CHECK(rounding::grain(0x1p-1074) == 0x1p-1074);
    CHECK(rounding::grain(0x1.8p1023) == 0x1p1022);
}
