#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>

#include "geometry/cost_space.hpp"
#include "geometry/cost_space_reference.hpp"

using namespace robust_metric;

namespace {

constexpr double infinity = rounding::infinity;
constexpr Norm norms[] = {Norm::one, Norm::two, Norm::infinity};

// A random point in a random box, costs, and a half-space.
struct Case {
    std::vector<double> cost, lower, upper, point, normal;
    double offset;

    Case(unsigned seed, std::size_t d, bool boxed, bool weighted) : random_(seed) {
        for (std::size_t j = 0; j < d; ++j) {
            point.push_back(uniform());
            normal.push_back(seed % 2 ? std::floor(3 * uniform()) : uniform());
            if (boxed) {
                const auto kind = random_() % 6;
                lower.push_back(kind == 0 ? -infinity : kind == 1 ? point[j] : point[j] - 1 - uniform());
                upper.push_back(kind == 2 ? infinity : kind == 3 ? point[j] : point[j] + 1 + uniform());
            }
            if (weighted) cost.push_back(random_() % 5 == 0 ? infinity : std::exp(3 * uniform()));
        }
        if (weighted)
            for (std::size_t j = 0; j < d; ++j)
                if (cost[j] == infinity) normal[j] = 0.0;  // as all normals in a cost space
        offset = (0.2 + 2 * (uniform() + 1)) * std::sqrt(static_cast<double>(d));
    }
    double uniform() { return std::ldexp(static_cast<double>(random_()), -31) - 1.0; }

    std::size_t size() const { return point.size(); }

private:
    std::mt19937 random_;
};

}  // namespace

TEST_CASE("half-space distances equal the slow twin's") {
    for (unsigned seed = 0; seed < 600; ++seed)
        for (const Norm norm : norms) {
            const Case c(seed, 1 + seed % 7, seed % 3 != 0, seed % 5 > 1);
            CAPTURE(seed);
            CAPTURE(static_cast<int>(norm));
            const Threat threat(norm, c.size(), c.cost, c.lower, c.upper);
            CostSpace space(threat, c.size());
            space.start(c.point.data(), 0);
            reference::Vector normal(c.normal.begin(), c.normal.end()), below, above;
            for (std::size_t j = 0; j < c.size(); ++j) {
                below.push_back(space.below(j));
                above.push_back(space.above(j));
            }
            const auto expected = reference::halfspace_distance(norm, normal, c.offset, below, above);
            const Interval found = space.distance({c.normal, 0.0, c.offset, c.offset});
            if (expected > 1e15L) {
                CHECK(found.lower > 1e15);
                continue;
            }
            CHECK(found.lower <= expected * (1 + 1e-15L));
            CHECK(found.lower >= expected * (1 - 1e-11L));
            CHECK(found.upper >= expected * (1 - 1e-13L));
            CHECK(found.upper <= expected * (1 + 1e-11L));
            // less is known of a normal that may be wrong, and no more
            const Interval loose = space.distance({c.normal, 1e-3, c.offset - 1e-3, c.offset + 1e-3});
            CHECK(loose.lower <= found.lower);
            CHECK(loose.upper >= found.upper * (1 - 1e-12));
            CHECK(loose.lower >= 0.0);
        }
}

TEST_CASE("distances are no larger than to any half-space of the stated error") {
    for (unsigned seed = 0; seed < 400; ++seed)
        for (const Norm norm : norms) {
            Case c(seed, 1 + seed % 5, seed % 2 == 0, false);
            const double error = std::ldexp(0.5, -static_cast<int>(seed % 20));
            const Threat threat(norm, c.size(), c.cost, c.lower, c.upper);
            CostSpace space(threat, c.size());
            space.start(c.point.data(), 0);
            const Interval found = space.distance({c.normal, error, c.offset, c.offset});
            reference::Vector below, above;
            for (std::size_t j = 0; j < c.size(); ++j) {
                below.push_back(space.below(j));
                above.push_back(space.above(j));
            }
            for (int i = 0; i < 8; ++i) {
                reference::Vector step(c.size()), normal(c.normal.begin(), c.normal.end());
                for (auto& value : step) value = c.uniform();
                const auto length = reference::norm(step);
                for (std::size_t j = 0; j < c.size(); ++j) normal[j] += error * step[j] / length;
                const auto exact = reference::halfspace_distance(norm, normal, c.offset, below, above);
                CAPTURE(seed);
                CHECK(found.lower <= exact * (1 + 1e-15L));
            }
        }
}

TEST_CASE("a half-space beyond the box is infinitely far") {
    const double lower[] = {-1.0, 0.0}, upper[] = {1.0, 0.5}, point[] = {0.0, 0.0}, normal[] = {1.0, 2.0};
    for (const Norm norm : norms) {
        const Threat threat(norm, 2, {}, lower, upper);
        CostSpace space(threat, 2);
        space.start(point, 0);
        CHECK(space.distance({normal, 1e-12, 2.0 + 1e-9, 3.0}).lower == infinity);
        CHECK(space.distance({normal, 1e-12, 2.0 - 1e-9, 2.0}).lower < 2.0);
    }
    const double cost[] = {1.0, infinity}, flat[] = {0.0, 0.0};
    const Threat frozen(Norm::two, 2, cost);
    CostSpace space(frozen, 2);
    space.start(point, 0);
    CHECK(space.distance({flat, 1e-12, 1.0, 1.0}).lower < infinity);  // the normal may be wrong
    CHECK(space.distance({flat, 1e-12, 1.0, 1.0}, 0.0).lower == infinity);
}

