#include <doctest/doctest.h>

#include "random_problem.hpp"
#include "search/vote/tree.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

namespace {

// A cell of six points, added in the order of their positions turned round, so that ids are no positions.
struct SixPoints {
    RandomProblem problem{1, Coordinates::smooth, 6, 2, 2};
    PreparedSet training = problem.prepared();
    QueryBlock block{training};
    CostSpace space{training.threat(), training.dimension()};
    VoteCell cell{training, space};
    Query query;

    SixPoints() {
        block.compute(problem.Z(), true);
        query = block.query(0);
        space.start(query.point, training.exponent());
        cell.start(query);
        for (std::size_t i = 6; i-- > 0;) cell.add_point(i);
    }
};

using Pair = CellPoints::Pair;

}  // namespace

TEST_CASE("vote tree: preorder, with multipliers where they prove the bound or tell what is left") {
    const SixPoints p;
    VoteTree tree;
    tree.start(true);
    const auto root = tree.add_root(), other_root = tree.add_root();
    const auto entering = tree.add(root, 3), second = tree.add(root, 4);
    const auto beaten = tree.add(entering, 0);
    const std::vector<Pair> one{{2, 5}}, two{{2, 5}, {1, 4}};
    tree.prove(root, 0.5, p.cell, one, std::vector<double>{1.0});
    tree.use_own(root, p.cell, 5);
    tree.split_own(entering);
    tree.prove(entering, 0.7, p.cell, one, std::vector<double>{2.0});
    tree.prove(beaten, 2.0, p.cell, two, std::vector<double>{3.0, 0.0});
    tree.prove(second, 1.0, p.cell, two, std::vector<double>{1.0, 4.0});
    tree.prove(other_root, 1.5, p.cell, one, std::vector<double>{1.0});

    const auto nodes = tree.preorder(1.0);
    REQUIRE(nodes.size() == 5);
    CHECK(nodes[0].point == -1);  // tells what is left by its multipliers and own-class points
    CHECK(nodes[0].children == 2);
    REQUIRE(nodes[0].pairs.size() == 1);
    CHECK(nodes[0].own == std::vector<std::size_t>{0});
    CHECK(nodes[1].point == 3);  // beats own-class points: its children are all there is
    CHECK(nodes[1].children == 1);
    CHECK(nodes[1].pairs.empty());
    CHECK(nodes[2].point == 0);
    CHECK(nodes[2].children == 0);
    REQUIRE(nodes[2].pairs.size() == 1);  // a multiplier of 0 proves nothing
    CHECK(nodes[2].pairs[0].multiplier == 3.0);
    CHECK(nodes[3].point == 4);
    CHECK(nodes[3].pairs.size() == 2);
    CHECK(nodes[4].point == -1);

    CHECK(tree.preorder(0.5).size() == 2);  // both roots are leaves
}

TEST_CASE("vote tree: better multipliers replace worse ones, an improved bound keeps them") {
    const SixPoints p;
    VoteTree tree;
    tree.start(true);
    const auto root = tree.add_root();
    const std::vector<Pair> pair{{0, 1}};
    tree.prove(root, 1.0, p.cell, pair, std::vector<double>{5.0});
    tree.prove(root, 0.9, p.cell, pair, std::vector<double>{6.0});
    CHECK(tree.preorder(1.0)[0].pairs[0].multiplier == 5.0);
    tree.prove(root, 1.1, p.cell, pair, std::vector<double>{7.0});
    tree.improve(root, 1.2);
    tree.improve(root, 0.1);
    const auto nodes = tree.preorder(1.2);
    CHECK(nodes[0].pairs[0].multiplier == 7.0);
    CHECK(nodes[0].children == 0);
}

TEST_CASE("vote tree: nothing is kept unless asked for, and no more than most_nodes beside the roots") {
    const SixPoints p;
    VoteTree tree;
    tree.start(false);
    CHECK(tree.add_root() == VoteTree::none);
    CHECK(tree.add(VoteTree::none, 1) == VoteTree::none);
    tree.prove(VoteTree::none, 1.0, p.cell, {}, {});
    CHECK(tree.preorder(0.0).empty());
    CHECK_FALSE(tree.full());
    tree.start(true);
    for (std::size_t i = 0; i < VoteTree::most_nodes + 1; ++i) tree.add_root();
    for (std::size_t i = 0; i < VoteTree::most_nodes; ++i) {
        REQUIRE_FALSE(tree.full());
        tree.add(0, 1);
    }
    CHECK(tree.full());
    tree.start(true);
    CHECK_FALSE(tree.full());
}
