// min ½‖δ‖² subject to a_i·δ >= b_i and the box of a CostSpace: a ProjectionSolver. The dual is a concave piecewise
// quadratic function of as many variables as there are rows: Newton's method on it, an active set for the signs.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "geometry/cost_space.hpp"

namespace robust_metric {

class BoxProjection {
public:
    // space must outlive this object
    explicit BoxProjection(const CostSpace& space) : space_(&space), dimension_(space.dimension()) {}

    // to be called after each start of the space
    void reset();
    bool add(const double* normal, double offset, std::size_t id);
    std::span<const double> contradiction() const { return contradiction_; }
    std::span<const double> solution() const { return solution_; }
    double norm() const;
    std::span<const std::size_t> active() const { return active_ids_; }
    std::span<const double> multipliers() const { return active_multipliers_; }

private:
    enum class Step { done, moved, unbounded };
    bool maximize();
    void evaluate();
    bool choose_rows();
    void newton_direction();
    Step line_search();
    double slope_at(double step, double& curvature) const;
    void remove(std::size_t i);
    void take_multipliers();
    const double* row(std::size_t i) const { return rows_.data() + i * dimension_; }

    const CostSpace* space_;
    std::size_t dimension_;
    // rows are scaled to length 1; the last one is the newest
    std::vector<double> rows_, lengths_, offsets_, multipliers_, gradient_;
    std::vector<std::size_t> ids_;
    std::vector<char> moving_;  // rows whose multipliers the next step changes
    // combined_ = Σ multiplier row, of which the solution is the part inside the box; direction_ in the multipliers
    // and change_ = Σ direction row
    std::vector<double> combined_, solution_, direction_, change_, hessian_;
    std::vector<std::size_t> active_ids_;
    std::vector<double> active_multipliers_, contradiction_;
};

}  // namespace robust_metric
