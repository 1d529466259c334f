#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "geometry/neighbors.hpp"
#include "geometry/neighbors_reference.hpp"
#include "random_problem.hpp"
#include "robust_metric/predict.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

TEST_CASE("neighbours, distances and predictions equal the slow twin's, ties included") {
    for (unsigned seed = 0; seed < 12; ++seed)
        for (const std::size_t k : {1, 2, 5, 17, 60}) {
            const std::size_t n = k + seed % 50;
            const RandomProblem p(seed, seed % 3 ? Coordinates::grid : Coordinates::smooth, n, 3, 4, seed % 4);
            const TrainingSet t = p.training();
            for (const int threads : {1, 2}) {
                std::vector<std::int64_t> indices(p.count * k);
                std::vector<double> distances(p.count * k);
                std::vector<std::int32_t> labels(p.count);
                kneighbors(t, p.Z(), k, {threads, {}}, indices, distances);
                predict(t, p.Z(), k, {threads, {}}, labels);
                for (std::size_t q = 0; q < p.count; ++q) {
                    const auto expected = reference::nearest(p.plain(), p.Z().row(q), k);
                    REQUIRE(std::equal(expected.begin(), expected.end(), indices.begin() + static_cast<long>(q * k)));
                    CHECK(labels[q] == reference::predict(p.plain(), p.Z().row(q), k));
                    for (std::size_t i = 0; i < k; ++i) {
                        const auto root = std::sqrt(reference::squared_distance(p.plain(), p.Z().row(q), expected[i]));
                        CHECK(std::fabs(distances[q * k + i] - root) <= 0x1p-51L * root);
                    }
                }
            }
        }
}

TEST_CASE("neighbours of points around a query are those that a query of their own has") {
    for (unsigned seed = 0; seed < 20; ++seed) {
        const RandomProblem p(seed, seed % 2 ? Coordinates::grid : Coordinates::smooth, 80, 3, 3, seed % 4);
        const PreparedSet t = p.prepared();
        QueryBlock block(t);
        block.compute(p.Z().slice(0, 1), false);
        NeighborSearch search(t);
        for (std::size_t q = 0; q < p.count; ++q) {
            const auto step = reference::difference(p.Z().row(q), p.Z().row(0), p.d);
            const double reach = std::ldexp(static_cast<double>(reference::norm(step)), -t.exponent()) * (1 + 1e-12);
            for (const std::size_t k : {1, 4}) {
                const auto found = search.nearest_around(block.query(0), p.Z().row(q), reach, k);
                const auto expected = reference::nearest(p.plain(), p.Z().row(q), k);
                for (std::size_t i = 0; i < k; ++i) CHECK(found[i] == expected[i]);
            }
        }
    }
}

TEST_CASE("votes are tied in favour of the smaller class") {
    const std::vector<double> points{0, 1, 2, 3};
    const std::vector<std::int32_t> labels{2, 1, 1, 2};
    const TrainingSet t({points.data(), 4, 1}, labels, 3, {});
    std::vector<std::int32_t> found(1);
    const double z = -1.0;
    predict(t, {&z, 1, 1}, 1, {}, found);
    CHECK(found[0] == 2);
    predict(t, {&z, 1, 1}, 2, {}, found);
    CHECK(found[0] == 1);
}

TEST_CASE("an entry of L that scaling flushes to zero still decides") {
    const double components[] = {0x1p500, 0, 0, 0x1p-600}, points[] = {0, 2, 0, 1, 1, 0}, z[] = {0, 0};
    const std::int32_t labels[] = {0, 1, 2};
    const TrainingSet t({points, 3, 2}, labels, 3, {components, 2, 2});
    std::int32_t label = -1;
    predict(t, {z, 1, 2}, 1, {}, {&label, 1});
    CHECK(label == 1);
}
