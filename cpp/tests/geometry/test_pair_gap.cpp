#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "geometry/exact_distance.hpp"
#include "geometry/pair_gap.hpp"
#include "random_problem.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

TEST_CASE("the gap of two distances holds what long double says") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        const RandomProblem p(seed, seed % 2 ? Coordinates::smooth : Coordinates::grid, 2, 4, 2, seed % 4);
        const PreparedSet t = p.prepared();
        PairGap gaps(t);
        for (std::size_t q = 0; q < p.count; ++q) {
            const double* z = p.Z().row(q);
            const auto far = reference::squared_distance(p.plain(), z, 0),
                       near = reference::squared_distance(p.plain(), z, 1);
            const PairGap::Value gap = gaps.evaluate(z, 0, 1);
            const int exponent = gap.difference_exponent + gap.sum_exponent + 2 * t.metric().exponent();
            const long double value = std::ldexp(static_cast<long double>(gap.value.hi) + gap.value.lo, exponent);
            CHECK(std::fabs(value - (far - near)) <= 1e-17L * (far + near));
            CHECK(gap.error >= 0.0);
            CHECK(gap.error <= 0x1p-80);
        }
    }
}

TEST_CASE("its sign is the exact one, or in doubt, at any size") {
    const double sizes[] = {0x1p-1074, 1e-300, 1e-150, 1.0, 1e17, 1e150, 1e300};
    for (unsigned seed = 0; seed < 300; ++seed) {
        RandomProblem p(seed, seed % 2 ? Coordinates::smooth : Coordinates::grid, 2, 3, 1, seed % 4);
        std::vector<double> X(p.X().row(0), p.X().row(0) + 6), z(p.Z().row(0), p.Z().row(0) + 3);
        for (std::size_t i = 0; i < X.size(); ++i) X[i] *= sizes[(seed / 4 + (seed % 3 == 0 ? i : 0)) % 7];
        for (std::size_t i = 0; i < z.size(); ++i) z[i] *= sizes[(seed / 28 + (seed % 5 == 0 ? i : 0)) % 7];
        const std::vector<std::int32_t> labels{0, 0};
        const PreparedSet t({X.data(), 2, 3}, labels, 1, p.L());
        PairGap gaps(t);
        const int sign = gaps.sign(z.data(), 0, 1).value_or(0);
        CHECK(gaps.sign(z.data(), 1, 0).value_or(0) == -sign);
        if (sign != 0) CHECK(sign == compare_distances_exactly(p.L(), z.data(), X.data(), X.data() + 3, 3));
    }
}

TEST_CASE("a query far away tells points apart that distances do not") {
    const std::vector<double> points{1, 0, 0, 1};
    const std::vector<std::int32_t> labels{0, 0};
    const PreparedSet t({points.data(), 2, 2}, labels, 1, {});
    PairGap gaps(t);
    const std::vector<double> right{1e200, 0}, up{3, 1e300}, middle{1e200, 1e200};
    CHECK(gaps.sign(right.data(), 0, 1) == std::optional<int>(-1));
    CHECK(gaps.sign(up.data(), 0, 1) == std::optional<int>(1));
    CHECK(!gaps.sign(middle.data(), 0, 1).has_value());
}
