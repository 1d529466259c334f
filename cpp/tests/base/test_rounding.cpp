#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/rounding.hpp"

using namespace robust_metric;

TEST_CASE("the next float is what std::nextafter says, for all kinds of them") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    std::size_t wrong = 0;
    // every 997th pattern of bits, all signs and exponents among them
    for (std::uint64_t bits = 0; bits <= 0xffffffffu; bits += 997) {
        const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
        if (std::isnan(value)) continue;
        wrong += rounding::next_up(value) != std::nextafter(value, infinity);
        wrong += rounding::next_down(value) != std::nextafter(value, -infinity);
    }
    CHECK(wrong == 0);
    for (const float value : {0.0f, -0.0f, infinity, -infinity, std::numeric_limits<float>::max(),
                              std::numeric_limits<float>::denorm_min(), -std::numeric_limits<float>::denorm_min()}) {
        CHECK(rounding::next_up(value) == std::nextafter(value, infinity));
        CHECK(rounding::next_down(value) == std::nextafter(value, -infinity));
    }
    CHECK(std::isnan(rounding::next_up(std::numeric_limits<float>::quiet_NaN())));
    CHECK(rounding::float_up(0.1) > 0.1);
    CHECK(rounding::float_down(0.1) < 0.1);
}
