#include <doctest/doctest.h>

#include <cmath>

#include "geometry/displacements.hpp"
#include "geometry/halfspace_sum_reference.hpp"
#include "random_problem.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

TEST_CASE("bounds of a half-space hold its distance, with any multipliers") {
    for (unsigned seed = 0; seed < 40; ++seed) {
        const Coordinates kind = seed % 2 ? Coordinates::smooth : Coordinates::grid;
        const double offset = seed % 3 == 0 ? 1e4 : 0.0, scale = seed % 5 == 0 ? 1e-140 : 1.0;
        RandomProblem p(seed, kind, 16, 4, 2, seed % 4, scale, offset * scale);
        const PreparedSet t = p.prepared();
        if (t.class_size(0) < 3 || t.class_size(1) == 0) continue;
        Displacements<double> fast(t);
        Displacements<DoubleDouble> accurate(t);
        RefinedBounds refined(t);
        for (std::size_t q = 0; q < p.count; ++q) {
            const double* z = p.Z().row(q);
            fast.start(z);
            accurate.start(z);
            refined.start(z);
            for (const std::size_t other : t.members(1))
                for (std::size_t count = 1; count <= 3; ++count) {
                    std::vector<std::size_t> own;
                    std::vector<double> multipliers;
                    for (std::size_t i = 0; i < count; ++i) {
                        own.push_back(t.members(0)[(q + i) % t.class_size(0)]);
                        multipliers.push_back((p.uniform() + 1.0) * 100);
                    }
                    const std::vector<std::size_t> others(count, other);
                    const auto exact = reference::halfspace_sum(p.plain(), z, others, own, multipliers);
                    if (exact.distance < 0) continue;
                    const long double distance = std::ldexp(exact.distance, -t.exponent()),
                                      slack = std::ldexp(exact.slack, -t.exponent());
                    const Interval a = fast.halfspace_distance(other, own, multipliers, refined.space()),
                                   b = accurate.halfspace_distance(other, own, multipliers, refined.space()),
                                   c = refined.halfspace_distance(other, own, multipliers);
                    for (const Interval& interval : {a, b, c}) {
                        CHECK(interval.lower <= distance + slack);
                        CHECK(interval.upper >= distance - slack);
                    }
                    CHECK(b.lower >= distance * (1 - 1e-11L) - slack - 1e-25L);
                    // float64 is believed up to a width of 1e-10
                    CHECK(c.lower >= distance * (1 - 1.1e-10L) - slack - 1e-25L);
                }
        }
    }
}

TEST_CASE("the order of two points is told as exactly as it is computed") {
    // on the bisector but for 2^-80: float64 cannot tell, double-double can
    const double tiny = 0x1p-80;
    const std::vector<double> points{1, 0, -1, 0}, l{1, 0.5, 0.25, 1};
    const std::vector<std::int32_t> labels{0, 1};
    for (const bool mapped : {false, true}) {
        const MatrixView components = mapped ? MatrixView(l.data(), 2, 2) : MatrixView();
        const PreparedSet t({points.data(), 2, 2}, labels, 2, components);
        for (const double shift : {tiny, -tiny, 0.0}) {
            const double z[] = {shift, 0};
            Displacements<double> fast(t);
            Displacements<DoubleDouble> accurate(t);
            fast.start(z);
            accurate.start(z);
            CHECK(!fast.compare(0, 1).has_value());
            const std::optional<int> found = accurate.compare(0, 1);
            if (shift != 0.0) {
                REQUIRE(found.has_value());
                CHECK(*found == (shift > 0.0 ? -1 : 1));
            } else {
                CHECK(found.value_or(0) == 0);
            }
        }
    }
}

TEST_CASE("points that are the same to the metric bound nothing") {
    const std::vector<double> points{0, 0, 0, 5, 3, 1}, l{1, 0};
    const std::vector<std::int32_t> labels{0, 1, 1};
    const PreparedSet t({points.data(), 3, 2}, labels, 2, {l.data(), 1, 2});
    RefinedBounds bounds(t);
    const double z[] = {0.25, 7.0};
    bounds.start(z);
    CHECK(bounds.pair_lower(1, 0) == 0.0);
    CHECK(t.unscale_down(bounds.pair_lower(2, 0)) == doctest::Approx(1.25));
    CHECK(t.unscale_down(bounds.pair_lower(2, 0)) <= 1.25);
}

TEST_CASE("multipliers so small that their squares underflow prove no more than others") {
    const double points[] = {-1, 0, 3, 0.5}, z[] = {0, 0};
    const std::int32_t labels[] = {0, 1};
    const PreparedSet t({points, 2, 2}, labels, 2, {});
    RefinedBounds refined(t);
    refined.start(z);
    const std::size_t own = 0;
    const double one = 1.0;
    const Interval expected = refined.halfspace_distance(1, {&own, 1}, {&one, 1});
    for (const int exponent : {-100, -500, -540, -560, -1000, -1060, 900}) {
        const double multiplier = std::ldexp(1.0, exponent);
        const Interval found = refined.halfspace_distance(1, {&own, 1}, {&multiplier, 1});
        CHECK(found.lower == expected.lower);
        CHECK(found.upper == expected.upper);
    }
}

TEST_CASE("what scaling rounds or takes to nothing does not count as exact") {
    // the first coordinate's scale, 2^600, takes the second to where numbers lose digits: at, around and below the
    // smallest normal number
    for (const double tiny : {0x1p-422, 0x1.8p-422, 0x1.fffffffffffffp-423, 0x1.0000000000001p-423, 0x1.8p-450,
                              0x1.0000000000001p-470, 0x1p-474, 0x1p-475, 0x1p-480, 0x1p-700}) {
        CAPTURE(tiny);
        const double points[] = {0x1p600, tiny, -0x1p600, 0.0}, z[] = {0x1p600, 0.0};
        const std::int32_t labels[] = {0, 1};
        const PreparedSet t({points, 2, 2}, labels, 2, {});
        Displacements<DoubleDouble> displacements(t);
        displacements.start(z);
        const Interval near = displacements.squared_distance(0);
        CHECK(near.lower == 0.0);
        CHECK(near.upper > 0.0);  // tiny² in scaled units is no float64 number
        const Interval far = displacements.squared_distance(1);
        CHECK(far.lower == far.upper);  // nothing is rounded there
    }
}
