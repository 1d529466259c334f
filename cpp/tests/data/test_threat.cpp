#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "robust_metric/threat.hpp"

using namespace robust_metric;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("threats that make no sense are refused") {
    const double two[] = {1.0, 2.0}, one[] = {1.0}, zero[] = {0.0, 1.0}, wide[] = {1e-40, 1e40};
    CHECK_THROWS_WITH_AS(Threat(Norm::two, 2, one), "cost must have 2 entries, one per feature, got 1",
                         std::invalid_argument);
    CHECK_THROWS_AS(Threat(Norm::two, 2, zero), std::invalid_argument);
    CHECK_THROWS_AS(Threat(Norm::two, 2, wide), std::invalid_argument);
    CHECK_THROWS_AS(Threat(Norm::two, 2, {}, two, zero), std::invalid_argument);
    CHECK_THROWS_AS(Threat(Norm::two, 2, {}, two), std::invalid_argument);
    const double equal[] = {4.0, 4.0};
    const Threat scaled(Norm::two, 2, equal);
    CHECK_FALSE(scaled.weighted());
    CHECK(scaled.exponent() == 2);
}

TEST_CASE("confined steps end in the box, and are changed no more than it takes") {
    std::mt19937 random(1);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    const double cost[] = {1.0, 1.0, infinity}, lower[] = {-1.0, -1e-300, -1.0}, upper[] = {1.0 / 3.0, infinity, 1.0};
    const Threat threat(Norm::two, 3, cost, lower, upper);
    for (int round = 0; round < 2000; ++round) {
        const std::vector<double> point{-1.0 + 4.0 / 3.0 * (0.5 + 0.5 * uniform(random)), std::fabs(uniform(random)),
                                        uniform(random)};
        REQUIRE(threat.holds(point));
        std::vector<double> wanted, step;
        for (std::size_t j = 0; j < 3; ++j) wanted.push_back(std::ldexp(uniform(random), round % 3 * 20 - 20));
        step = wanted;
        threat.confine(point, step);
        std::vector<double> moved;
        for (std::size_t j = 0; j < 3; ++j) moved.push_back(point[j] + step[j]);
        CHECK(threat.holds(moved));
        CHECK(step[2] == 0.0);
        for (std::size_t j = 0; j < 2; ++j) {
            const double nearest = std::min(std::max(point[j] + wanted[j], lower[j]), upper[j]);
            CHECK(moved[j] == doctest::Approx(nearest).epsilon(1e-14));
            if (nearest == point[j] + wanted[j]) CHECK(step[j] == wanted[j]);
        }
    }
    std::vector<double> free{1e300};
    Threat().confine(free, free);
    CHECK(free[0] == 1e300);
}
