#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "data/sketch.hpp"

using namespace robust_metric;

namespace {

// rows of little variance in most directions, some of them equal or 0
std::vector<double> make_rows(std::size_t n, std::size_t width, double decay) {
    std::mt19937 random(4);
    std::vector<double> rows(n * width, 0.0);
    for (std::size_t i = 1; i < n; ++i)
        for (std::size_t j = 0; j < width; ++j) {
            const double value = std::ldexp(static_cast<double>(random()), -31) - 1.0;
            rows[i * width + j] = i % 7 == 0 ? rows[(i - 1) * width + j] : value * std::exp(-decay * j);
        }
    return rows;
}

void check(std::size_t n, std::size_t width, double decay, double offset) {
    std::vector<double> values = make_rows(n, width, decay);
    for (double& value : values) value += offset;
    FilterRows rows(n, width, 0.0);
    for (std::size_t i = 0; i < n; ++i) rows.set(i, values.data() + i * width, 1.0);
    const Sketch sketch(rows, {2, {}});
    REQUIRE(sketch.usable());
    for (std::size_t a = 0; a < n; ++a)
        for (std::size_t b = 0; b < n; ++b) {
            long double square = 0;
            for (std::size_t j = 0; j < width; ++j) {
                const long double difference = static_cast<long double>(values[a * width + j]) - values[b * width + j];
                square += difference * difference;
            }
            const Interval found = sketch.distance(a, b);
            REQUIRE(found.lower <= std::sqrt(square));
            REQUIRE(found.upper >= std::sqrt(square));
        }
}

}  // namespace

TEST_CASE("codes bound distances from both sides") {
    for (const double decay : {0.0, 0.05, 1.0})
        for (const double offset : {0.0, 1.0}) {
            check(40, 128, decay, offset);
            check(70, 300, decay, offset);
        }
    check(3, 130, 0.0, 0.0);  // fewer rows than directions
}

TEST_CASE("codes are close where most variance lies in few directions") {
    const std::size_t n = 60, width = 200;
    const std::vector<double> values = make_rows(n, width, 0.3);
    FilterRows rows(n, width, 0.0);
    for (std::size_t i = 0; i < n; ++i) rows.set(i, values.data() + i * width, 1.0);
    const Sketch sketch(rows, {});
    for (std::size_t b = 2; b < 6; ++b) {
        const Interval exact = rows.distance(1, b), found = sketch.distance(1, b);
        CHECK(found.upper - found.lower <= 1e-3 * exact.upper);
    }
}

TEST_CASE("short rows get no codes") {
    FilterRows rows(5, 127, 0.0);
    const std::vector<double> values(127, 1.0);
    for (std::size_t i = 0; i < 5; ++i) rows.set(i, values.data(), 12.0);
    CHECK_FALSE(Sketch(rows, {}).usable());
    CHECK_FALSE(Sketch().usable());
}
