// min ‖δ‖_p subject to a_i·δ >= b_i and the box of a CostSpace, for p = 1 and infinity, by linear programs:
// a ProjectionSolver.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "geometry/cost_space.hpp"
#include "project/bounded_lp.hpp"

namespace robust_metric {

class LinearProjection {
public:
    // space must outlive this object; its norm is one or infinity
    explicit LinearProjection(const CostSpace& space);

    // to be called after each start of the space
    void reset();
    bool add(const double* normal, double offset, std::size_t id);
    std::span<const double> contradiction() const { return contradiction_; }
    std::span<const double> solution() const { return solution_; }
    double norm() const { return norm_; }
    std::span<const std::size_t> active() const { return ids_; }
    std::span<const double> multipliers() const { return multipliers_; }

private:
    bool solve_one();
    bool solve_infinity();
    void drop_slack_rows();
    void take_multipliers();
    void contradict(std::span<const double> of_rows);
    void set_radius(double radius);

    const CostSpace* space_;
    std::size_t dimension_;
    BoundedLP lp_;
    double norm_ = 0.0, norm_at_drop_ = 0.0;
    std::vector<double> row_, combined_, solution_, multipliers_, contradiction_;
    // of the rows of the linear program, which are scaled to length 1
    std::vector<std::size_t> row_ids_;
    std::vector<double> row_lengths_, row_offsets_, row_multipliers_;
    std::vector<std::size_t> ids_;
};

}  // namespace robust_metric
