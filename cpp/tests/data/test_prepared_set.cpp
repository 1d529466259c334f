#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/kernels.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/displacements.hpp"
#include "random_problem.hpp"
#include "robust_metric/predict.hpp"

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

void check_intervals(const RandomProblem& p, bool single = false) {
    const std::vector<float> singles(p.points.begin(), p.points.end());
    std::vector<double> stored(singles.begin(), singles.end());
    if (!single) stored = p.points;
    const MatrixView X(stored.data(), p.n, p.d);
    const PreparedSet t(single ? Points(singles.data(), p.n, p.d) : Points(X), p.labels, p.classes, p.L());
    const reference::PlainData plain{X, p.labels, p.classes, p.L()};
    const int squared = 2 * (t.exponent() + t.metric().exponent()), gradient = squared + 2 * t.metric().exponent();
    const double norm = t.metric().norm_bound();
    // what long double itself may be wrong by, when it evaluates the plain formula
    const auto slack_of = [&](const reference::Vector& w) {
        const long double length = std::ldexp(reference::norm(w), -t.exponent());
        return 0x1p-52L * static_cast<long double>(p.d + p.r) * norm * norm * length * length;
    };
    QueryBlock block(t);
    block.compute(p.Z().slice(0, 4), true);
    Displacements<double> fast(t);
    Displacements<DoubleDouble> accurate(t);
    Embedding scratch;
    for (std::size_t q = 0; q < 4; ++q) {
        const Query query = block.query(q);
        fast.start(query.point);
        accurate.start(query.point);
        // relative intervals leave out a term that is the same for all points: so they are compared with the first
        const auto first = reference::difference(query.point, X.row(0), p.d);
        const long double first_distance = reference::squared_distance(plain, query.point, 0);
        const auto first_gradient = reference::twice_mapped(plain, first);
        for (std::size_t i = 0; i < t.size(); ++i) {
            const auto w = reference::difference(query.point, X.row(i), p.d);
            const auto s = reference::twice_mapped(plain, w);
            const long double distance = reference::squared_distance(plain, query.point, i);
            const long double slack = slack_of(w) + slack_of(first);
            // what is known of a far query is 2^-far of that
            const int far = query.embedding->far;
            const auto check_difference = [&](Interval here, Interval there) {
                check_holds({here.lower - there.upper, here.upper - there.lower}, distance - first_distance,
                            squared + far, std::ldexp(slack, -far));
            };
            check_difference(query.mapped.relative(i), query.mapped.relative(0));
            const auto row_interval = [&](std::size_t position) {
                const double computed = t.distance(*query.embedding, position, scratch);
                return t.distance_interval(*query.embedding, position, computed);
            };
            if (far != 0) {  // gradients are those of the point that it was brought to
                check_difference(row_interval(i), row_interval(0));
            } else {
                const Interval here = query.twice_mapped.relative(i), there = query.twice_mapped.relative(0);
                check_holds({here.lower - there.upper, here.upper - there.lower},
                            reference::dot(s, s) - reference::dot(first_gradient, first_gradient), gradient,
                            slack * norm * norm);
                check_holds(row_interval(i), distance, squared, slack);
            }
            check_holds(fast.squared_distance(i), distance, squared, slack_of(w) * 0x1p-8L);
            check_holds(accurate.squared_distance(i), distance, squared, slack_of(w) * 0x1p-8L);
            const Interval tight = accurate.squared_distance(i);
            const long double length = std::ldexp(reference::norm(w), -t.exponent());
            CHECK(tight.upper - tight.lower <= 1e-15 * tight.upper + 1e-20 * norm * norm * length * length + 1e-200);
            const auto step = reference::difference(X.row(0), X.row(i), p.d);
            const Interval norm_of_pair = t.twice_mapped().distance(0, i);
            const long double pair = std::ldexp(reference::norm(reference::twice_mapped(plain, step)),
                                                -t.exponent() - 2 * t.metric().exponent());
            const long double pair_slack = 0x1p-52L * norm * norm * std::ldexp(reference::norm(step), -t.exponent());
            CHECK(norm_of_pair.lower <= pair + pair_slack);
            CHECK(norm_of_pair.upper >= pair - pair_slack);
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
                    const RandomProblem p(7, kind, 20, 5, 3, rank, scale, offset * scale);
                    check_intervals(p);
                    if (scale == 1.0) check_intervals(p, true);
                }
}

TEST_CASE("queries and features of any size: intervals may be infinite, never wrong") {
    for (const double scale : {1e-300, 5e-324, 1e300}) {
        RandomProblem p(3, Coordinates::grid, 10, 2, 2, 2, 1.0);
        for (std::size_t i = 0; i < p.queries.size(); i += 2) p.queries[i] = scale;
        check_intervals(p);
        for (std::size_t i = 0; i < p.points.size(); i += 2) p.points[i] *= scale;
        const PreparedSet t = p.prepared();
        Displacements<DoubleDouble> accurate(t);
        accurate.start(p.Z().row(0));
        for (std::size_t i = 0; i < t.size(); ++i) {
            const Interval interval = accurate.squared_distance(i);
            CHECK(interval.lower <= interval.upper);
        }
    }
}

TEST_CASE("filter intervals are narrow where data and query are of one size") {
    for (const std::size_t rank : {0, 9}) {
        const RandomProblem p(5, Coordinates::smooth, 40, 12, 3, rank);
        const PreparedSet t = p.prepared();
        QueryBlock block(t);
        block.compute(p.Z().slice(0, 1), true);
        const Query query = block.query(0);
        for (const FilterDistances& distances : {query.mapped, query.twice_mapped})
            for (std::size_t i = 0; i < t.size(); ++i) {
                const Interval relative = distances.relative(i);
                CHECK(relative.upper - relative.lower <= 1e-4 * (distances.query.norm + distances.rows->norms()[i]));
            }
    }
}

TEST_CASE("points in float32 serve the filter where they lie if their offset is no burden") {
    const std::vector<std::int32_t> labels{0, 1, 0};
    for (const float offset : {0.0f, 1000.0f}) {
        const std::vector<float> points{offset + 1, 0.5f, offset - 1, 0, offset, 1};
        const PreparedSet t({points.data(), 3, 2}, labels, 2, {});
        CHECK((t.mapped().rows().data() == points.data()) == (offset == 0.0f));
    }
}

TEST_CASE("members of classes, and shadowed points: those behind an equal one") {
    const std::vector<double> points{1, 1, 2, 2, 1, 1, -0.0, 0.0, 0.0, 0.0};
    const std::vector<std::int32_t> labels{2, 0, 0, 2, 0};
    const PreparedSet t({points.data(), 5, 2}, labels, 4, {});
    CHECK((t.class_size(0) == 3 && t.class_size(1) == 0 && t.class_size(2) == 2 && t.class_size(3) == 0));
    for (int c = 0; c < 4; ++c)
        for (const std::size_t i : t.members(c)) CHECK(t.label(i) == c);
    CHECK(std::is_sorted(t.members(0).begin(), t.members(0).end()));
    for (std::size_t i = 0; i < 5; ++i) CHECK(t.shadowed(i) == (i == 2 || i == 4));
    CHECK(t.all_shadowed() == std::vector<std::uint32_t>{2, 4});
}

TEST_CASE("lengths come back rounded to the right side, subnormal ones too") {
    for (const double scale : {1e-300, 1.0, 1e300}) {
        const std::vector<double> points{0, scale};
        const std::vector<std::int32_t> labels{0, 1};
        const PreparedSet t({points.data(), 2, 1}, labels, 2, {});
        for (double length : {0.0, 1e-320, 1e-30, 0.7, 1e3}) {
            const long double exact = std::ldexp(static_cast<long double>(length), t.exponent());
            CHECK(t.unscale_down(length) <= exact);
            CHECK(t.unscale_up(length) >= exact);
        }
        CHECK(t.unscale_down(rounding::infinity) == rounding::infinity);
        CHECK(t.unscale_up(rounding::infinity) == rounding::infinity);
    }
}
