#include <doctest/doctest.h>

#include <numeric>
#include <random>

#include "learn/arml/candidates.hpp"
#include "learn/arml/candidates_reference.hpp"

using namespace robust_metric;

namespace {

struct Problem {
    std::vector<double> values;
    std::vector<std::int32_t> labels;
    std::vector<std::int64_t> anchors;
    std::size_t n, d;

    // Small integers: exact distances, many ties and duplicates.
    Problem(std::size_t points, std::size_t features, unsigned seed) : n(points), d(features) {
        std::mt19937 random(seed);
        for (std::size_t i = 0; i < n * d; ++i) values.push_back(static_cast<double>(random() % 5));
        for (std::size_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(random() % 3));
        anchors.resize(n);
        std::iota(anchors.begin(), anchors.end(), 0);
    }
    MatrixView points() const { return {values.data(), n, d}; }
};

}  // namespace

TEST_CASE("candidates equal the slow twin's, ties included, for every number of threads") {
    for (const std::size_t n : {1, 2, 63, 64, 65, 600})
        for (const std::size_t k : {1, 4, 70}) {
            const Problem problem(n, 3, static_cast<unsigned>(n + k));
            const Candidates slow = reference::find_candidates(problem.points(), problem.labels, problem.anchors, k);
            for (const int threads : {1, 2, 4}) {
                const Candidates fast =
                    find_candidates(problem.points(), problem.labels, problem.anchors, k, {threads, {}});
                CHECK(fast.own == slow.own);
                CHECK(fast.other == slow.other);
            }
        }
}

TEST_CASE("candidates of rows with a stride") {
    const Problem problem(40, 6, 1);
    const MatrixView half(problem.values.data(), 40, 3, 6);
    const Candidates slow = reference::find_candidates(half, problem.labels, problem.anchors, 5);
    const Candidates fast = find_candidates(half, problem.labels, problem.anchors, 5, {});
    CHECK(fast.own == slow.own);
    CHECK(fast.other == slow.other);
}

TEST_CASE("candidates in float32 and by leading coordinates are the same, ties included") {
    const Problem problem(600, 6, 3);
    const std::vector<float> singles(problem.values.begin(), problem.values.end());
    const FloatMatrixView points(singles.data(), problem.n, problem.d);
    const Candidates slow = reference::find_candidates(problem.points(), problem.labels, problem.anchors, 7);
    for (const std::size_t leading : {0, 1, 2, 5, 6, 9}) {
        const Candidates fast = find_candidates(points, problem.labels, problem.anchors, 7, {2, {}}, leading);
        CHECK(fast.own == slow.own);
        CHECK(fast.other == slow.other);
        CHECK(find_candidates(problem.points(), problem.labels, problem.anchors, 7, {}, leading).own == slow.own);
    }
}

TEST_CASE("candidates: malformed arguments") {
    const Problem problem(5, 2, 2);
    const std::vector<std::int32_t> few(4);
    const std::vector<std::int64_t> outside{5}, negative{-1};
    CHECK_THROWS_AS(find_candidates(problem.points(), few, problem.anchors, 1, {}), std::invalid_argument);
    CHECK_THROWS_AS(find_candidates(problem.points(), problem.labels, problem.anchors, 0, {}), std::invalid_argument);
    CHECK_THROWS_AS(find_candidates(problem.points(), problem.labels, outside, 1, {}), std::invalid_argument);
    CHECK_THROWS_AS(find_candidates(problem.points(), problem.labels, negative, 1, {}), std::invalid_argument);
}
