// Lower bounds of the perturbations of a node's cell that let a further point enter, or beat a further own-class
// point. Derivations: docs/vote_search.md, "Bounds".
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "data/prepared_set.hpp"
#include "search/vote/cell.hpp"
#include "search/vote/decided.hpp"
#include "search/vote/joint.hpp"
#include "search/vote/losses.hpp"
#include "search/vote/points.hpp"

namespace robust_metric {

class VoteBounds {
public:
    using Id = CellPoints::Id;

    // All must outlive this object. Bounds speak of what cell has proved last, of the node that is decided.
    VoteBounds(const PreparedSet& training, VoteCell& cell, const VotePoints& points, const Decided& decided,
               const Deadline& deadline)
        : training_(&training),
          cell_(&cell),
          points_(&points),
          decided_(&decided),
          deadline_(&deadline),
          joint_(cell, deadline) {}

    // Once points have been chosen. kept: how many own-class points may stay at most; root_own: own-class points by
    // which roots bound at least, beside those that may stay and a few more.
    void start(std::size_t kept, std::size_t root_own);

    // Which own-class points the functions below bound by: those nearest to the solution, and all that are beaten.
    // many: whether many entering points will be asked about.
    void choose_own(bool many);
    std::span<const Ranked> free_own() const { return std::span(near_own_).first(free_own_); }
    // own-class points by which points are bounded together
    std::span<const Id> joint_own() const { return joint_.own(); }

    // Of the perturbations that let candidate x enter. No less than `upper` is as good as infinite.
    double entering(Id x, double upper);
    // Raises the bounds in `ranked`, of all that may enter: whoever enters does so with all others that are missing,
    // the least expensive ones at best. Drops those that this keeps out. False where the deadline passed on the way;
    // the bounds hold then as well.
    bool raise_by_company(std::vector<Ranked>& ranked, const VoteLoss& loss, const VoteNeeds& needs, double upper);

    // Of those at which all that enter beat this own-class point, by that pair of them which shows it best.
    struct Beaten {
        CellPoints::Pair pair;
        CellProof::Raised raised;
    };
    // looks where the entering points lie, before `beaten` is asked about one own-class point after the other
    void prepare_beaten();
    Beaten beaten(Id own);

    // upper bound of the dual norm of M(x - own)
    double pair_length(Id x, Id own);

private:
    double together(Id x);
    void use_root_bounds(std::size_t spare);
    double at_root(Id x, double upper);
    double alone(Id x, double upper);
    double with_company(Id x, std::span<const Ranked> ranked, const VoteLoss& loss, const VoteNeeds& needs,
                        double upper);
    std::vector<Id> nearest_to_query(std::size_t count) const;

    const PreparedSet* training_;
    VoteCell* cell_;
    const VotePoints* points_;
    const Decided* decided_;
    const Deadline* deadline_;
    JointBounds joint_;
    std::size_t root_own_ = 0;
    std::vector<Ranked> near_own_;  // by what cell_ says along the proved direction
    std::size_t free_own_ = 0;      // the first of them, which are not beaten
    std::vector<double> largest_, entering_along_;
    std::array<std::vector<double>, 3> company_;  // bounds of points beside one: all, the rival's, others
    // of candidates at roots, by the votes that these keep; NaN where not asked for yet
    std::map<std::size_t, std::vector<double>> root_bounds_;
    std::vector<double>* at_root_ = nullptr;  // those of the root that is decided
    // of candidates with the first cached_own_ own-class points; NaN where not asked for yet
    std::vector<double> pair_lengths_;
    std::size_t cached_own_ = 0;
};

}  // namespace robust_metric
