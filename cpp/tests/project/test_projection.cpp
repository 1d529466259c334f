#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "project/projection.hpp"

using namespace robust_metric;

namespace {

constexpr Norm norms[] = {Norm::one, Norm::two, Norm::infinity};

struct Polyhedron {
    std::size_t d;
    std::vector<std::vector<double>> normals;
    std::vector<double> offsets;

    double violation(std::size_t i, std::span<const double> x) const {
        double value = offsets[i];
        for (std::size_t j = 0; j < d; ++j) value -= normals[i][j] * x[j];
        return value;
    }
};

struct RandomCase {
    Polyhedron polyhedron;
    std::vector<double> point, lower, upper, inside;
    bool feasible;

    RandomCase(unsigned seed, std::size_t d, std::size_t rows, bool boxed) : random_(seed) {
        polyhedron.d = d;
        feasible = seed % 3 != 0;
        point.assign(d, 0.0);
        for (std::size_t j = 0; j < d; ++j) {
            inside.push_back(uniform());
            if (!boxed) continue;
            const auto kind = random_() % 6;  // no bound, or one that touches the point
            lower.push_back(kind == 0 ? -rounding::infinity : std::min(0.0, inside[j]) - (kind == 1 ? 0 : 0.5));
            upper.push_back(kind == 2 ? rounding::infinity : std::max(0.0, inside[j]) + (kind == 3 ? 0 : 0.5));
        }
        for (std::size_t i = 0; i < rows; ++i) {
            std::vector<double> normal;
            double offset = feasible ? -0.3 * (uniform() + 1) : 2 * (uniform() + 0.5);
            for (std::size_t j = 0; j < d; ++j) {
                normal.push_back(seed % 2 ? std::floor(2.5 * uniform()) : uniform());
                if (feasible) offset += normal[j] * inside[j];
            }
            polyhedron.normals.push_back(normal);
            polyhedron.offsets.push_back(offset);
        }
    }
    double uniform() { return std::ldexp(static_cast<double>(random_()), -31) - 1.0; }

private:
    std::mt19937 random_;
};

// Adds the most violated row until none is; false where the rows contradict each other.
bool solve(Projection& projection, const Polyhedron& p) {
    projection.reset();
    double previous = 0.0;
    for (std::size_t round = 0;; ++round) {
        REQUIRE(round < 1000);
        const auto x = projection.solution();
        std::size_t worst = 0;
        for (std::size_t i = 0; i < p.offsets.size(); ++i)
            if (p.violation(i, x) > p.violation(worst, x)) worst = i;
        if (p.violation(worst, x) <= 1e-11) return true;
        if (!projection.add(p.normals[worst].data(), p.offsets[worst], worst)) return false;
        CHECK(projection.norm() >= previous * (1 - 1e-11));
        previous = projection.norm();
    }
}

// What the multipliers prove is what the solution attains: then both are optimal, whatever the solver did.
void check_optimality(const Projection& projection, const Polyhedron& p, const CostSpace& space) {
    const auto x = projection.solution();
    for (std::size_t j = 0; j < p.d; ++j) {
        CHECK(x[j] >= -space.below(j) - 1e-12);
        CHECK(x[j] <= space.above(j) + 1e-12);
    }
    CHECK(space.norm(x) <= projection.norm() * (1 + 1e-11));
    std::vector<double> normal(p.d, 0.0);
    double offset = 0.0;
    REQUIRE(projection.active().size() == projection.multipliers().size());
    for (std::size_t i = 0; i < projection.active().size(); ++i) {
        const double weight = projection.multipliers()[i];
        CHECK(weight > 0.0);
        offset += weight * p.offsets[projection.active()[i]];
        for (std::size_t j = 0; j < p.d; ++j) normal[j] += weight * p.normals[projection.active()[i]][j];
    }
    if (projection.active().empty()) {
        CHECK(projection.norm() == 0.0);
        return;
    }
    const double proved = space.distance({normal, 0.0, offset, offset}).lower;
    CHECK(proved == doctest::Approx(projection.norm()).epsilon(1e-9));
}

}  // namespace

TEST_CASE("projections are optimal: the multipliers prove what the solution attains") {
    for (unsigned seed = 0; seed < 600; ++seed)
        for (const Norm norm : norms) {
            const RandomCase c(seed, 1 + seed % 11, 1 + seed % 13, seed % 5 > 1);
            const Threat threat(norm, c.point.size(), {}, c.lower, c.upper);
            CostSpace space(threat, c.point.size());
            space.start(c.point.data(), 0);
            Projection projection(space);
            CAPTURE(seed);
            CAPTURE(static_cast<int>(norm));
            const bool solved = solve(projection, c.polyhedron);
            if (c.feasible) CHECK(solved);
            if (solved) check_optimality(projection, c.polyhedron, space);
        }
}

TEST_CASE("larger projections, rows dropped and taken up again") {
    for (unsigned seed = 1; seed < 9; ++seed)
        for (const Norm norm : norms) {
            if (seed % 3 == 0) continue;
            const RandomCase c(2 * seed, 60, 120, seed % 2 == 0);
            const Threat threat(norm, c.point.size(), {}, c.lower, c.upper);
            CostSpace space(threat, c.point.size());
            space.start(c.point.data(), 0);
            Projection projection(space);
            CAPTURE(seed);
            const bool solved = solve(projection, c.polyhedron);
            if (c.feasible) REQUIRE(solved);
            if (solved) check_optimality(projection, c.polyhedron, space);
        }
}

TEST_CASE("rows that contradict each other, or the box, are found out") {
    const double right[] = {1.0, 0.0}, left[] = {-2.0, 0.0}, zero[] = {0.0, 0.0}, point[] = {0.0, 0.0};
    const double lower[] = {-1.0, -1.0}, upper[] = {1.0, 1.0};
    for (const Norm norm : norms)
        for (const bool boxed : {false, true}) {
            const std::span<const double> low = boxed ? lower : std::span<const double>(),
                                          high = boxed ? upper : std::span<const double>();
            const Threat threat(norm, 2, {}, low, high);
            CostSpace space(threat, 2);
            space.start(point, 0);
            Projection projection(space);
            projection.reset();
            REQUIRE(projection.add(right, 0.5, 0));
            CHECK(projection.norm() == doctest::Approx(0.5));
            CHECK_FALSE(projection.add(left, -0.9, 1));  // x <= 0.45
            projection.reset();
            CHECK_FALSE(projection.add(zero, 1.0, 0));
            projection.reset();
            CHECK(projection.add(right, 1.5, 0) != boxed);
        }
}

TEST_CASE("scales from 1e-100 to 1e100") {
    for (const Norm norm : norms)
        for (const double scale : {1e-100, 1e-8, 1e8, 1e100}) {
            RandomCase c(4, 4, 9, false);
            const Threat threat(norm, 4);
            CostSpace space(threat, 4);
            space.start(c.point.data(), 0);
            Projection projection(space);
            REQUIRE(solve(projection, c.polyhedron));
            const double before = projection.norm();
            const std::vector<std::size_t> rows(projection.active().begin(), projection.active().end());
            projection.reset();
            for (const std::size_t i : rows) {
                std::vector<double> normal = c.polyhedron.normals[i];
                for (double& value : normal) value *= scale;
                REQUIRE(projection.add(normal.data(), scale * scale * c.polyhedron.offsets[i], i));
            }
            CHECK(projection.norm() == doctest::Approx(scale * before).epsilon(1e-9));
        }
}
