#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "project/active_set.hpp"
#include "project/active_set_reference.hpp"
#include "random_problem.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

namespace {

struct Constraints {
    std::vector<std::vector<double>> normals;
    std::vector<double> offsets;

    double violation(std::size_t i, std::span<const double> point) const {
        double value = offsets[i];
        for (std::size_t j = 0; j < point.size(); ++j) value -= normals[i][j] * point[j];
        return value;
    }
};

double length(std::span<const double> a) {
    double squares = 0.0;
    for (const double value : a) squares += value * value;
    return std::sqrt(squares);
}

// Adds the most violated constraint until none is, as its callers do. False where the QP found the set empty.
bool solve(ActiveSetProjection& qp, const Constraints& c) {
    qp.reset();
    double previous = 0.0;
    for (std::size_t round = 0;; ++round) {
        REQUIRE(round < 1000);
        std::size_t worst = 0;
        for (std::size_t i = 0; i < c.offsets.size(); ++i)
            if (c.violation(i, qp.solution()) > c.violation(worst, qp.solution())) worst = i;
        const double tolerance = 1e-12 * (1.0 + length(c.normals[worst]) * qp.norm());
        if (c.violation(worst, qp.solution()) <= tolerance) return true;
        if (!qp.add(c.normals[worst].data(), c.offsets[worst], worst)) return false;
        CHECK(qp.norm() >= previous * (1 - 1e-12));  // the dual value never shrinks
        previous = qp.norm();
    }
}

void check_optimality(const ActiveSetProjection& qp, const Constraints& c) {
    const auto solution = qp.solution();
    std::vector<double> residual(solution.begin(), solution.end());
    double size = 0.0;
    for (std::size_t i = 0; i < qp.active().size(); ++i) {
        const std::size_t id = qp.active()[i];
        CHECK(qp.multipliers()[i] >= 0.0);
        const double scale = length(c.normals[id]) * qp.norm() + std::fabs(c.offsets[id]);
        CHECK(std::fabs(c.violation(id, solution)) <= 1e-9 * scale);
        for (std::size_t j = 0; j < solution.size(); ++j) residual[j] -= qp.multipliers()[i] * c.normals[id][j];
        size += qp.multipliers()[i] * length(c.normals[id]);
    }
    CHECK(length(residual) <= 1e-12 * (size + qp.norm()));
    for (std::size_t i = 0; i < c.offsets.size(); ++i) CHECK(c.violation(i, solution) <= 1e-9 * (1.0 + qp.norm()));
}

Constraints random_constraints(unsigned seed, Coordinates kind, std::size_t count, std::size_t d, bool feasible) {
    RandomProblem p(seed, kind, count, d, 1);
    Constraints c;
    std::vector<double> inside(d);
    for (double& value : inside) value = 3.0 * p.uniform();
    for (std::size_t i = 0; i < count; ++i) {
        c.normals.emplace_back(p.X().row(i), p.X().row(i) + d);
        if (length(c.normals.back()) == 0.0) c.normals.back()[0] = 1.0;
        double offset = feasible ? -(p.uniform() + 1.0) : 2.0 * p.uniform();
        if (feasible)
            for (std::size_t j = 0; j < d; ++j) offset += c.normals.back()[j] * inside[j];
        c.offsets.push_back(offset);
        if (i % 4 == 3) {  // duplicates, also scaled ones
            c.normals.push_back(c.normals.back());
            for (double& value : c.normals.back()) value *= 2.0;
            c.offsets.push_back(2.0 * offset);
        }
    }
    return c;
}

}  // namespace

