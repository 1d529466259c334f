// The projection of 0 onto a polyhedron in the cost space of a threat model, by the solver that is made for it. All
// have the interface of ActiveSetProjection, which serves the Euclidean norm without a box.
#pragma once

#include <cstddef>
#include <span>
#include <variant>

#include "geometry/cost_space.hpp"
#include "project/active_set.hpp"
#include "project/box.hpp"
#include "project/linear.hpp"

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
    using Solver = std::variant<ActiveSetProjection, BoxProjection, LinearProjection>;
    static Solver choose(const CostSpace& space) {
        if (space.threat().euclidean()) return ActiveSetProjection(space.dimension());
        if (space.threat().norm() == Norm::two) return BoxProjection(space);
        return LinearProjection(space);
    }

    Solver solver_;
};

}  // namespace robust_metric
