// z - x, its squared length d(z, x) and M(z - x), evaluated from the stored arrays with error bounds, in
// float64 or in double-double: what certified numbers and the decisions of predict are made of.
// One query at a time; each training point is evaluated once a query.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "base/double_double.hpp"
#include "data/prepared_set.hpp"
#include "geometry/cost_space.hpp"
#include "geometry/pair_gap.hpp"

namespace robust_metric {

// Real: double or DoubleDouble. All lengths are scaled (see PreparedSet).
template <class Real>
class Displacements {
public:
    struct Evaluated {
        Real squared_distance;
        double distance_error;  // of squared_distance, absolute
        double length;          // upper bound of ‖z - x‖₂
        std::size_t slot;       // of M(z - x)
        bool has_gradient;
    };

    explicit Displacements(const PreparedSet& training) : training_(&training), gap_(training) {}

    // Starts a query; point must stay in place until the next call. Distances from a half-space are those of the query
    // brought nearer by 2^far, see Embedding; all else is of the point itself.
    void start(const double* point, int far = 0);
    // What follows asks for one point after the other; under a large dense metric this is faster for many at once.
    void evaluate(std::span<const std::size_t> positions, bool with_gradients);

    bool knows(std::size_t position) const { return evaluated_.contains(position); }

    Interval squared_distance(std::size_t position);
    // the computed value of the same, within its interval, and M(z - x) as computed, d values that stay in place until
    // another point is asked for
    Real squared_distance_value(std::size_t position) { return at(position).squared_distance; }
    const Real* gradient(std::size_t position) {
        evaluate({&position, 1}, true);
        return gradients_.data() + evaluated_.at(position).slot * training_->dimension();
    }
    // The sign of d(z, a) - d(z, b), where the arithmetic proves it.
    std::optional<int> compare(std::size_t a, std::size_t b);
    // ‖L(z - x)‖ in the caller's units, rounded to nearest up to a few units in the last place (in
    // double-double; not a bound)
    double distance(std::size_t position);

    // Bounds of the distance from z to the half-space
    //   { z + δ : sum_i λ_i (d(z + δ, x⁺_i) - d(z + δ, x⁻)) >= 0 },  λ >= 0,
    // which holds every z + δ that is at least as near to x⁻ as to each x⁺_i. So .lower bounds the size
    // of any such δ, measured in space, which was started with the same query. Infinite where no δ reaches it;
    // .lower is 0 where the sign is in doubt.
    Interval halfspace_distance(std::size_t other, std::span<const std::size_t> own,
                                std::span<const double> multipliers, const CostSpace& space);
    // The same with an x⁻ for each x⁺: { sum_i λ_i (d(z + δ, x⁺_i) - d(z + δ, x⁻_i)) >= 0 }.
    Interval halfspace_distance(std::span<const std::size_t> others, std::span<const std::size_t> own,
                                std::span<const double> multipliers, const CostSpace& space);

private:
    // { δ : 2 direction·δ >= gap }, the direction being combined_, with what both are off by
    struct Side {
        double gap, gap_error, direction_error;
    };
    Interval distance_of(const Side& side, const CostSpace& space, std::span<const std::size_t> others,
                         std::span<const std::size_t> own, std::span<const double> multipliers);
    Interval distance_in(const CostSpace& space, double direction_error, double gap, double gap_error,
                         std::span<const std::size_t> others, std::span<const std::size_t> own,
                         std::span<const double> multipliers);
    double doubtful_radius(const CostSpace& space, std::span<const std::size_t> others,
                           std::span<const std::size_t> own, std::span<const double> multipliers) const;

    const Evaluated& at(std::size_t position) {
        evaluate({&position, 1}, false);
        return evaluated_.at(position);
    }
    Evaluated measure(std::size_t position, const Real* displacement, const Real* mapped);
    void add_gradients();
    static double relative_error(std::size_t terms);
    static std::size_t terms(std::size_t n);
    bool evaluates_exactly(std::size_t position, const Real* displacement, double squared_distance, double length);
    void take_difference(std::span<const std::size_t> others, std::span<const std::size_t> own,
                         std::span<const double> multipliers, Side& side);
    double distance_on_own_scale(std::size_t position);

    const PreparedSet* training_;
    const double* point_ = nullptr;
    int far_ = 0;
    PairGap gap_;
    std::unordered_map<std::size_t, Evaluated> evaluated_;
    std::vector<std::size_t> pending_, points_;  // what evaluate has to do, and was asked for
    std::vector<Real> displacements_, mapped_;   // of those that are pending
    std::vector<Real> gradients_;
    std::vector<double> stored_;
    std::size_t gradient_count_ = 0;
    std::vector<double> combined_;
    std::vector<Real> combined_real_;
    std::vector<std::size_t> same_;  // one x⁻ as often as it is asked for
};

extern template class Displacements<double>;
extern template class Displacements<DoubleDouble>;

// The bound of the half-space in float64, and again in double-double where float64 leaves it looser than
// 1e-10 relative. Lengths are costs under the threat model of the training set.
class RefinedBounds {
public:
    explicit RefinedBounds(const PreparedSet& training)
        : training_(&training),
          space_(std::make_unique<CostSpace>(training.threat(), training.dimension())),
          fast_(training),
          accurate_(training) {}

    // far: of the query's embedding
    void start(const double* point, int far = 0) {
        space_->start(point, training_->exponent() + far);
        fast_.start(point, far);
        accurate_.start(point, far);
    }
    // as of Displacements, in float64
    void evaluate(std::span<const std::size_t> positions) { fast_.evaluate(positions, true); }
    bool knows(std::size_t position) const { return fast_.knows(position); }
    Interval halfspace_distance(std::size_t other, std::span<const std::size_t> own,
                                std::span<const double> multipliers);
    // A lower bound only, no better than it takes to reach `enough`.
    double halfspace_lower(std::span<const std::size_t> others, std::span<const std::size_t> own,
                           std::span<const double> multipliers, double enough) {
        const double fast = fast_.halfspace_distance(others, own, multipliers, *space_).lower;
        return fast >= enough ? fast
                              : std::max(fast, accurate_.halfspace_distance(others, own, multipliers, *space_).lower);
    }
    double pair_lower(std::size_t other, std::size_t own) {
        const double one = 1.0;
        return halfspace_distance(other, {&own, 1}, {&one, 1}).lower;
    }
    // stays in place when this object is moved
    const CostSpace& space() const { return *space_; }
    Displacements<double>& fast() { return fast_; }
    Displacements<DoubleDouble>& accurate() { return accurate_; }

private:
    const PreparedSet* training_;
    std::unique_ptr<CostSpace> space_;
    Displacements<double> fast_;
    Displacements<DoubleDouble> accurate_;
};

}  // namespace robust_metric
