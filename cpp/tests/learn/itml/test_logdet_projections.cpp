#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "learn/itml/logdet_projections.hpp"
#include "learn/itml/logdet_projections_reference.hpp"

using namespace robust_metric;

namespace {

std::vector<double> normal(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> distribution;
    std::vector<double> values(size);
    for (double& value : values) value = distribution(random);
    return values;
}

std::vector<double> unit(std::size_t d) {
    std::vector<double> values(d * d, 0.0);
    for (std::size_t i = 0; i < d; ++i) values[i * d + i] = 1.0;
    return values;
}

}  // namespace

TEST_CASE("projections in blocks equal those one by one") {
    for (const std::size_t d : {1, 3, 17, 40, 300})
        for (const double gamma : {0.1, 1.0, 10.0}) {
            const std::size_t m = d < 100 ? 90 : 40;
            std::vector<double> differences = normal(m * d, static_cast<unsigned>(d));
            for (std::size_t k = 0; k < d; ++k) differences[5 * d + k] = 0.0;  // a pair of equal points
            std::vector<double> fast = unit(d), slow = unit(d);
            const double size = static_cast<double>(d);
            const LogDetSettings settings{0.5 * size, 3.0 * size, gamma, 4, 0.0};
            const LogDetResult a =
                logdet_projections({differences.data(), m, d}, m / 2, settings, {}, {fast.data(), d, d});
            const LogDetResult b =
                reference::logdet_projections({differences.data(), m, d}, m / 2, settings, {slow.data(), d, d});
            CHECK(a.sweeps == b.sweeps);
            CHECK(a.change == doctest::Approx(b.change).epsilon(1e-9));
            for (std::size_t i = 0; i < d * d; ++i) CHECK(std::abs(fast[i] - slow[i]) < 1e-9);
        }
}

TEST_CASE("pairs that keep their bounds already leave the prior alone") {
    const std::vector<double> differences{0.1, 0.0, 5.0, 5.0};
    std::vector<double> metric = unit(2);
    const LogDetResult result =
        logdet_projections({differences.data(), 2, 2}, 1, {1.0, 2.0, 1.0, 100, 1e-3}, {}, {metric.data(), 2, 2});
    CHECK(result.sweeps == 1);
    CHECK(metric == unit(2));
}

TEST_CASE("projections: malformed arguments") {
    const std::vector<double> differences{1.0, 2.0};
    std::vector<double> metric = unit(2);
    const MatrixView rows(differences.data(), 1, 2);
    const MutableMatrixView square(metric.data(), 2, 2), small(metric.data(), 1, 1);
    CHECK_THROWS_AS(logdet_projections(rows, 1, {1.0, 1.0, 1.0, 1, 0.0}, {}, small), std::invalid_argument);
    CHECK_THROWS_AS(logdet_projections(rows, 2, {1.0, 1.0, 1.0, 1, 0.0}, {}, square), std::invalid_argument);
    CHECK_THROWS_AS(logdet_projections(rows, 1, {0.0, 1.0, 1.0, 1, 0.0}, {}, square), std::invalid_argument);
}
