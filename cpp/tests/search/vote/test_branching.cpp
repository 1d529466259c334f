#include <doctest/doctest.h>

#include <algorithm>

#include "search/vote/search_reference.hpp"
#include "search/vote/vote_parts.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;
using tests::VoteParts;
using Id = CellPoints::Id;

namespace {

constexpr double infinity = rounding::infinity;

// A node of what is decided, solved and proved.
VoteNode branched(VoteParts& v, const Decided::Sets& sets, const VoteLoss& loss, double upper) {
    const Decided::Rule rule{.spare = loss.kept - sets.allowed.size(),
                             .complete = sets.entering.size() == loss.entering};
    REQUIRE(v.solve(sets, rule));
    VoteNode node{};
    node.next = VoteNode::Next::closed;
    node.bound = v.proved;
    node.candidates = v.nodes.store(v.points.candidates());
    v.nodes.store_pairs(node, v.pairs, v.multipliers);
    v.branching.branch(node, loss, upper);
    v.nodes.store_decided(node, v.decided.sets());
    return node;
}

// The least number such that the choices from `position` on with bounds up to it are enough.
double slow_rest(const VoteParts& v, const VoteNode& node, const VoteLoss& loss) {
    const VoteNeeds needs = needs_of(loss, 0, 0);
    double least = infinity;
    for (std::uint32_t last = 0; last < node.choices.count; ++last) {
        const double bound = v.nodes.choice_bound(node, last);
        std::size_t rivals = 0, others = 0;
        for (std::uint32_t i = node.position; i < node.choices.count; ++i)
            if (v.nodes.choice_bound(node, i) <= bound)
                ++(v.points.label(v.nodes.choice(node, i)) == loss.rival ? rivals : others);
        if (rivals + others >= needs.total && rivals >= needs.rival && others >= needs.others)
            least = std::min(least, bound);
    }
    return least;
}

}  // namespace

TEST_CASE("branching: roots bound the minimal perturbation by their choices, which come in order") {
    for (unsigned seed = 0; seed < 60; ++seed) {
        VoteParts v(RandomProblem(seed, Coordinates::smooth, 9, 2, 2 + static_cast<int>(seed % 3)), 2 + seed % 4);
        if (v.votes.empty()) continue;
        v.choose_points(infinity);
        double least = infinity;
        for (const VoteLoss& loss : list_losses(v.votes)) {
            VoteNode node = branched(v, {}, loss, infinity);
            CHECK(node.next == VoteNode::Next::enter);
            for (std::uint32_t i = 1; i < node.choices.count; ++i)
                if (i != node.branching) CHECK(v.nodes.choice_bound(node, i - 1) <= v.nodes.choice_bound(node, i));
            least = std::min(least, node.bound);
            CHECK(node.bound == slow_rest(v, node, loss));
            double before = node.bound;
            for (; node.position < node.branching; ++node.position) {
                const double rest = v.branching.rest_bound(node, loss);
                CHECK(rest == slow_rest(v, node, loss));
                CHECK(rest >= before);
                before = rest;
            }
        }
        const auto exact = reference::minimal_perturbation(v.problem.plain(), v.z(), v.label, v.k);
        CAPTURE(seed);
        CHECK(v.training.unscale_down(least) <= exact * (1 + 1e-12L));
    }
}

TEST_CASE("branching: own-class points, one more than may stay, the most expensive first") {
    std::size_t seen = 0;
    for (unsigned seed = 0; seed < 60; ++seed) {
        VoteParts v(RandomProblem(seed, Coordinates::smooth, 60, 3, 2), 5);
        if (v.votes.empty()) continue;
        v.choose_points(infinity);
        const VoteLoss loss = list_losses(v.votes).front();
        const VoteNode node = branched(v, {{v.points.candidates()[seed % 5]}, {}, {}, {}}, loss, infinity);
        if (node.next != VoteNode::Next::own) continue;
        ++seen;
        REQUIRE(node.choices.count == loss.kept + 1);
        for (std::uint32_t i = 0; i < node.choices.count; ++i) {
            CHECK(v.points.label(v.nodes.choice(node, i)) == v.label);
            if (i > 0) CHECK(v.nodes.choice_bound(node, i - 1) >= v.nodes.choice_bound(node, i));
        }
        CHECK(node.bound >= v.nodes.choice_bound(node, loss.kept));
    }
    CHECK(seen > 20);
}

TEST_CASE("branching: a node is closed once all have entered and no more stay than may") {
    for (unsigned seed = 0; seed < 40; ++seed) {
        VoteParts v(RandomProblem(seed, Coordinates::smooth, 30, 2, 2), 3);
        if (v.votes.empty() || v.points.chosen()) continue;
        v.choose_points(infinity);
        const VoteLoss loss{1 - v.label, 1, 2, 2, 2};
        const auto candidates = v.points.candidates();
        for (std::size_t i = 0; i + 1 < candidates.size(); ++i) {
            if (!v.solve({{candidates[i], candidates[i + 1]}, {}, {}, {}}, {.spare = 1, .complete = true})) continue;
            const VoteNode node = branched(v, {{candidates[i], candidates[i + 1]}, {}, {}, {}}, loss, infinity);
            std::size_t nearer = 0;
            const Id last = v.solver.farthest_entering();
            for (const Id own : v.points.own()) nearer += v.cell.violates({last, own});
            CHECK((node.next == VoteNode::Next::closed) == (nearer <= 1));
        }
    }
}
