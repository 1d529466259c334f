// The projection of 0 onto a polyhedron in the cost space of a threat model: what every solver offers, and the choice
// of the one that is made for the model.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <variant>

#include "geometry/cost_space.hpp"
#include "project/active_set.hpp"
#include "project/box.hpp"
#include "project/linear.hpp"

namespace robust_metric {

// min ‖δ‖ subject to a_i·δ >= b_i, with constraints that come one at a time, as they turn out to be violated.
template <class Solver>
concept ProjectionSolver = requires(Solver solver, const Solver& solved, const double* normal, double offset,
                                    std::size_t id) {
    // Forgets all constraints: δ = 0.
    solver.reset();
    // Brings in a constraint that δ violates; constraints that stop being active are dropped. False where no point
    // satisfies it together with the active ones, up to rounding; only reset may follow.
    { solver.add(normal, offset, id) } -> std::same_as<bool>;
    // After a failed add: multipliers >= 0 of the active constraints and, last, of the new one, which prove it up to
    // rounding. Empty where rounding alone gave up.
    { solved.contradiction() } -> std::same_as<std::span<const double>>;
    // δ and its norm, which never shrinks and bounds the answer from below
    { solved.solution() } -> std::same_as<std::span<const double>>;
    { solved.norm() } -> std::same_as<double>;
    // The active constraints and their multipliers, all >= 0: they prove the norm. What they prove once rounding is
    // counted is for CostSpace::distance to say.
    { solved.active() } -> std::same_as<std::span<const std::size_t>>;
    { solved.multipliers() } -> std::same_as<std::span<const double>>;
};

static_assert(ProjectionSolver<ActiveSetProjection>);  // the 2-norm without a box
static_assert(ProjectionSolver<BoxProjection>);        // the 2-norm in a box
static_assert(ProjectionSolver<LinearProjection>);     // the 1- and the infinity-norm

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

static_assert(ProjectionSolver<Projection>);

}  // namespace robust_metric
