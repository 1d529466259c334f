#include <doctest/doctest.h>

#include <algorithm>

#include "geometry/neighbors_reference.hpp"
#include "project/active_set_reference.hpp"
#include "search/vote/vote_parts.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;
using tests::VoteParts;
using Id = CellPoints::Id;
using Outcome = CellSolver::Outcome;
using Pushed = CellSolver::Pushed;

namespace {

// Two of the candidates enter, one own-class point may stay, and nothing else is left open.
Decided::Sets closed_cell(const VoteParts& v, unsigned seed) {
    const auto own = v.points.own(), candidates = v.points.candidates();
    return {{candidates[seed % candidates.size()], candidates[(seed + 1) % candidates.size()]},
            {own[seed % own.size()]},
            {},
            {}};
}

}  // namespace

TEST_CASE("cell solver: the projection onto all half-spaces that are decided") {
    for (unsigned seed = 0; seed < 80; ++seed) {
        VoteParts v(RandomProblem(seed, Coordinates::smooth, 8, 2, 2), 3);
        if (v.votes.empty()) continue;
        v.points.choose(v.kept(), rounding::infinity, v.witness.step());
        if (v.points.candidates().size() < 3 || v.points.own().size() < 2) continue;
        const Decided::Sets sets = closed_cell(v, seed);
        VoteParts::HalfSpaces all;
        for (const Id e : sets.entering)
            for (Id x = 0; x < v.cell.points().size(); ++x)
                if (std::find(sets.entering.begin(), sets.entering.end(), x) == sets.entering.end() &&
                    x != sets.allowed[0])
                    v.add_half_space(all, v.cell.points().position(e), v.cell.points().position(x));
        const auto exact = reference::project(all.normals, all.offsets);
        CAPTURE(seed);
        const bool solved = v.solve(sets, {.complete = true});
        REQUIRE(solved == exact.has_value());
        if (!solved) continue;
        const auto length = static_cast<double>(reference::norm(*exact));
        CHECK(v.training.unscale_up(v.cell.norm()) == doctest::Approx(length).epsilon(1e-9));
        CHECK(v.training.unscale_down(v.proved) <= length * (1.0 + 1e-12));
        // a cutoff that is nearer ends it early, with a bound that is beyond it
        if (length > 1e-6)
            CHECK(v.solver.solve_afresh(sets, {.complete = true}, 0.5 * v.cell.norm()) == Outcome::too_far);
    }
}

TEST_CASE("cell solver: as many own-class points as may are nearer, whichever are at the moment") {
    for (unsigned seed = 0; seed < 60; ++seed) {
        VoteParts v(RandomProblem(seed, Coordinates::smooth, 30, 3, 2), 5);
        if (v.votes.empty()) continue;
        v.points.choose(v.kept(), rounding::infinity, v.witness.step());
        const std::size_t spare = seed % 4;
        const Id entering = v.points.candidates()[seed % v.points.candidates().size()];
        if (!v.solve({{entering}, {}, {}, {}}, {.spare = spare, .nearest_stay = true})) continue;
        std::size_t nearer = 0;
        for (const Id own : v.points.own()) nearer += v.cell.violates({entering, own});
        CAPTURE(seed);
        CHECK(nearer <= spare);
        CHECK(v.solver.farthest_entering() == entering);
    }
}

TEST_CASE("cell solver: pushed inside, a cell in which the vote is lost gives a witness hardly farther away") {
    std::size_t found = 0;
    for (unsigned seed = 0; seed < 60; ++seed) {
        VoteParts v(RandomProblem(seed, Coordinates::smooth, 9, 2, 2), 3);
        if (v.votes.empty()) continue;
        v.points.choose(v.kept(), rounding::infinity, v.witness.step());
        if (v.points.candidates().size() < 3 || v.points.own().size() < 2) continue;
        if (!v.solve(closed_cell(v, seed), {.complete = true}) || v.cell.norm() == 0.0) continue;
        const double norm = v.cell.norm();
        CAPTURE(seed);
        REQUIRE(v.solver.push_inside() == Pushed::nearer);
        ++found;
        CHECK(v.witness.scaled_length() >= norm * (1.0 - 1e-12));
        CHECK(v.witness.scaled_length() <= norm * (1.0 + 1e-8));
        CHECK(v.solver.push_inside() == Pushed::not_nearer);  // none that is nearer
    }
    CHECK(found > 20);
}

TEST_CASE("cell solver: a point enters after the equal points of smaller index") {
    // own 0 and 1, the latter equal to 2 and 3 of the other class
    RandomProblem p(1, Coordinates::grid, 5, 1, 2);
    p.points = {0.0, 1.0, 1.0, 1.0, -1.0};
    p.labels = {0, 0, 1, 1, 0};
    std::fill(p.queries.begin(), p.queries.end(), 0.0);
    VoteParts v(p, 3);
    v.points.choose(v.kept(), rounding::infinity, v.witness.step());
    const Id own = v.cell.points().find(1), first = v.cell.points().find(2), second = v.cell.points().find(3);
    const auto admits = [&](Decided::Sets sets, Decided::Rule rule) {
        v.decided.decide(std::move(sets), rule, v.cell.points().size());
        return v.solver.admit_equal_points();
    };
    CHECK(admits({{first}, {}, {}, {}}, {.spare = 1}));
    CHECK(v.decided.is(own, Decided::Mark::allowed));
    CHECK(v.decided.spare() == 0);
    CHECK_FALSE(admits({{first}, {}, {}, {}}, {.spare = 0}));
    CHECK_FALSE(admits({{first}, {}, {own}, {}}, {.spare = 1}));
    CHECK(admits({{second}, {own}, {}, {}}, {.spare = 0}));  // the first one may still enter
    CHECK_FALSE(admits({{second}, {own}, {}, {}}, {.spare = 0, .complete = true}));
    CHECK_FALSE(admits({{second}, {own}, {}, {first}}, {.spare = 0}));
    CHECK(admits({{first, second}, {own}, {}, {}}, {.spare = 0, .complete = true}));
}
