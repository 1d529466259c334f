// Projection of the origin onto a polyhedron: min ½‖δ‖² subject to a_i·δ >= b_i, by the dual active-set method of
// Goldfarb and Idnani (1983) with identity Hessian: a ProjectionSolver.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace robust_metric {

class ActiveSetProjection {
public:
    explicit ActiveSetProjection(std::size_t dimension) : dimension_(dimension) {}

    void reset();
    // After a failed one δ is the last feasible dual's.
    bool add(const double* normal, double offset, std::size_t id);

    // with these the normals add up to zero up to rounding, and the offsets do not
    std::span<const double> contradiction() const { return contradiction_; }

    std::span<const double> solution() const { return solution_; }
    double norm() const;

    // δ = sum of multiplier · normal
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
