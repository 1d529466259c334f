#include <doctest/doctest.h>

#include <cmath>

#include "random_problem.hpp"
#include "search/vote/joint.hpp"
#include "search/vote/joint_reference.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

namespace {

// A cell of all points: first those that must be beaten, then those that may enter.
struct Company {
    RandomProblem problem;
    PreparedSet training;
    QueryBlock block;
    Query query;
    CostSpace space;
    VoteCell cell;
    Deadline none{rounding::infinity};
    std::vector<CellPoints::Id> own;

    Company(unsigned seed, std::size_t own_count, double scale = 1.0, double offset = 0.0)
        : problem(seed, seed % 2 ? Coordinates::grid : Coordinates::smooth, 14, 1 + seed % 5, 2, seed % 3 ? 4 : 0,
                  scale, offset),
          training(problem.prepared()),
          block(training),
          query((block.compute(problem.Z(), true), block.query(seed % problem.count))),
          space(training.threat(), training.dimension()),
          cell(training, space) {
        space.start(query.point, training.exponent());
        cell.start(query);
        for (std::size_t i = 0; i < training.size(); ++i) cell.add_point(i);
        for (std::size_t i = 0; i < own_count; ++i) own.push_back(static_cast<CellPoints::Id>(i));
    }
};

}  // namespace

TEST_CASE("joint bounds: below the slow twin's distance, and near it") {
    for (unsigned seed = 0; seed < 60; ++seed) {
        const std::size_t own_count = 3 + seed % 4, kept = seed % 3;
        const double scale = seed % 7 == 0 ? 1e-3 : 1.0, offset = seed % 7 == 0 ? 1e3 : 0.0;
        Company c(seed, own_count, scale, offset);
        JointBounds joint(c.cell, c.none);
        const auto first = static_cast<JointBounds::Id>(own_count);
        joint.start(first, c.training.size() - own_count, c.own, kept);
        REQUIRE(joint.usable());
        const std::vector<std::size_t> own(c.own.begin(), c.own.end());
        for (JointBounds::Id x = first; x < c.training.size(); ++x)
            for (JointBounds::Id y = first; y < c.training.size(); ++y) {
                if (x == y) continue;
                CAPTURE(seed);
                const auto exact = reference::joint_bound(c.problem.plain(), c.query.point, x, y, own, kept);
                const double found = c.training.unscale_down(static_cast<double>(joint.bound(x, y)));
                CHECK(found <= exact * (1 + 1e-14L));
                // where two half-spaces do not meet, or nearly so, the bound need not know
                if (offset == 0.0 && exact < 10) CHECK(found >= exact * (1 - 1e-5L) - 1e-5L);
                CHECK(joint.row(x)[y - first] == joint.bound(x, y));
            }
    }
}

TEST_CASE("joint bounds: more kept points, or fewer own-class points, never raise them") {
    for (unsigned seed = 0; seed < 20; ++seed) {
        Company c(seed, 6);
        JointBounds all(c.cell, c.none), more_kept(c.cell, c.none), fewer(c.cell, c.none);
        all.start(6, 8, c.own, 1);
        more_kept.start(6, 8, c.own, 2);
        fewer.start(6, 8, std::span(c.own).first(4), 1);
        for (JointBounds::Id x = 6; x < 14; ++x)
            for (JointBounds::Id y = 6; y < 14; ++y) {
                if (x == y) continue;
                CHECK(more_kept.bound(x, y) <= all.bound(x, y));
                CHECK(fewer.bound(x, y) <= all.bound(x, y));
            }
    }
    Company c(1, 2);
    JointBounds joint(c.cell, c.none);
    joint.start(2, 12, c.own, 2);
    CHECK_FALSE(joint.usable());
}

TEST_CASE("joint bounds: past the deadline nothing is known, and every number is a bound") {
    Company c(1, 6);
    const Deadline passed(0.0, [&, now = 0.0]() mutable { return now += 1.0; });
    JointBounds joint(c.cell, passed);
    joint.start(6, 8, c.own, 1);
    for (const float bound : joint.row(7)) CHECK(bound == 0.0f);
}
