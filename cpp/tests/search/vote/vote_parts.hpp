// The parts of a vote search over a random problem, each for the tests of one of them, put together as VoteSearch does.
#pragma once

#include <cmath>
#include <vector>

#include "certify/halfspace_bounds.hpp"
#include "certify/losing_votes.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/neighbors.hpp"
#include "random_problem.hpp"
#include "search/vote/attack.hpp"
#include "search/vote/bounds.hpp"
#include "search/vote/branching.hpp"
#include "search/vote/cell.hpp"
#include "search/vote/decided.hpp"
#include "search/vote/losses.hpp"
#include "search/vote/nodes.hpp"
#include "search/vote/points.hpp"
#include "search/vote/roots.hpp"
#include "search/vote/solver.hpp"
#include "search/vote/tree.hpp"
#include "search/witness.hpp"

namespace robust_metric::tests {

struct VoteParts {
    RandomProblem problem;
    std::size_t k;
    PreparedSet training{problem.prepared()};
    QueryBlock block{training};
    Query query;
    int label = 0;
    HalfspaceBounds bounds{training};
    Witness witness{training, bounds.refined_bounds().space()};
    VoteCell cell{training, bounds.refined_bounds().space()};
    Deadline deadline{rounding::infinity};
    VotePoints points{training, bounds, cell, deadline};
    Decided decided;
    CellSolver solver{training, cell, points, decided, witness, deadline};
    VoteAttack attack{training, bounds, witness, cell, points, decided, solver, deadline};
    VoteBounds vote_bounds{training, cell, points, decided, deadline};
    VoteNodes nodes;
    VoteTree tree;
    VoteBranching branching{cell, points, decided, solver, vote_bounds, nodes, tree, deadline};
    VoteRoots roots{training, cell, points, decided, vote_bounds, tree, deadline};
    double certified = 0.0;
    std::vector<LosingVote> votes;

    VoteParts(const RandomProblem& random, std::size_t neighbors, std::size_t row = 0) : problem(random), k(neighbors) {
        block.compute(problem.Z(), true);
        query = block.query(row);
        NeighborSearch search(training);
        label = search.vote(search.nearest(query, k, false));
        votes = losing_votes(training, label, k);
        certified = bounds.radius(query, label, k);
        witness.start(query, label, k);
        points.start(query, label, k);
        solver.start(query);
        attack.start(query, label, certified);
        tree.start(false);
    }
    VoteParts(const VoteParts&) = delete;

    // own-class points that may stay at most
    std::size_t kept() const { return votes.front().kept; }
    void choose_points(double reach) {
        points.choose(kept(), reach, witness.step());
        vote_bounds.start(kept(), bounds.near_own().size());
    }
    // Decides, solves and proves this, from nothing; false where it has no solution.
    bool solve(Decided::Sets sets, Decided::Rule rule) {
        if (solver.solve_afresh(std::move(sets), rule, rounding::infinity) != CellSolver::Outcome::solved) return false;
        cell.active(pairs, multipliers);
        proved = cell.proof().prove(pairs, multipliers);
        return true;
    }
    std::vector<CellPoints::Pair> pairs;
    std::vector<double> multipliers;
    double proved = 0.0;

    const double* z() const { return query.point; }
    // Half-spaces {δ : e at least as near as x} in the reference's arithmetic, unscaled.
    struct HalfSpaces {
        std::vector<reference::Vector> normals;
        reference::Vector offsets;
    };
    void add_half_space(HalfSpaces& to, std::size_t e, std::size_t x) const {
        const auto data = problem.plain();
        to.normals.push_back(
            reference::twice_mapped(data, reference::difference(data.points.row(e), data.points.row(x), problem.d)));
        to.offsets.push_back((reference::squared_distance(data, z(), e) - reference::squared_distance(data, z(), x)) /
                             2);
    }
};

}  // namespace robust_metric::tests
