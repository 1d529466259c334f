// Lower bounds of the perturbations that let two points enter together: both beat all own-class points but some, so
// that for each of these the perturbation is in two half-spaces. One query at a time. Derivation: docs/vote_search.md.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "search/vote/cell.hpp"

namespace robust_metric {

class JointBounds {
public:
    using Id = CellPoints::Id;

    // both must outlive this object
    JointBounds(const VoteCell& cell, const Deadline& deadline) : cell_(&cell), deadline_(&deadline) {}

    // Starts a query. first, count: ids of the points that may enter; own: own-class points by which bounds are
    // computed; kept: how many of all own-class points need not be beaten. All points are in the cell.
    void start(Id first, std::size_t count, std::span<const Id> own, std::size_t kept);
    std::span<const Id> own() const { return own_; }
    // whether there are enough own-class points for a bound, and room for what is kept of each with each point
    bool usable() const { return own_.size() > kept_ && own_.size() * count_ <= most_kept; }

    // For each point that may enter, in the order of ids, a lower bound with x; computed when it is first asked for.
    // Without meaning for x itself. Valid until start(); needs usable(). Past the deadline it may be zeros, which
    // bound too.
    std::span<const float> row(Id x);
    float bound(Id x, Id y) { return row(x)[y - first_]; }

private:
    static constexpr std::size_t most_kept = std::size_t{1} << 22;

    bool prepare();
    void compute(std::vector<float>& row, Id x);
    void bounds_by(std::size_t own, Id x);

    const VoteCell* cell_;
    const Deadline* deadline_;
    Id first_ = 0;
    std::size_t count_ = 0, kept_ = 0;
    bool prepared_ = false;
    std::vector<Id> own_;
    std::vector<double> gaps_, lengths_, own_products_;  // of each own-class point with each that may enter
    std::vector<double> products_, bounds_;              // of one row
    std::vector<double> column_;
    std::vector<std::vector<float>> rows_;
    std::vector<float> unknown_;  // a row of zeros
};

}  // namespace robust_metric
