// Solves the cell of what is decided: constraints are brought in as they are violated; a solution is pushed over its
// boundaries until the class changes. docs/vote_search.md.
#pragma once

#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/pair_gap.hpp"
#include "search/vote/cell.hpp"
#include "search/vote/decided.hpp"
#include "search/vote/points.hpp"
#include "search/witness.hpp"

namespace robust_metric {

class CellSolver {
public:
    using Id = CellPoints::Id;
    using Pair = CellPoints::Pair;
    enum class Outcome { solved, contradiction, too_far, stopped };
    // Which boundaries a margin moves inwards: all, or only those at which a tie goes to the point that is beaten.
    enum class Margins { all, strict };
    // Of a push: a nearer witness, none that is nearer, the class stays, or it does as no point is inside all
    // boundaries that a tie does not satisfy.
    enum class Pushed { nearer, not_nearer, unchanged, contradiction };

    // all must outlive this object
    CellSolver(const PreparedSet& training, VoteCell& cell, VotePoints& points, Decided& decided, Witness& witness,
               const Deadline& deadline);

    void start(const Query& query) { query_ = &query; }

    // From what cell_ knows already. margin (a length) moves boundaries inwards; given up once the norm is beyond
    // cutoff.
    Outcome solve(double margin, double cutoff, Margins margins = Margins::all);
    // The same among the own-class points of points_->own(): the solution of a cell that contains this one.
    Outcome solve_among_own(double margin, double cutoff, Margins margins = Margins::all);
    // Takes those of the rest into own() that are as near to what was solved last as what enters, up to rounding, the
    // nearest first; false where there are none.
    bool take_in_rest();
    // The cell of these decisions, from nothing; they stay decided.
    Outcome solve_afresh(Decided::Sets sets, Decided::Rule rule, double cutoff);
    // Decides what equal points leave no choice about; false where that contradicts what is decided.
    bool admit_equal_points();
    // A witness from the cell that was solved.
    Pushed push_inside();

    // A witness among the numbers with few digits, and the floats, next to what was solved last: of a cell that may be
    // a single point, which the solver takes for none. True where there is one.
    bool try_around();

    // A witness from the cell that was solved, as far inside as it takes, however far it is.
    void push_far();

    // What was solved last, in the caller's units; until the next of these calls.
    std::span<const double> solution();
    // Of the points that enter, the farthest from the solution.
    Id farthest_entering() const;

private:
    bool find_violated(double margin, Pair& worst);
    bool find_violated_by_others(Id beaten, double margin, Pair& worst);
    bool find_violated_strictly(double margin, Pair& worst);
    template <class Visit>
    void for_each_beaten(Visit visit);
    double unit_of_push() const;
    Pushed push(double unit);
    Pushed push_strictly(double unit);
    bool strict(Pair pair) const;
    std::span<const double> tied_solution(bool straight);
    void move_to_tie(Pair pair, bool straight, std::span<double> point);
    Ranked nearest_unspared();

    const PreparedSet* training_;
    VoteCell* cell_;
    VotePoints* points_;
    Decided* decided_;
    Witness* witness_;
    const Deadline* deadline_;
    const Query* query_ = nullptr;
    PairGap gap_;
    std::vector<std::size_t> free_;  // features that are not frozen
    std::vector<Ranked> near_own_;
    std::vector<double> step_, values_;
};

}  // namespace robust_metric
