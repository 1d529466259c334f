#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "learn/arml/embedding.hpp"

using namespace robust_metric;

TEST_CASE("embedding: every entry is the sum that it stands for, for every number of threads") {
    constexpr std::size_t n = 1100, d = 5, r = 3;
    std::mt19937 random(1);
    std::vector<double> points(n * d), components(r * d);
    for (double& value : points) value = static_cast<double>(random() % 7) - 3.0;  // small integers: exact sums
    for (double& value : components) value = static_cast<double>(random() % 5) - 2.0;
    for (const int threads : {1, 2, 4}) {
        std::vector<double> embedded(n * r, -1.0);
        embed({points.data(), n, d}, {components.data(), r, d}, {embedded.data(), n, r}, {threads, {}});
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t c = 0; c < r; ++c) {
                double sum = 0.0;
                for (std::size_t j = 0; j < d; ++j) sum += components[c * d + j] * points[i * d + j];
                wrong += embedded[i * r + c] != sum;
            }
        CHECK(wrong == 0);
    }
}

TEST_CASE("embedding: malformed arguments") {
    std::vector<double> values(12);
    const MatrixView points(values.data(), 4, 3), components(values.data(), 2, 3), narrow(values.data(), 2, 2);
    const MutableMatrixView embedded(values.data(), 4, 2), wide(values.data(), 4, 3), low(values.data(), 3, 2);
    CHECK_THROWS_AS(embed(points, narrow, embedded, {}), std::invalid_argument);
    CHECK_THROWS_AS(embed(points, components, wide, {}), std::invalid_argument);
    CHECK_THROWS_AS(embed(points, components, low, {}), std::invalid_argument);
}