TEST_CASE("projections equal the slow twin's, optimality conditions hold") {
    for (unsigned seed = 0; seed < 300; ++seed) {
        const std::size_t d = 1 + seed % 4, count = 1 + seed % 9;
        const bool feasible = seed % 3 != 0;
        const Constraints c =
            random_constraints(seed, seed % 2 ? Coordinates::grid : Coordinates::smooth, count, d, feasible);
        std::vector<reference::Vector> normals;
        for (const auto& normal : c.normals) normals.emplace_back(normal.begin(), normal.end());
        const auto expected =
            reference::project(normals, reference::Vector(c.offsets.begin(), c.offsets.end()), 1e-13L);
        CAPTURE(seed);
        ActiveSetProjection qp(d);
        const bool solved = solve(qp, c);
        REQUIRE(solved == expected.has_value());
        if (!solved) continue;
        check_optimality(qp, c);
        CHECK(qp.norm() == doctest::Approx(static_cast<double>(reference::norm(*expected))).epsilon(1e-9));
        for (std::size_t j = 0; j < d; ++j)
            CHECK(std::fabs(qp.solution()[j] - (*expected)[j]) <= 1e-8L * (1 + reference::norm(*expected)));
    }
}

TEST_CASE("many constraints in many dimensions") {
    for (unsigned seed = 0; seed < 10; ++seed) {
        const std::size_t d = 20 + 10 * (seed % 4);
        const Constraints c = random_constraints(seed, Coordinates::smooth, 150, d, true);
        ActiveSetProjection qp(d);
        REQUIRE(solve(qp, c));
        check_optimality(qp, c);
    }
}

TEST_CASE("dependent, duplicate and contradictory constraints") {
    ActiveSetProjection qp(2);
    qp.reset();
    const double right[] = {1.0, 0.0}, left[] = {-1.0, 0.0}, up[] = {0.0, 1.0}, slant[] = {1.0, 1.0};
    REQUIRE(qp.add(right, 1.0, 0));
    CHECK(qp.norm() == 1.0);
    REQUIRE(qp.add(right, 2.0, 1));  // takes the place of its weaker twin
    CHECK(qp.norm() == 2.0);
    CHECK(qp.active().size() == 1);
    REQUIRE(qp.add(up, 1.0, 2));
    REQUIRE(qp.add(slant, 4.0, 3));  // dependent on the two: one of them leaves
    CHECK(qp.active().size() == 2);
    CHECK(qp.norm() == doctest::Approx(std::sqrt(8.0)));
    CHECK_FALSE(qp.add(left, -1.0, 4));  // x <= 1 against x >= 2
    qp.reset();
    CHECK(qp.norm() == 0.0);
    CHECK(qp.active().empty());
    REQUIRE(qp.add(left, 3.0, 0));
    CHECK(qp.solution()[0] == -3.0);
}

TEST_CASE("a normal of zero is never satisfied by moving") {
    ActiveSetProjection qp(3);
    qp.reset();
    const double zero[] = {0.0, 0.0, 0.0}, some[] = {1.0, 2.0, 2.0};
    CHECK_FALSE(qp.add(zero, 1.0, 0));
    CHECK(qp.norm() == 0.0);
    REQUIRE(qp.add(some, 9.0, 1));
    CHECK(qp.norm() == doctest::Approx(3.0));
    CHECK_FALSE(qp.add(zero, 1.0, 2));
    CHECK(std::isfinite(qp.norm()));
}

TEST_CASE("scales from 1e-100 to 1e100") {
    for (const double scale : {1e-100, 1e-8, 1e8, 1e100}) {
        Constraints c = random_constraints(5, Coordinates::smooth, 8, 3, true);
        ActiveSetProjection one(3), other(3);
        REQUIRE(solve(one, c));
        for (std::size_t i = 0; i < c.offsets.size(); ++i) {
            for (double& value : c.normals[i]) value *= scale;
            c.offsets[i] *= scale;
        }
        other.reset();
        for (const std::size_t id : std::vector<std::size_t>(one.active().begin(), one.active().end()))
            if (c.violation(id, other.solution()) > 0.0) REQUIRE(other.add(c.normals[id].data(), c.offsets[id], id));
        CHECK(other.norm() == doctest::Approx(one.norm()).epsilon(1e-9));
    }
}
