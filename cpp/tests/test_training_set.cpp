#include <doctest/doctest.h>

#include <cmath>

#include "random_problem.hpp"
#include "robust_metric/displacements.hpp"
#include "robust_metric/query_block.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

namespace {

// Whether interval, in scaled units, holds the value that is given in the caller's; infinite ends always do.
// long double has 11 bits more than the numbers checked, which the slack allows for.
void check_holds(Interval interval, long double value, int exponent, long double slack) {
    const long double scaled = std::ldexp(value, -exponent);
    CHECK(interval.lower <= scaled + slack);
    CHECK(interval.upper >= scaled - slack);
}

void check_intervals(const RandomProblem& p) {
    const TrainingSet t = p.training();
    const int squared = 2 * (t.exponent() + t.metric().exponent()), gradient = squared + 2 * t.metric().exponent();
    QueryBlock block(t);
    block.compute(p.Z().slice(0, 4), true);
    Displacements<double> fast(t);
    Displacements<DoubleDouble> accurate(t);
    for (std::size_t q = 0; q < 4; ++q) {
        const Query query = block.query(q);
        fast.start(query.point);
        accurate.start(query.point);
        for (std::size_t i = 0; i < t.size(); ++i) {
            const auto plain = p.plain();
            const auto w = reference::difference(query.point, t.point(i), p.d);
            const auto s = reference::twice_mapped(plain, w);
            const long double distance = reference::squared_distance(plain, query.point, t.index(i));
            // what long double itself may be wrong by, when it evaluates the plain formula
            const double norm = t.metric().norm_bound();
            const long double length = std::ldexp(reference::norm(w), -t.exponent());
            const long double slack = 0x1p-60L * static_cast<long double>(p.d + p.r) * norm * norm * length * length;
            const double extents = query.extent + t.extent(i);
            check_holds(t.distance_interval(query.distances[i], extents), distance, squared, slack);
            check_holds(t.twice_mapped_interval(query.twice_mapped_distances[i], extents), reference::dot(s, s),
                        gradient, slack * norm * norm);
            check_holds(fast.squared_distance(i), distance, squared, slack);
            check_holds(accurate.squared_distance(i), distance, squared, slack);
            const Interval tight = accurate.squared_distance(i);
            CHECK(tight.upper - tight.lower <= 1e-15 * tight.upper + 1e-20 * norm * norm * length * length + 1e-200);
        }
    }
}

}  // namespace

TEST_CASE("intervals hold the exact value: filter, float64 and double-double") {
    for (const std::size_t rank : {0, 1, 3, 9})
        for (const double scale : {1e-150, 1e-3, 1.0, 1e150})
            for (const double offset : {0.0, 1.0, 1e3, 1e8})
                for (const Coordinates kind : {Coordinates::smooth, Coordinates::grid}) {
                    CAPTURE(rank);
                    CAPTURE(scale);
                    CAPTURE(offset);
                    check_intervals(RandomProblem(7, kind, 20, 5, 3, rank, scale, offset * scale));
                }
}

TEST_CASE("queries and features of any size: intervals may be infinite, never wrong") {
    for (const double scale : {1e-300, 5e-324, 1e300}) {
        RandomProblem p(3, Coordinates::grid, 10, 2, 2, 2, 1.0);
        for (std::size_t i = 0; i < p.queries.size(); i += 2) p.queries[i] = scale;
        check_intervals(p);
        for (std::size_t i = 0; i < p.points.size(); i += 2) p.points[i] *= scale;
        const TrainingSet t = p.training();
        Displacements<DoubleDouble> accurate(t);
        accurate.start(p.Z().row(0));
        for (std::size_t i = 0; i < t.size(); ++i) {
            const Interval interval = accurate.squared_distance(i);
            CHECK(interval.lower <= interval.upper);
        }
    }
}

TEST_CASE("positions are sorted by class, and shadowed points are those behind an equal one") {
    const std::vector<double> points{1, 1, 2, 2, 1, 1, -0.0, 0.0, 0.0, 0.0};
    const std::vector<std::int32_t> labels{2, 0, 0, 2, 0};
    const TrainingSet t({points.data(), 5, 2}, labels, 4, {});
    CHECK((t.class_size(0) == 3 && t.class_size(1) == 0 && t.class_size(2) == 2 && t.class_size(3) == 0));
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < 5; ++i) {
        order.push_back(t.index(i));
        CHECK(t.label(i) == labels[t.index(i)]);
        CHECK(t.shadowed(i) == (t.index(i) == 2 || t.index(i) == 4));
    }
    CHECK(order == std::vector<std::size_t>{1, 2, 4, 0, 3});
}

TEST_CASE("lengths come back rounded to the right side, subnormal ones too") {
    for (const double scale : {1e-300, 1.0, 1e300}) {
        const std::vector<double> points{0, scale};
        const std::vector<std::int32_t> labels{0, 1};
        const TrainingSet t({points.data(), 2, 1}, labels, 2, {});
        for (double length : {0.0, 1e-320, 1e-30, 0.7, 1e3}) {
            const long double exact = std::ldexp(static_cast<long double>(length), t.exponent());
            CHECK(t.unscale_down(length) <= exact);
            CHECK(t.unscale_up(length) >= exact);
        }
        CHECK(t.unscale_down(rounding::infinity) == rounding::infinity);
        CHECK(t.unscale_up(rounding::infinity) == rounding::infinity);
    }
}

TEST_CASE("malformed training sets and requests") {
    const std::vector<double> points(6);
    const std::vector<std::int32_t> labels{0, 1, 2};
    const MatrixView X(points.data(), 3, 2);
    CHECK_THROWS_AS(TrainingSet(X, labels, 2, {}), std::invalid_argument);
    CHECK_THROWS_AS(TrainingSet(X.slice(0, 2), labels, 3, {}), std::invalid_argument);
    CHECK_THROWS_AS(TrainingSet(X.slice(0, 0), std::span(labels).first(0), 3, {}), std::invalid_argument);
    CHECK_THROWS_AS(TrainingSet(X, labels, 3, {points.data(), 2, 3}), std::invalid_argument);
    const TrainingSet t(X, labels, 3, {});
    CHECK_THROWS_AS(check_request(t, {points.data(), 2, 3}, 1), std::invalid_argument);
    CHECK_THROWS_AS(check_request(t, X, 0), std::invalid_argument);
    CHECK_THROWS_AS(check_request(t, X, 4), std::invalid_argument);
    CHECK_THROWS_AS(check_request(t, X, 1, std::span(labels).first(2)), std::invalid_argument);
    CHECK_NOTHROW(check_request(t, X, 3, labels));
}
