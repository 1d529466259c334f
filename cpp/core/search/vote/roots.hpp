// The roots of a vote search, one for each loss. There are as many as classes, times the votes that may be kept, and
// few of them matter: so each waits with a bound of what it takes for enough points to enter, from one pass over the
// candidates for all losses that keep as many votes, and is made into a node only when no bound is smaller.
// docs/vote_search.md, "Roots".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "search/vote/bounds.hpp"
#include "search/vote/cell.hpp"
#include "search/vote/decided.hpp"
#include "search/vote/losses.hpp"
#include "search/vote/points.hpp"
#include "search/vote/tree.hpp"

namespace robust_metric {

class VoteRoots {
public:
    using Id = CellPoints::Id;
    struct Root {
        double bound;
        std::uint32_t loss;
        VoteTree::Index record;
    };

    // all must outlive this object
    VoteRoots(const PreparedSet& training, VoteCell& cell, const VotePoints& points, Decided& decided,
              VoteBounds& bounds, VoteTree& tree, const Deadline& deadline)
        : training_(&training),
          cell_(&cell),
          points_(&points),
          decided_(&decided),
          bounds_(&bounds),
          tree_(&tree),
          deadline_(&deadline) {}

    // Starts a query whose points were chosen. losses: as list_losses lists them; they must stay in place.
    void start(std::span<const VoteLoss> losses);

    // A lower bound of all losses that were not taken; infinite once there are none.
    double least_bound() const;
    // The next step for the loss of that bound: it is taken, or, where nothing comes back, its bound was looked at more
    // closely, or the deadline passed. upper: norm of the witness known; roots that are no nearer are dropped.
    std::optional<Root> take(double upper);

    // Once the search is over: names, in the tree, the own-class points that bound the losses not looked at.
    void name_own_of_rest();

private:
    void look_at_next(double upper);
    bool rank_candidates(std::size_t kept, double upper);
    void sort_by_class();
    double bound_of(const VoteLoss& loss) const;
    double value(std::size_t rank) const;

    const PreparedSet* training_;
    VoteCell* cell_;
    const VotePoints* points_;
    Decided* decided_;
    VoteBounds* bounds_;
    VoteTree* tree_;
    const Deadline* deadline_;
    std::span<const VoteLoss> losses_;
    std::vector<VoteTree::Index> records_;  // of each loss
    std::vector<Root> waiting_;             // a heap
    std::size_t next_ = 0;                  // the first loss that was not looked at: it and all that keep fewer votes
    double next_bound_ = 0.0;               // of these
    std::vector<Ranked> ranked_;            // candidates in the order of their bounds, where so many votes are kept
    std::vector<std::size_t> class_begin_, class_ranks_;  // places in ranked_ by class, in order
    std::vector<Id> own_;                                 // by which they were bounded
};

}  // namespace robust_metric
