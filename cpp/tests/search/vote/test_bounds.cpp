#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "project/active_set_reference.hpp"
#include "search/vote/vote_parts.hpp"

using namespace robust_metric;
using reference::Real;
using tests::Coordinates;
using tests::RandomProblem;
using tests::VoteParts;
using Id = CellPoints::Id;

namespace {

constexpr double infinity = rounding::infinity;

// How far the query must move for these points to beat all own-class points but `kept` (the same ones), and what must
// be beaten in any case.
Real distance_to_enter(const VoteParts& v, const std::vector<Id>& entering, std::size_t kept,
                       const std::vector<Id>& beaten = {}) {
    const auto own = v.points.own();
    std::vector<bool> stays(own.size(), false);
    std::fill(stays.end() - static_cast<std::ptrdiff_t>(std::min(kept, own.size())), stays.end(), true);
    Real least = std::numeric_limits<Real>::infinity();
    do {
        VoteParts::HalfSpaces all;
        bool possible = true;
        for (std::size_t i = 0; i < own.size(); ++i) {
            const bool must = std::find(beaten.begin(), beaten.end(), own[i]) != beaten.end();
            possible = possible && !(must && stays[i]);
            if (!stays[i])
                for (const Id e : entering)
                    v.add_half_space(all, v.cell.points().position(e), v.cell.points().position(own[i]));
        }
        if (!possible) continue;
        if (all.normals.empty()) return 0;
        if (const auto nearest = reference::project(all.normals, all.offsets))
            least = std::min(least, reference::norm(*nearest));
    } while (std::next_permutation(stays.begin(), stays.end()));
    return least;
}

// Small enough for the reference; points chosen without a limit.
struct Small : VoteParts {
    explicit Small(unsigned seed, std::size_t neighbors = 3)
        : VoteParts(RandomProblem(seed, Coordinates::smooth, 10, 2, 2 + static_cast<int>(seed % 2)), neighbors) {
        if (!votes.empty()) choose_points(infinity);
    }
    bool usable() const { return !votes.empty() && points.own().size() > kept() + 1 && points.candidates().size() > 1; }
    double unscaled(double bound) const { return training.unscale_down(bound); }
};

}  // namespace

TEST_CASE("vote bounds: at a root below the distance to enter, and not below the pair bounds") {
    for (unsigned seed = 0; seed < 40; ++seed) {
        Small v(seed);
        if (!v.usable()) continue;
        REQUIRE(v.solve({}, {.spare = v.kept()}));
        v.vote_bounds.choose_own(seed % 2);
        CHECK(v.vote_bounds.free_own().size() == v.points.own().size());
        for (const Id x : v.points.candidates()) {
            const double bound = v.unscaled(v.vote_bounds.entering(x, infinity));
            CAPTURE(seed);
            CHECK(bound <= distance_to_enter(v, {x}, v.kept()) * (1 + 1e-12L));
            std::vector<double> pairs;
            for (const Id own : v.points.own())
                pairs.push_back(
                    v.cell.proof().prove_with({x, own}, 0.0, 0.0, v.cell.points().pair_length({x, own})).bound);
            std::sort(pairs.begin(), pairs.end(), std::greater<>());
            CHECK(bound >= v.unscaled(pairs[v.kept()]) * (1 - 1e-12));
            CHECK(v.unscaled(v.vote_bounds.entering(x, infinity)) == bound);  // kept, and the same
        }
    }
}

TEST_CASE(
    "vote bounds: beside a point that has entered below the distance for both, own-class points to be beaten "
    "included") {
    for (unsigned seed = 0; seed < 40; ++seed) {
        Small v(seed);
        if (!v.usable()) continue;
        const Id e = v.points.candidates()[0];
        std::vector<Id> beaten;
        if (seed % 2) beaten.push_back(v.points.own()[seed % v.points.own().size()]);
        if (!v.solve({{e}, {}, beaten, {}}, {.spare = v.kept()})) continue;
        v.vote_bounds.choose_own(seed % 3 == 0);
        for (const Id x : v.points.candidates()) {
            if (x == e) continue;
            CAPTURE(seed);
            const Real exact = distance_to_enter(v, {e, x}, v.kept(), beaten);
            const double bound = v.vote_bounds.entering(x, infinity);
            CHECK(v.unscaled(bound) <= exact * (1 + 1e-12L));
            // what is known to be out of reach need not be computed, but stays out of it
            if (bound > 0.0) CHECK(v.vote_bounds.entering(x, 0.5 * bound) >= 0.5 * bound);
        }
        v.vote_bounds.prepare_beaten();
        for (const Id own : v.points.own()) {
            std::vector<Id> more = beaten;
            more.push_back(own);
            const auto found = v.vote_bounds.beaten(own);
            CHECK(found.pair.beaten == own);
            CHECK(v.unscaled(found.raised.bound) <= distance_to_enter(v, {e}, v.kept(), more) * (1 + 1e-12L));
        }
    }
}

TEST_CASE("vote bounds: company raises them, to no more than the distance for both") {
    std::size_t raised = 0;
    for (unsigned seed = 0; seed < 40; ++seed) {
        Small v(seed);
        if (!v.usable()) continue;
        REQUIRE(v.solve({}, {.spare = v.kept()}));
        v.vote_bounds.choose_own(false);
        std::vector<Ranked> ranked;
        for (const Id x : v.points.candidates()) ranked.push_back({v.vote_bounds.entering(x, infinity), x});
        const std::vector<Ranked> before = ranked;
        const int rival = v.points.label(v.points.candidates()[0]);
        const bool by_rival = seed % 2;  // the second one, or any of the two, of the rival's class
        v.vote_bounds.raise_by_company(ranked, {rival, v.kept(), 2, by_rival ? 2u : 0u, 2},
                                       {2, by_rival ? 2u : 0u, 0, 2, 2}, infinity);
        for (const Ranked& x : ranked) {
            const auto was = std::find_if(before.begin(), before.end(), [&](const Ranked& y) { return y.id == x.id; });
            CHECK(x.value >= was->value);
            raised += x.value > was->value;
            Real exact = std::numeric_limits<Real>::infinity();
            for (const Id y : v.points.candidates()) {
                const bool rivals = v.points.label(x.id) == rival && v.points.label(y) == rival;
                if (y != x.id && (!by_rival || rivals))
                    exact = std::min(exact, distance_to_enter(v, {x.id, y}, v.kept()));
            }
            CAPTURE(seed);
            CHECK(v.unscaled(x.value) <= exact * (1 + 1e-7L));  // float32 in between
        }
        CHECK((by_rival || ranked.size() == before.size()));
    }
    CHECK(raised > 20);
}

TEST_CASE("vote bounds: lengths of pairs are those of the cell") {
    VoteParts v(RandomProblem(2, Coordinates::smooth, 50, 3, 2), 5);
    v.choose_points(infinity);
    for (int again = 0; again < 2; ++again)
        for (const Id x : v.points.candidates())
            for (const Id own : v.points.own())
                CHECK(v.vote_bounds.pair_length(x, own) == v.cell.points().pair_length({x, own}));
}
