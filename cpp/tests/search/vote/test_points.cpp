#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "geometry/neighbors_reference.hpp"
#include "search/vote/vote_parts.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;
using tests::VoteParts;

namespace {

std::set<std::size_t> positions(const VoteParts& v, std::span<const CellPoints::Id> ids) {
    std::set<std::size_t> found;
    for (const CellPoints::Id id : ids) found.insert(v.cell.points().position(id));
    return found;
}

// Somewhere within reach of the query.
std::vector<double> moved(VoteParts& v, double reach) {
    std::vector<double> step(v.problem.d), point(v.problem.d);
    double squares = 0.0;
    for (double& x : step) {
        x = v.problem.uniform();
        squares += x * x;
    }
    const double share = reach * std::fabs(v.problem.uniform()) / std::sqrt(squares);
    for (std::size_t j = 0; j < step.size(); ++j) point[j] = v.z()[j] + share * step[j];
    return point;
}

// Those of the own class among the k nearest to the point, and those of other classes nearer than all own-class points
// but `kept`, take part.
void check_at(const VoteParts& v, const std::vector<double>& point) {
    const auto own = positions(v, v.points.own()), candidates = positions(v, v.points.candidates());
    const auto order = reference::nearest(v.problem.plain(), point.data(), v.training.size());
    std::size_t stayed = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const bool is_own = v.training.label(order[i]) == v.label;
        if (is_own && i < v.k) CHECK(own.contains(order[i]));
        if (!is_own && stayed <= v.kept()) CHECK(candidates.contains(order[i]));
        stayed += is_own;
    }
}

}  // namespace

TEST_CASE("vote points: whoever can matter within reach takes part, also once they are fewer") {
    for (unsigned seed = 0; seed < 60; ++seed) {
        const std::size_t d = 1 + seed % 4;
        VoteParts v(RandomProblem(seed, Coordinates::smooth, 40, d, 2 + static_cast<int>(seed % 3), seed % 2 ? d : 0),
                    2 + seed % 6);
        if (v.votes.empty() || v.certified == 0.0) continue;
        CAPTURE(seed);
        const double reach = v.training.unscale_up(v.certified) * (1.5 + seed % 3);
        v.points.choose(v.kept(), std::ldexp(reach, -v.training.exponent()), v.witness.step());
        CHECK(v.points.chosen());
        const auto before = positions(v, v.points.own());
        for (int i = 0; i < 20; ++i) check_at(v, moved(v, reach));
        const double nearer = 0.7 * std::ldexp(reach, -v.training.exponent());
        REQUIRE(v.points.outdated(nearer));
        v.points.narrow(nearer);
        CHECK_FALSE(v.points.outdated(nearer));
        const auto after = positions(v, v.points.own());
        CHECK(std::includes(before.begin(), before.end(), after.begin(), after.end()));
        for (int i = 0; i < 20; ++i) check_at(v, moved(v, 0.7 * reach));
    }
}

TEST_CASE("vote points: own-class points come first, candidates follow by their positions") {
    VoteParts v(RandomProblem(3, Coordinates::smooth, 60, 3, 3), 5);
    v.points.choose(v.kept(), std::ldexp(0.5, -v.training.exponent()), v.witness.step());
    const auto own = v.points.own(), candidates = v.points.candidates();
    CHECK((own.size() > 3 && candidates.size() > 3));
    CHECK(v.points.chosen_own() == own.size());
    for (std::size_t i = 0; i < own.size(); ++i) {
        CHECK(own[i] == i);
        CHECK(v.points.label(own[i]) == v.label);
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        CHECK(v.points.rank(candidates[i]) == i);
        CHECK(v.points.label(candidates[i]) != v.label);
        if (i > 0) CHECK(v.cell.points().position(candidates[i - 1]) < v.cell.points().position(candidates[i]));
    }
}

TEST_CASE("vote points: of a crowd few are held against every cell, the rest when it is taken in") {
    VoteParts v(RandomProblem(6, Coordinates::smooth, 900, 2, 2), 3);
    std::vector<double> step(2, 0.0);
    step[0] = 0.25;
    v.points.choose(v.kept(), rounding::infinity, step);
    const auto own = positions(v, v.points.own()), rest = positions(v, v.points.rest());
    CHECK(own.size() == v.points.chosen_own());
    CHECK(own.size() == v.kept() + 128);
    CHECK(own.size() + rest.size() == v.training.class_size(v.label));
    CHECK(v.points.rest().front() > v.points.candidates().back());
    // the nearest to the query and to the point the step leads to are among the few
    std::vector<double> place(v.z(), v.z() + 2);
    place[0] += step[0];
    for (const double* at : {v.z(), static_cast<const double*>(place.data())}) {
        std::size_t seen = 0;
        for (const std::size_t i : reference::nearest(v.problem.plain(), at, v.training.size()))
            if (v.training.label(i) == v.label && seen++ < 64) CHECK(own.contains(i));
    }
    const CellPoints::Id taken = v.points.rest().front();
    v.points.take_in(taken);
    CHECK(v.points.own().back() == taken);
    CHECK(v.points.rest().size() == rest.size() - 1);
    CHECK_FALSE(positions(v, v.points.rest()).contains(v.cell.points().position(taken)));
}

TEST_CASE("vote points: without a witness all take part") {
    VoteParts v(RandomProblem(4, Coordinates::grid, 30, 2, 3), 4);
    v.points.choose(v.kept(), rounding::infinity, v.witness.step());
    CHECK(v.points.own().size() + v.points.candidates().size() == v.training.size());
}

TEST_CASE("vote points: before any are chosen, the nearest of the own class") {
    VoteParts v(RandomProblem(5, Coordinates::smooth, 700, 2, 2), 3);
    v.points.use_near_own();
    CHECK_FALSE(v.points.chosen());
    CHECK(v.points.candidates().empty());
    const std::set<std::size_t> found = positions(v, v.points.own());
    REQUIRE((v.training.class_size(v.label) > 256 && found.size() == 256));
    std::set<std::size_t> nearest;
    for (const std::size_t i : reference::nearest(v.problem.plain(), v.z(), v.training.size()))
        if (v.training.label(i) == v.label && nearest.size() < 256) nearest.insert(i);
    CHECK(found == nearest);
}

TEST_CASE("ranked: the first ones, equal values by their ids") {
    std::vector<Ranked> ranked{{3.0, 1}, {1.0, 9}, {2.0, 4}, {1.0, 2}};
    keep_first(ranked, 3);
    REQUIRE(ranked.size() == 3);
    CHECK((ranked[0].id == 2 && ranked[1].id == 9 && ranked[2].id == 4));
    keep_first(ranked, 10);
    CHECK(ranked.size() == 3);
}
