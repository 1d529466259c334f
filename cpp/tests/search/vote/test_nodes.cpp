#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "base/rounding.hpp"
#include "search/vote/nodes.hpp"

using namespace robust_metric;
using Pair = CellPoints::Pair;

TEST_CASE("nodes: the open ones come by their bounds, equal ones in the order in which they were made") {
    std::mt19937 random(1);
    VoteNodes nodes;
    std::vector<std::pair<double, VoteNodes::Index>> expected;
    for (int i = 0; i < 200; ++i) {
        VoteNode node{};
        node.bound = random() % 20;
        const VoteNodes::Index index = nodes.add(node);
        CHECK(index == static_cast<VoteNodes::Index>(i));
        if (random() % 4 == 0) continue;  // some are never opened
        nodes.open(index);
        expected.emplace_back(node.bound, index);
    }
    std::sort(expected.begin(), expected.end());
    for (const auto& [bound, index] : expected) {
        REQUIRE(nodes.any_open());
        CHECK(nodes.least_bound() == bound);
        CHECK(nodes.take_best() == index);
    }
    CHECK_FALSE(nodes.any_open());
    CHECK(nodes.least_bound() == rounding::infinity);
}

TEST_CASE("nodes: a node opened again with a larger bound waits for its turn") {
    VoteNodes nodes;
    for (const double bound : {1.0, 2.0, 3.0}) {
        VoteNode node{};
        node.bound = bound;
        nodes.open(nodes.add(node));
    }
    const VoteNodes::Index first = nodes.take_best();
    nodes[first].bound = 2.5;
    nodes.open(first);
    CHECK(nodes.take_best() == 1);
    CHECK(nodes.take_best() == 0);
    CHECK(nodes.take_best() == 2);
}

TEST_CASE("nodes: what they refer to comes back as it was stored") {
    VoteNodes nodes;
    const IdSlice candidates = nodes.store(std::vector<VoteNodes::Id>{7, 8, 9});
    const Decided::Sets sets{{1, 2}, {3}, {}, {4, 5, 6}};
    VoteNode node{};
    node.candidates = candidates;
    nodes.store_pairs(node, std::vector<Pair>{{1, 3}, {2, 3}}, std::vector<double>{0.5, 1.5});
    nodes.store_choices(node, std::vector<Ranked>{{10.0, 8}, {20.0, 9}, {30.0, 7}});
    nodes.store_decided(node, sets);
    const VoteNodes::Index first = nodes.add(node);
    VoteNode other{};  // what comes later does not disturb it
    nodes.store_pairs(other, std::vector<Pair>{{9, 9}}, std::vector<double>{9.0});
    nodes.store_choices(other, std::vector<Ranked>{});
    nodes.store_decided(other, {});
    nodes.add(other);

    const VoteNode& found = nodes[first];
    const Decided::Sets decided = nodes.decided(found);
    CHECK(decided.entering == sets.entering);
    CHECK(decided.allowed == sets.allowed);
    CHECK(decided.beaten.empty());
    CHECK(decided.excluded == sets.excluded);
    REQUIRE(nodes.pair_count(found) == 2);
    CHECK(nodes.pair(found, 1).entering == 2);
    CHECK(nodes.pair(found, 1).beaten == 3);
    CHECK(nodes.multipliers(found)[0] == 0.5);
    CHECK(nodes.multipliers(found).size() == 2);
    CHECK(nodes.choice(found, 2) == 7);
    CHECK(nodes.choice_bound(found, 2) == 30.0);
    CHECK(nodes.ids(found.candidates)[1] == 8);
    const auto later = nodes.ids(found.choices.after(0));
    CHECK(std::vector<VoteNodes::Id>(later.begin(), later.end()) == std::vector<VoteNodes::Id>{9, 7});
    CHECK(nodes.ids(found.choices.after(2)).empty());
}

TEST_CASE("nodes: the bytes they take grow with all that they refer to, and are given back") {
    VoteNodes nodes;
    CHECK(nodes.stored() == 0);
    VoteNode node{};
    nodes.add(node);
    CHECK(nodes.stored() == sizeof(VoteNode));
    nodes.store_pairs(node, std::vector<Pair>{{1, 2}}, std::vector<double>{1.0});
    CHECK(nodes.stored() == sizeof(VoteNode) + 2 * sizeof(VoteNodes::Id) + sizeof(double));
    nodes.clear();
    CHECK(nodes.stored() == 0);
    CHECK_FALSE(nodes.any_open());
}
