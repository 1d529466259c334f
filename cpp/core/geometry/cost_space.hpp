// The space in which a threat model measures one query's perturbations: δ' = Ŵ 2^-E δ, so that the cost of δ is ‖δ'‖_p
// up to a power of two, with the box around the query. Distances from 0 to half-spaces in it are what certified numbers
// are made of; derivations: docs/threat_models.md, rounding in docs/rounding.md.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "base/interval.hpp"
#include "base/rounding.hpp"
#include "robust_metric/threat.hpp"

namespace robust_metric {

// { δ' : a·δ' >= b } of which is known that ‖a - normal‖₂ <= normal_error and b lies in [offset_lower, offset_upper].
struct Halfspace {
    std::span<const double> normal;
    double normal_error;
    double offset_lower, offset_upper;
};

class CostSpace {
public:
    // threat must outlive this object
    CostSpace(const Threat& threat, std::size_t dimension) : threat_(&threat), dimension_(dimension) {}

    // Starts a query: point, which the box must hold, in the caller's units, and the E of above.
    void start(const double* point, int exponent);

    const Threat& threat() const { return *threat_; }
    std::size_t dimension() const { return dimension_; }
    // How far coordinate j may fall and rise, rounded up: infinite where nothing bounds it, 0 where it is frozen.
    double below(std::size_t j) const { return below_[j]; }
    double above(std::size_t j) const { return above_[j]; }
    // the value nearest to this one that coordinate j can have
    double clamp(std::size_t j, double value) const { return std::min(std::max(value, -below(j)), above(j)); }

    // ‖a‖_q, 1/p + 1/q = 1, of a computed vector, rounded up
    double dual_norm(std::span<const double> a) const;

    // min ‖δ'‖_p over the half-space and the box: .lower is proved, infinite where the box misses the half-space;
    // .upper is proved without a box, else it is right up to a few roundings, and infinite where the minimum may be.
    // radius: at least ‖δ'‖₂ of all δ' of the box in the coordinates where normal may be wrong.
    Interval distance(const Halfspace& halfspace, double radius) const;
    Interval distance(const Halfspace& halfspace) const { return distance(halfspace, box_radius_); }
    // whether the half-space lies beyond the box, were `normal` exact
    bool beyond_box(const Halfspace& halfspace) const;

    // at least ‖δ'‖₂ of the part of any δ' of the box in the chosen coordinates, all where
    // none are given
    double radius_over(std::span<const char> chosen) const;

    // ‖δ'‖_p of a perturbed point, rounded up; infinite where a frozen coordinate moved. Not of an infinite point.
    double cost_upper(const double* query, const double* point) const;
    // ‖δ'‖_p, plainly
    double norm(std::span<const double> perturbation) const;

private:
    Interval unboxed_distance(const Halfspace& halfspace) const;
    double fill_sizes(std::span<const double> normal) const;
    double reach(double offset, double error) const;
    double reach_one(double offset, double error) const;
    double reach_two(double offset, double error) const;
    double reach_infinity(double offset, double error) const;

    const Threat* threat_;
    std::size_t dimension_;
    int exponent_ = 0;
    double box_radius_ = rounding::infinity;
    std::vector<double> below_, above_;
    // work space: |normal|, how far it may be followed in each coordinate, and an order
    mutable std::vector<double> sizes_, caps_, scaled_sizes_, scaled_caps_;
    mutable double largest_ = 0.0;  // of sizes_
    mutable std::vector<std::size_t> order_;
};

}  // namespace robust_metric
