// Solves the cell of what is decided: constraints are brought in as they are violated; a solution is pushed over its
// boundaries until the class changes. docs/vote_search.md.
#pragma once

#include <vector>

#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "search/vote/cell.hpp"
#include "search/vote/decided.hpp"
#include "search/vote/points.hpp"
#include "search/witness.hpp"

namespace robust_metric {

class CellSolver {
public:
    using Id = VoteCell::Id;
    using Pair = VoteCell::Pair;
    enum class Outcome { solved, contradiction, too_far, stopped };

    // all must outlive this object
    CellSolver(const PreparedSet& training, VoteCell& cell, const VotePoints& points, Decided& decided,
               Witness& witness)
        : training_(&training), cell_(&cell), points_(&points), decided_(&decided), witness_(&witness) {}

    void start(const Query& query) { query_ = &query; }

    // From what cell_ knows already. margin (a length) moves all boundaries inwards; given up once the norm is beyond
    // cutoff.
    Outcome solve(double margin, double cutoff);
    // The cell of these decisions, from nothing; they stay decided.
    Outcome solve_afresh(Decided::Sets sets, Decided::Rule rule, double cutoff);
    // Decides what equal points leave no choice about; false where that contradicts what is decided.
    bool admit_equal_points();
    // A witness from the cell that was solved; false where there is none that is nearer than the one known.
    bool push_inside();

    // Of the points that enter, the farthest from the solution.
    Id farthest_entering() const;

private:
    bool find_violated(double margin, Pair& worst);
    Ranked nearest_unspared();

    const PreparedSet* training_;
    VoteCell* cell_;
    const VotePoints* points_;
    Decided* decided_;
    Witness* witness_;
    const Query* query_ = nullptr;
    std::vector<Ranked> near_own_;
    std::vector<double> step_;
};

}  // namespace robust_metric
