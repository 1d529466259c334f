#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "learn/lmnn/impostors.hpp"
#include "learn/lmnn/impostors_reference.hpp"

using namespace robust_metric;

namespace {

// Small integers: distances and sums are exact, ties with thresholds happen.
struct Problem {
    std::vector<double> values, thresholds;
    std::vector<std::int32_t> labels;
    std::vector<std::int64_t> anchors;
    std::size_t n, d, k;

    Problem(std::size_t points, std::size_t features, std::size_t targets, int reach, unsigned seed)
        : n(points), d(features), k(targets) {
        std::mt19937 random(seed);
        for (std::size_t i = 0; i < n * d; ++i) values.push_back(static_cast<double>(random() % 5));
        for (std::size_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(random() % 3));
        for (std::size_t i = 0; i < n; i += 1 + seed % 2) anchors.push_back(static_cast<std::int64_t>(i));
        for (std::size_t i = 0; i < anchors.size() * k; ++i)
            thresholds.push_back(random() % 7 == 0 ? -std::numeric_limits<double>::infinity()
                                                   : static_cast<double>(random() % static_cast<unsigned>(reach)));
    }
    MatrixView points() const { return {values.data(), n, d}; }
    MatrixView limits() const { return {thresholds.data(), anchors.size(), k}; }
    std::vector<double> reach() const {
        std::vector<double> out;
        for (std::size_t a = 0; a < anchors.size(); ++a)
            out.push_back(*std::max_element(limits().row(a), limits().row(a) + k));
        return out;
    }
    // of all anchors, one after the other
    std::vector<std::int64_t> near() const {
        std::vector<std::int64_t> out;
        for (std::size_t a = 0; a < anchors.size(); ++a)
            for (std::size_t l = 0; l < n; ++l) {
                const auto anchor = static_cast<std::size_t>(anchors[a]);
                double squared = 0.0;
                for (std::size_t j = 0; j < d; ++j)
                    squared += (points()(anchor, j) - points()(l, j)) * (points()(anchor, j) - points()(l, j));
                if (labels[l] != labels[anchor] && squared < reach()[a]) out.push_back(static_cast<std::int64_t>(l));
            }
        return out;
    }
};

void check_equal(const Impostors& fast, const Impostors& slow) {
    CHECK(fast.by_target == slow.by_target);
    CHECK(fast.by_point == slow.by_point);
    CHECK(fast.sums == slow.sums);
}

}  // namespace

TEST_CASE("impostors equal the slow twin's: few and many, any number of threads") {
    for (const std::size_t n : {1, 2, 65, 600})
        for (const std::size_t k : {1, 3})
            for (const int reach : {2, 60}) {
                const Problem problem(n, 4, k, reach, static_cast<unsigned>(n + k));
                const Impostors slow = reference::find_impostors(problem.points(), problem.points(), problem.labels,
                                                                 problem.anchors, problem.limits());
                for (const int threads : {1, 3}) {
                    check_equal(find_impostors(problem.points(), problem.points(), problem.labels, problem.anchors,
                                               problem.limits(), {threads, {}}),
                                slow);
                    const auto lists = list_impostors(problem.points(), problem.labels, problem.anchors,
                                                      problem.reach(), n * n, {threads, {}});
                    REQUIRE(lists);
                    CHECK(lists->rows == problem.near());
                }
            }
}

TEST_CASE("impostors: lists stop at their limit") {
    const Problem problem(65, 4, 1, 60, 1);
    CHECK_FALSE(list_impostors(problem.points(), problem.labels, problem.anchors, problem.reach(), 3, {1, {}}));
}

TEST_CASE("impostors: malformed arguments") {
    const Problem problem(5, 2, 1, 9, 2);
    const std::vector<std::int32_t> few(4);
    const std::vector<std::int64_t> outside(problem.anchors.size(), 5);
    const auto search = [&](const std::vector<std::int32_t>& labels, const std::vector<std::int64_t>& anchors,
                            MatrixView limits) {
        find_impostors(problem.points(), problem.points(), labels, anchors, limits, {});
    };
    CHECK_THROWS_AS(search(few, problem.anchors, problem.limits()), std::invalid_argument);
    CHECK_THROWS_AS(search(problem.labels, outside, problem.limits()), std::invalid_argument);
    CHECK_THROWS_AS(search(problem.labels, problem.anchors, problem.points().slice(0, 2)), std::invalid_argument);
    CHECK_THROWS_AS(list_impostors(problem.points(), problem.labels, problem.anchors, {}, 9, {}),
                    std::invalid_argument);
}
