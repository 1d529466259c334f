// The training points that take part in a vote search: own-class points that can be among the k nearest within the
// reach of the witness known, and the candidates, points of other classes that may enter. docs/vote_search.md, "Which
// points take part".
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "certify/halfspace_bounds.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "search/vote/cell.hpp"

namespace robust_metric {

// A point in an order; of equal values the smaller id comes first.
struct Ranked {
    double value;
    CellPoints::Id id;
    bool operator<(const Ranked& b) const { return value != b.value ? value < b.value : id < b.id; }
};
// The `count` first of them, in order; the others are dropped.
void keep_first(std::vector<Ranked>& ranked, std::size_t count);

class VotePoints {
public:
    using Id = CellPoints::Id;

    // all must outlive this object; the cell's points are added here
    VotePoints(const PreparedSet& training, HalfspaceBounds& bounds, VoteCell& cell, const Deadline& deadline)
        : training_(&training), bounds_(&bounds), cell_(&cell), deadline_(&deadline) {}

    // Starts a query, for which bounds_ has been started, without points. query must stay in place.
    void start(const Query& query, int label, std::size_t k);

    // Instead of those that take part: the own-class points nearest to the query, no candidates.
    void use_near_own();
    // All that matter where the witness is at `reach` (infinite for none), a step of the caller's units from the query,
    // and at most `kept` own-class points stay. own() gets the first ids, then come candidates, in the order of their
    // positions, then the rest. False where the deadline passed: then not all of them are known, and none take part.
    bool choose(std::size_t kept, double reach, std::span<const double> step);
    bool chosen() const { return chosen_; }
    // Whether the witness is so much nearer than what the points were chosen for that it is worth going through them
    // again; and that: drops own-class points that no longer matter.
    bool outdated(double reach) const { return reach < reach_ * worth_narrowing; }
    void narrow(double reach);

    // Own-class points that every cell is held against, and those that are only where its solution is to be true: that
    // fewer points are known of makes a cell larger, and its bound smaller.
    std::span<const Id> own() const { return own_; }
    std::span<const Id> rest() const { return rest_; }
    // From now on this point of the rest is among own().
    void take_in(Id of_rest);
    std::span<const Id> candidates() const { return candidates_; }
    // of a candidate among candidates()
    std::size_t rank(Id candidate) const { return candidate - candidates_.front(); }
    // own-class points that were first chosen for own(): their ids are smaller than this
    std::size_t chosen_own() const { return chosen_own_; }
    int label(Id id) const { return training_->label(cell_->points().position(id)); }

private:
    static constexpr double worth_narrowing = 0.98;

    bool find_entering(std::size_t kept, double reach);
    bool measure_own(double reach);
    void choose_first_own(std::size_t kept, std::span<const double> step);
    double kth_farthest(const std::vector<CellPoints::Measured>& points, double reach);
    double kth_smallest();

    const PreparedSet* training_;
    HalfspaceBounds* bounds_;
    VoteCell* cell_;
    const Deadline* deadline_;
    const Query* query_ = nullptr;
    int label_ = 0;
    std::size_t k_ = 0;
    bool chosen_ = false;
    double reach_ = 0.0;                         // within which own_ may be among the k nearest
    std::vector<CellPoints::Measured> nearest_;  // k points and more that are among the nearest
    std::vector<char> may_enter_;                // by position: whether no bound keeps it from entering
    std::vector<CellPoints::Measured> measured_own_;
    std::vector<Id> own_, rest_, candidates_;
    std::size_t chosen_own_ = 0;
    std::vector<double> values_;
    Embedding witness_, scratch_;
};

}  // namespace robust_metric
