#include <doctest/doctest.h>

#include <numeric>
#include <random>

#include "base/blas.hpp"
#include "learn/arml/candidates.hpp"
#include "learn/arml/deciding_pairs.hpp"
#include "learn/arml/deciding_pairs_reference.hpp"

using namespace robust_metric;

namespace {

struct Problem {
    std::size_t n, d = 4, r = 3, k, draws;
    std::vector<double> embedded, normals;
    std::vector<std::int64_t> anchors, near_ranks, far_ranks;
    Candidates candidates;

    Problem(std::size_t points, std::size_t list, std::size_t rank_draws, unsigned seed)
        : n(points), k(list), draws(rank_draws), embedded(n * r), normals(n * d), anchors(n) {
        std::mt19937 random(seed);
        std::normal_distribution<double> normal;
        std::vector<double> values(n * d), metric(r * d);
        for (double& value : values) value = normal(random);
        for (double& value : metric) value = normal(random);
        blas::gemm_nt(1.0, {values.data(), n, d}, {metric.data(), r, d}, 0.0, {embedded.data(), n, r});
        blas::gemm_nn(1.0, {embedded.data(), n, r}, {metric.data(), r, d}, 0.0, {normals.data(), n, d});
        std::vector<std::int32_t> labels;
        for (std::size_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(random() % 3));
        std::iota(anchors.begin(), anchors.end(), 0);
        candidates = find_candidates({embedded.data(), n, r}, labels, anchors, k, {});
        for (std::size_t i = 0; i < n * draws; ++i) {
            near_ranks.push_back(static_cast<std::int64_t>(random() % (k + 2)));
            far_ranks.push_back(static_cast<std::int64_t>(random() % (k + 2)));
        }
    }
    MatrixView points() const { return {embedded.data(), n, r}; }
    MatrixView directions() const { return {normals.data(), n, d}; }
    CandidateTables tables() const { return {candidates.own, candidates.other, k}; }
    Ranks ranks() const { return {near_ranks, far_ranks, draws}; }
};

}  // namespace

TEST_CASE("deciding pairs equal the slow twin's, for every number of threads") {
    for (const std::size_t n : {1, 2, 15, 100})
        for (const std::size_t k : {1, 2, 6})
            for (const std::size_t draws : {1, 3}) {
                const Problem problem(n, k, draws, static_cast<unsigned>(n + k + draws));
                const Norm norm = k < 6 ? Norm::two : draws == 1 ? Norm::one : Norm::infinity;
                const Pairs slow = reference::deciding_pairs(problem.points(), problem.directions(), problem.anchors,
                                                             problem.tables(), problem.ranks(), norm);
                for (const int threads : {1, 3}) {
                    const Pairs fast = deciding_pairs(problem.points(), problem.directions(), problem.anchors,
                                                      problem.tables(), problem.ranks(), {threads, {}}, norm);
                    CHECK(fast.near == slow.near);
                    CHECK(fast.far == slow.far);
                }
            }
}

TEST_CASE("deciding pairs: a duplicate of another class decides only where there is nothing else") {
    const std::vector<double> values{0.0, 1.0, 1.0, 4.0};
    const MatrixView points(values.data(), 4, 1);
    const std::vector<std::int64_t> anchor{0}, own{1}, duplicate{2}, own_filled{1, -1}, both{2, 3}, first{0};
    const Ranks ranks{first, first, 1};
    CHECK(deciding_pairs(points, points, anchor, {own, duplicate, 1}, ranks, {}).far[0] == 2);
    CHECK(deciding_pairs(points, points, anchor, {own_filled, both, 2}, ranks, {}).far[0] == 3);
}

TEST_CASE("deciding pairs: malformed arguments") {
    const Problem problem(10, 3, 2, 9);
    const auto call = [&](const CandidateTables& tables, const Ranks& ranks) {
        deciding_pairs(problem.points(), problem.directions(), problem.anchors, tables, ranks, {});
    };
    const std::vector<std::int64_t> short_one(5), outside(30, 10), negative(20, -1);
    CHECK_THROWS_AS(call({short_one, problem.candidates.other, 3}, problem.ranks()), std::invalid_argument);
    CHECK_THROWS_AS(call({outside, problem.candidates.other, 3}, problem.ranks()), std::invalid_argument);
    CHECK_THROWS_AS(call(problem.tables(), {short_one, problem.far_ranks, 2}), std::invalid_argument);
    CHECK_THROWS_AS(call(problem.tables(), {negative, problem.far_ranks, 2}), std::invalid_argument);
}
