// Which decision a node takes next, and the bounds of its children: docs/vote_search.md, "Branch and bound".
#pragma once

#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "search/vote/bounds.hpp"
#include "search/vote/cell.hpp"
#include "search/vote/decided.hpp"
#include "search/vote/losses.hpp"
#include "search/vote/nodes.hpp"
#include "search/vote/points.hpp"
#include "search/vote/solver.hpp"
#include "search/vote/tree.hpp"

namespace robust_metric {

class VoteBranching {
public:
    using Id = CellPoints::Id;

    // all must outlive this object
    VoteBranching(VoteCell& cell, const VotePoints& points, const Decided& decided, const CellSolver& solver,
                  VoteBounds& bounds, VoteNodes& nodes, VoteTree& tree, const Deadline& deadline)
        : cell_(&cell),
          points_(&points),
          decided_(&decided),
          solver_(&solver),
          bounds_(&bounds),
          nodes_(&nodes),
          tree_(&tree),
          deadline_(&deadline) {}

    // Chooses the next decision of the node that is decided, solved and proved, whose pairs are stored: its choices,
    // their bounds, and what these say of its own bound. It stays closed where nothing is left to decide. upper: norm
    // of the witness known. False, and no decision, where the deadline passed.
    bool branch(VoteNode& node, const VoteLoss& loss, double upper);

    // The same for a closed node whose witness failed: own-class points that are as near as what enters, up to
    // rounding, are decided like those that are nearer, where they are together more than may stay.
    void branch_on_ties(VoteNode& node);

    // Lower bound of what is left of the choices of a node that branches on entering points.
    double rest_bound(const VoteNode& node, const VoteLoss& loss) const {
        return rest_bound(node, loss, needs(loss, nodes_->ids(node.entering)));
    }

private:
    bool rank_beaten(bool ties = false);
    bool own_first(const VoteNode& node, double upper) const;
    void branch_on_own(VoteNode& node);
    void keep_own_children(const VoteNode& node);
    bool branch_on_entering(VoteNode& node, const VoteLoss& loss, double upper);
    bool rank_entering(const VoteNode& node, const VoteLoss& loss, const VoteNeeds& needs, double upper);
    void list_entering(VoteNode& node, const VoteLoss& loss, const VoteNeeds& needs);
    double rest_bound(const VoteNode& node, const VoteLoss& loss, const VoteNeeds& needs) const;
    VoteNeeds needs(const VoteLoss& loss, std::span<const Id> entering) const;
    bool is_rival(Id id, const VoteLoss& loss) const { return points_->label(id) == loss.rival; }

    VoteCell* cell_;
    const VotePoints* points_;
    const Decided* decided_;
    const CellSolver* solver_;
    VoteBounds* bounds_;
    VoteNodes* nodes_;
    VoteTree* tree_;
    const Deadline* deadline_;
    std::vector<Ranked> ranked_;
};

}  // namespace robust_metric
