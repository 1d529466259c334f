// The projection of 0 onto a polyhedron in the cost space of a threat model, by the solver that is made for it. All
// have the interface of ProjectionQP, which serves the Euclidean norm without a box.
#pragma once

#include <cstddef>
#include <span>
#include <variant>

#include "robust_metric/box_projection.hpp"
#include "robust_metric/cost_space.hpp"
#include "robust_metric/linear_projection.hpp"
#include "robust_metric/projection_qp.hpp"

namespace robust_metric {

class Projection {
public:
    // space must outlive this object
    explicit Projection(const CostSpace& space) : solver_(choose(space)) {}

    void reset() {
        std::visit([](auto& solver) { solver.reset(); }, solver_);
    }
    bool add(const double* normal, double offset, std::size_t id) {
        return std::visit([&](auto& solver) { return solver.add(normal, offset, id); }, solver_);
    }
    std::span<const double> contradiction() const {
        return std::visit([](const auto& solver) { return solver.contradiction(); }, solver_);
    }
    std::span<const double> solution() const {
        return std::visit([](const auto& solver) { return solver.solution(); }, solver_);
    }
    double norm() const {
        return std::visit([](const auto& solver) { return solver.norm(); }, solver_);
    }
    std::span<const std::size_t> active() const {
        return std::visit([](const auto& solver) { return solver.active(); }, solver_);
    }
    std::span<const double> multipliers() const {
        return std::visit([](const auto& solver) { return solver.multipliers(); }, solver_);
    }

private:
    using Solver = std::variant<ProjectionQP, BoxProjection, LinearProjection>;
    static Solver choose(const CostSpace& space) {
        if (space.threat().euclidean()) return ProjectionQP(space.dimension());
        if (space.threat().norm() == Norm::two) return BoxProjection(space);
        return LinearProjection(space);
    }

    Solver solver_;
};

}  // namespace robust_metric
