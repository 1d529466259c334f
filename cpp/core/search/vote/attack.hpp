// Witnesses before the search begins, and better ones from those it finds: docs/vote_search.md, "Witnesses".
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "certify/halfspace_bounds.hpp"
#include "certify/losing_votes.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "search/vote/cell.hpp"
#include "search/vote/decided.hpp"
#include "search/vote/points.hpp"
#include "search/vote/solver.hpp"
#include "search/witness.hpp"

namespace robust_metric {

class VoteAttack {
public:
    using Id = CellPoints::Id;
    using Pair = CellPoints::Pair;

    // all must outlive this object
    VoteAttack(const PreparedSet& training, HalfspaceBounds& bounds, Witness& witness, VoteCell& cell,
               VotePoints& points, Decided& decided, CellSolver& solver, const Deadline& deadline)
        : training_(&training),
          bounds_(&bounds),
          witness_(&witness),
          cell_(&cell),
          points_(&points),
          decided_(&decided),
          solver_(&solver),
          deadline_(&deadline) {}

    // certified: a lower bound that is known (scaled)
    void start(const Query& query, int label, double certified);

    // A first witness: the points with the smallest bounds enter, or, where that leaves much above the certified
    // bound, points of one class that are near each other; the own-class points nearest at the moment stay. Past the
    // deadline a few training points are tried, which costs a prediction each.
    void find_first(const LosingVote& vote);
    bool has_good_start() const;

    // From the cell that the last point tried lies in: its nearest point is near a better witness, and so on.
    void improve();
    // Exchanges single points of the cell that the witness lies in, as long as that helps.
    void exchange();

    // Brings the witness as near to the solution of its cell as floats are dense.
    void tighten();
    // Instead of the witness known one near it that keeps its class when it is rounded.
    void survive(const WitnessRounding& to);

private:
    bool choose_entering(const LosingVote& vote, std::vector<std::size_t>& seen, std::vector<std::size_t>& positions);
    bool gather(const LosingVote& vote, std::size_t seed, std::vector<std::size_t>& positions);
    void try_seeds(const LosingVote& vote, std::span<const std::size_t> seen);
    void try_cell(std::span<const std::size_t> entering, std::size_t kept);
    void bisect_segments();
    bool try_share(std::size_t position, double share);
    bool bisect_to(std::size_t position);
    Id id_of(std::size_t position);
    bool nearest_cell(Decided::Sets& sets);
    bool improve_in_cell(const Decided::Sets& sets, double share);
    bool exchange_one(const Decided::Sets& from);
    bool exchange_pair(const Decided::Sets& from, Pair pair, std::span<const Ranked> others);
    void try_witness_again();

    const PreparedSet* training_;
    HalfspaceBounds* bounds_;
    Witness* witness_;
    VoteCell* cell_;
    VotePoints* points_;
    Decided* decided_;
    CellSolver* solver_;
    const Deadline* deadline_;
    const Query* query_ = nullptr;
    int label_ = 0;
    double certified_ = 0.0;
    Embedding embedding_;
    std::vector<double> step_, stored_;
};

}  // namespace robust_metric
