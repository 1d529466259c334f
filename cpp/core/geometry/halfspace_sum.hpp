// The half-space that a weighted sum of comparisons leaves: every δ after which each x_i is at least as near as its
// y_i fulfils Σ λ_i (d(z + δ, x_i) - d(z + δ, y_i)) <= 0, λ >= 0, which is linear in δ. Made of float64 rows, with the
// errors of these counted: docs/rounding.md, section 4. One query at a time; all lengths are scaled (see PreparedSet).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/interval.hpp"
#include "data/prepared_set.hpp"
#include "geometry/cost_space.hpp"

namespace robust_metric {

class HalfspaceSum {
public:
    // A training point: its twice mapped row with its norm as computed, and an interval for half its distance from z.
    struct Point {
        const double* row;
        double row_norm, extent;
        Interval half;
    };

    // training must outlive this object
    explicit HalfspaceSum(const PreparedSet& training) : training_(&training) {}

    // Forgets all terms; multipliers: those of the terms to come. Only their ratios count: all are multiplied by
    // 2^-scale(), which brings the largest near 1.
    void start(std::span<const double> multipliers);
    // entering: x_i; beaten: y_i
    void add(double multiplier, const Point& entering, const Point& beaten);
    // To be called after the last term, and before the functions below.
    void finish();

    // { δ : a·δ >= b }: a as computed, an upper bound of what it is off by, an upper bound of the exact ‖a‖₂, and a
    // lower bound of b
    std::span<const double> direction() const { return direction_; }
    double direction_error() const { return direction_error_; }
    double longest() const { return longest_; }
    double gap() const { return gap_; }
    int scale() const { return scale_; }
    // Σ λ_i (‖x_i's row‖ + ‖y_i's row‖), what the roundings of a are relative to
    double size() const { return size_; }
    std::size_t terms() const { return terms_; }

    // Lower bound of the cost of every such δ; 0 where there is none.
    double distance(const CostSpace& space) const;

private:
    const PreparedSet* training_;
    std::vector<double> direction_;
    double gap_ = 0.0, gap_size_ = 0.0, direction_error_ = 0.0, size_ = 0.0, longest_ = 0.0;
    std::size_t terms_ = 0;
    int scale_ = 0;
};

}  // namespace robust_metric