TEST_CASE("an offset without an upper end leaves the lower distance as it is") {
    const double lower[] = {-1.0, -0.25}, upper[] = {1.0, 0.5}, point[] = {0.0, 0.0}, normal[] = {0.002, 0.4};
    for (const Norm norm : norms) {
        const Threat threat(norm, 2, {}, lower, upper);
        CostSpace space(threat, 2);
        space.start(point, 0);
        const Interval open = space.distance({normal, 1e-12, 0.201, infinity});
        CHECK(open.lower == space.distance({normal, 1e-12, 0.201, 0.201}).lower);
        CHECK(open.upper == infinity);
    }
}

TEST_CASE("scales from 2^-300 to 2^300") {
    for (const Norm norm : norms) {
        const Case c(6, 5, true, false);
        std::vector<double> lower = c.lower, upper = c.upper, point = c.point;
        const Threat one(norm, c.size(), {}, lower, upper);
        CostSpace space(one, c.size());
        space.start(point.data(), 0);
        const double offset = 0.3, distance = space.distance({c.normal, 0.0, offset, offset}).lower;
        REQUIRE(distance < infinity);
        for (const int exponent : {-300, -20, 20, 300}) {
            space.start(point.data(), -exponent);  // lengths times 2^exponent
            const double far = std::ldexp(offset, exponent);
            CHECK(std::ldexp(space.distance({c.normal, 0.0, far, far}).lower, -exponent) ==
                  doctest::Approx(distance).epsilon(1e-12));
        }
    }
}

namespace {

// sup { normal·δ : ‖δ‖₂ <= radius, |δ| <= caps } in the range of long double, by the price of length
reference::Real gain_of(const std::vector<double>& normal, const std::vector<double>& caps, reference::Real radius) {
    using Real = reference::Real;
    const auto step = [&](std::size_t j, Real price) {
        return std::min<Real>(price * std::fabs(static_cast<Real>(normal[j])), caps[j]);
    };
    Real low = -4000, high = 4000;  // of the price, binary logarithms
    for (int round = 0; round < 100; ++round) {
        const Real middle = (low + high) / 2;
        Real squares = 0;
        for (std::size_t j = 0; j < normal.size(); ++j)
            squares += step(j, std::exp2(middle)) * step(j, std::exp2(middle));
        (squares <= radius * radius ? low : high) = middle;
    }
    Real total = 0;
    for (std::size_t j = 0; j < normal.size(); ++j)
        total += std::fabs(static_cast<Real>(normal[j])) * step(j, std::exp2(low));
    return total;
}

}  // namespace

TEST_CASE("sizes and caps at the ends of the range: distances stay lower bounds, infinite only out of reach") {
    std::mt19937 random(1);
    const auto exponent = [&](int least, int most) {
        return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
    };
    int finite = 0;
    for (int trial = 0; trial < 4000; ++trial) {
        CAPTURE(trial);
        const std::size_t d = 1 + random() % 4;
        std::vector<double> normal, caps, lower, upper;
        const int top = exponent(-300, 200);
        bool free = false;
        for (std::size_t j = 0; j < d; ++j) {
            const double mantissa = 1.0 + std::ldexp(static_cast<double>(random()), -32);
            // one of ordinary size, others down to single bits
            normal.push_back(std::ldexp(mantissa, j == 0 ? top : exponent(-1076, top)));
            caps.push_back(random() % 4 ? std::ldexp(1.0, exponent(-1060, 900)) : infinity);
            free = free || (caps[j] == infinity && normal[j] > 0.0);
            lower.push_back(-caps[j]);
            upper.push_back(caps[j]);
        }
        const double offset = std::ldexp(1.5, exponent(-900, 400));
        const Threat threat(Norm::two, d, {}, lower, upper);
        CostSpace space(threat, d);
        space.start(std::vector<double>(d, 0.0).data(), 0);
        for (std::size_t j = 0; j < d; ++j) caps[j] = space.above(j);
        const Interval found = space.distance({normal, 0.0, offset, offset});
        if (found.lower == infinity) {
            CHECK_FALSE(free);
            reference::Real most = 0;
            for (std::size_t j = 0; j < d; ++j) most += static_cast<reference::Real>(normal[j]) * caps[j];
            CHECK(most < static_cast<reference::Real>(offset));
            continue;
        }
        ++finite;
        CHECK(gain_of(normal, caps, found.lower * (1 - 1e-15L)) <= offset * (1 + 1e-15L));
    }
    CHECK(finite > 1000);
}

TEST_CASE("a distance beyond the range of float64 is not infinite: infinite stands for never") {
    const std::vector<double> normal{1.0, 0x1p-1000}, lower{-0x1p-30, -infinity}, upper{0x1p-30, infinity};
    for (const Norm norm : norms) {
        const Threat threat(norm, 2, {}, lower, upper);
        CostSpace space(threat, 2);
        space.start(std::vector<double>(2, 0.0).data(), 0);
        const Interval found = space.distance({normal, 0.0, 0x1p500, 0x1p500});
        CHECK(found.lower < infinity);
        CHECK(found.lower > 0.0);
    }
}

TEST_CASE("costs of perturbed points") {
    const double cost[] = {2.0, 1.0, infinity}, query[] = {1.0, 2.0, 3.0}, point[] = {2.0, -1.0, 3.0},
                 moved[] = {2.0, -1.0, 4.0};
    const double expected[] = {5.0, std::sqrt(13.0), 3.0};
    for (std::size_t i = 0; i < 3; ++i) {
        const Threat threat(norms[i], 3, cost);
        CostSpace space(threat, 3);
        space.start(query, 0);
        CHECK(space.cost_upper(query, point) >= expected[i] * (1 - 1e-16));
        CHECK(space.cost_upper(query, point) == doctest::Approx(expected[i]).epsilon(1e-12));
        CHECK(space.cost_upper(query, moved) == infinity);
        CHECK(space.cost_upper(query, query) < 1e-140);
    }
}
