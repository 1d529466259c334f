// Projection of the origin onto a polyhedron: min ½‖δ‖² subject to a_i·δ >= b_i, by the dual active-set method of
// Goldfarb and Idnani (1983) with identity Hessian. Constraints come one at a time, so the caller
// generates them as they turn out to be violated; ‖δ‖ never shrinks and bounds the answer from below.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace robust_metric {

class ActiveSetProjection {
public:
    explicit ActiveSetProjection(std::size_t dimension) : dimension_(dimension) {}

    // Forgets all constraints: δ = 0.
    void reset();

    // Brings in a constraint that δ violates; constraints that stop being active are dropped.
    // False where no point satisfies it together with the active ones, up to rounding; δ is then
    // the last feasible dual's, and contradiction() says why.
    bool add(const double* normal, double offset, std::size_t id);

    // After a failed add: multipliers >= 0 of the active constraints and, last, of the new one, with which the
    // normals add up to zero up to rounding and the offsets do not. Empty where rounding alone gave up.
    std::span<const double> contradiction() const { return contradiction_; }

    std::span<const double> solution() const { return solution_; }
    double norm() const;

    // The active constraints and their multipliers, all >= 0: δ = sum of multiplier · normal.
    std::span<const std::size_t> active() const { return ids_; }
    std::span<const double> multipliers() const { return multipliers_; }

private:
    void project(const double* normal);
    void append(std::size_t id, double offset, double multiplier);
    void drop(std::size_t j);
    void back_substitute(std::vector<double>& x) const;
    void refresh();
    double& r(std::size_t i, std::size_t j) { return triangle_[j * (j + 1) / 2 + i]; }
    double r(std::size_t i, std::size_t j) const { return triangle_[j * (j + 1) / 2 + i]; }
    double* q(std::size_t i) { return basis_.data() + i * dimension_; }

    std::size_t dimension_;
    // active normals = Q R: rows of basis_ are the columns of Q, triangle_ holds R by columns
    std::vector<double> basis_, triangle_;
    std::vector<double> solution_, offsets_, multipliers_;
    std::vector<std::size_t> ids_;
    std::vector<double> residual_, coefficients_, direction_, dual_, contradiction_;
    double residual_norm_ = 0.0;
};

}  // namespace robust_metric
