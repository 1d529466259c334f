#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "geometry/exact_sum.hpp"

using namespace robust_metric;

namespace {

constexpr double unbounded = std::numeric_limits<double>::infinity();

// One other-class point against others, on a grid or wherever they are.
struct Problem {
    std::vector<double> X;
    std::size_t d;
    Threat threat{};
    std::vector<double> L{};

    bool contradicts(std::vector<double> z, std::vector<Evidence::Pair>& pairs) const {
        const std::vector<std::int32_t> labels(X.size() / d, 0);
        const MatrixView l = L.empty() ? MatrixView() : MatrixView(L.data(), L.size() / d, d);
        const PreparedSet set(Points(X.data(), X.size() / d, d), labels, 1, l, {}, threat);
        return ExactSum(set).contradicts(z.data(), pairs);
    }
    bool contradicts(std::vector<double> z, std::vector<Evidence::Pair>&& pairs) const { return contradicts(z, pairs); }
};

}  // namespace

TEST_CASE("exact sums: a tie goes to the point of smaller index") {
    // 0 and 1 are equally near to 2 on no side: 2 in the middle comes before both or neither
    const Problem line{{-1, 1, 0, 0}, 1};
    CHECK_FALSE(line.contradicts({0.5}, {{0, 1, 1.0}}));
    CHECK(line.contradicts({0.5}, {{3, 2, 1.0}}));
    CHECK_FALSE(line.contradicts({0.5}, {{2, 3, 1.0}}));
    CHECK(line.contradicts({0.5}, {{1, 2, 1.0}, {0, 2, 1.0}}));
}

TEST_CASE("exact sums: multipliers of a solver become integers") {
    // normals (1, 1), (-1, 0) and (0, -1): their sum with multipliers 1, 1, 1
    const Problem plane{{0, 0, 1, 1, -1, 0, 0, -1}, 2};
    std::vector<Evidence::Pair> pairs{{1, 0, 0.333333333331}, {2, 0, 0.33333333333}, {3, 0, 0.333333333333}};
    CHECK(plane.contradicts({0.25, 0.5}, pairs));
    for (const Evidence::Pair& pair : pairs) CHECK(pair.multiplier == 1.0);
    CHECK_FALSE(plane.contradicts({0.25, 0.5}, {{1, 0, 1.0}, {2, 0, 0.5}, {3, 0, 1.0}}));
    CHECK_FALSE(plane.contradicts({0.25, 0.5}, {{1, 0, 0.0}}));
    CHECK_FALSE(plane.contradicts({0.25, 0.5}, {}));
}

TEST_CASE("exact sums: two pairs along a line, whatever their lengths") {
    const Problem line{{0, 0.1, -0.3}, 1};
    std::vector<Evidence::Pair> pairs{{1, 0, 3.0000000001}, {2, 0, 1.0}};
    CHECK(line.contradicts({0.7}, pairs));
    CHECK(pairs[0].multiplier == 0.3);
    CHECK(pairs[1].multiplier == 0.1);
}

TEST_CASE("exact sums: frozen features, boxes and components") {
    const std::vector<double> cost{1.0, unbounded};
    const Problem frozen{{0, 0, 0, 1}, 2, Threat(Norm::two, 2, cost)};
    CHECK(frozen.contradicts({0, 0.5}, {{1, 0, 1.0}}));         // a tie everywhere
    CHECK_FALSE(frozen.contradicts({0, 0.75}, {{1, 0, 1.0}}));  // before it everywhere
    CHECK(frozen.contradicts({0, 0.25}, {{0, 1, 1.0}}) == false);
    CHECK(frozen.contradicts({0, 0.75}, {{0, 1, 1.0}}));

    const std::vector<double> lower{0.0}, upper{1.0};
    const Problem box{{0, 2}, 1, Threat(Norm::infinity, 1, {}, lower, upper)};
    CHECK(box.contradicts({0.5}, {{1, 0, 1.0}}));  // a tie at the end of the box, which the smaller index has
    CHECK_FALSE(Problem{{2, 0}, 1, box.threat}.contradicts({0.5}, {{0, 1, 1.0}}));
    CHECK_FALSE(Problem{{0, 1.75}, 1, box.threat}.contradicts({0.5}, {{1, 0, 1.0}}));

    const Problem blind{{3, 1, 5, 1}, 2, {}, {0, 0.1}};
    CHECK(blind.contradicts({0, 7}, {{1, 0, 1.0}}));
    CHECK_FALSE(blind.contradicts({0, 7}, {{0, 1, 1.0}}));
}

TEST_CASE("exact sums: numbers so far apart that integers would be long are left alone") {
    std::vector<double> X(2000, 1e300);
    X[0] = 1e-300;
    CHECK_FALSE(Problem{X, 1000}.contradicts(std::vector<double>(1000, 0.0), {{1, 0, 1.0}, {0, 1, 1.0}}));
}
