// What a perturbation δ costs, ‖Wδ‖_p with p = 1, 2 or infinity and W a positive diagonal, and the box in which the
// perturbed point stays. Derivations: docs/threat_models.md.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "robust_metric/export.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

enum class Norm { one, two, infinity };

class ROBUST_METRIC_EXPORT Threat {
public:
    // The Euclidean norm of δ, no box.
    Threat() = default;
    // cost: the diagonal of W, positive; an infinite entry freezes its feature. lower, upper: the box, infinite
    // where there is no bound. Each has `dimension` entries, or none for W = I and no box; lower and upper
    // come together. Copied. Throws std::invalid_argument where this is not so, where lower > upper or no finite number
    // lies between them, or where finite costs differ by more than a factor of 2^200.
    Threat(Norm norm, std::size_t dimension, std::span<const double> cost = {}, std::span<const double> lower = {},
           std::span<const double> upper = {});

    Norm norm() const { return norm_; }
    bool weighted() const { return !inverse_.empty(); }
    bool frozen() const { return movable_ < inverse_.size(); }  // whether some feature is
    bool boxed() const { return !lower_.empty(); }
    // whether some perturbations are out of the question, whatever they cost
    bool confined() const { return boxed() || frozen(); }
    // the model under which half-space distances are lengths of gradients in the 2-norm
    bool euclidean() const { return norm_ == Norm::two && !boxed(); }

    // Ŵ = 2^-exponent() W, whose smallest finite entry is in [1, 2); and its inverse rounded to nearest, at most
    // 1, and 0 where the feature is frozen. Only if weighted().
    int exponent() const { return exponent_; }
    double cost(std::size_t j) const { return cost_[j]; }
    double inverse_cost(std::size_t j) const { return inverse_[j]; }
    double lower(std::size_t j) const { return boxed() ? lower_[j] : -std::numeric_limits<double>::infinity(); }
    double upper(std::size_t j) const { return boxed() ? upper_[j] : std::numeric_limits<double>::infinity(); }
    bool is_frozen(std::size_t j) const { return weighted() && inverse_[j] == 0.0; }

    // ‖a‖_q <= dual_factor() ‖a‖₂ for every a of the space, 1/p + 1/q = 1; 1 unless p is infinite
    double dual_factor() const { return dual_factor_; }
    // The same with a box of so many numbers, as far as it is in this one's. Throws std::invalid_argument where nothing
    // is left of it.
    Threat within(std::span<const double> lower, std::span<const double> upper) const;

    // Throws std::invalid_argument where the model was made for another number of features; the default is for any.
    void check_fits(std::size_t dimension) const;
    // whether the box holds the point
    bool holds(std::span<const double> point) const;
    // Changes a step from a point of the box as little as it takes for point + step, computed in float64, to be in the
    // box as well, with frozen features left where they are.
    void confine(std::span<const double> point, std::span<double> step) const;

private:
    void take_cost(std::span<const double> cost);
    void take_box(std::span<const double> lower, std::span<const double> upper);

    Norm norm_ = Norm::two;
    int exponent_ = 0;
    double dual_factor_ = 1.0;
    std::size_t dimension_ = 0, movable_ = 0;
    std::vector<double> cost_, inverse_, lower_, upper_;
};

// A box for each query, beside that of the threat model: m × d each, or both empty for none.
struct QueryBoxes {
    MatrixView lower, upper;

    bool empty() const { return lower.rows() == 0; }
};

}  // namespace robust_metric
