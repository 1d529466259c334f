#include "geometry/cost_space.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/double_double.hpp"
#include "base/kernels.hpp"

namespace robust_metric {

namespace {

using rounding::down;
using rounding::gamma;
using rounding::infinity;
using rounding::up;

// what squares that underflow may take off a norm
constexpr double lost_squares = 0x1p-480;

// rounds of Newton's method on a concave piecewise smooth function; whatever they reach is a bound
constexpr int max_rounds = 200;

// a length of the caller's units in the cost space, rounded up; 0 stays 0
double reach_of(double difference, int exponent, double cost) {
    return difference > 0.0 ? up(std::ldexp(difference, -exponent) * cost) : 0.0;
}

// A lower bound beyond the range of float64: infinite stands for never.
double finite(double bound) { return std::min(bound, std::numeric_limits<double>::max()); }

}  // namespace

void CostSpace::start(const double* point, int exponent) {
    exponent_ = exponent;
    if (threat_->boxed()) {
        below_.resize(dimension_);
        above_.resize(dimension_);
    }
    for (std::size_t j = 0; threat_->boxed() && j < dimension_; ++j) {
        const bool frozen = threat_->is_frozen(j);
        const double cost = threat_->weighted() ? threat_->cost(j) : 1.0;
        below_[j] = frozen ? 0.0 : reach_of(point[j] - threat_->lower(j), exponent, cost);
        above_[j] = frozen ? 0.0 : reach_of(threat_->upper(j) - point[j], exponent, cost);
    }
    box_radius_ = threat_->boxed() || threat_->frozen() ? radius_over({}) : infinity;
}

double CostSpace::radius_over(std::span<const char> chosen) const {
    double squares = 0.0;
    for (std::size_t j = 0; j < dimension_; ++j) {
        const double widest = chosen.empty() || chosen[j] ? std::max(below(j), above(j)) : 0.0;
        squares += widest * widest;
    }
    return squares > 0.0 ? up(std::sqrt(up(squares * (1.0 + gamma(dimension_ + 4))))) : 0.0;
}

double CostSpace::dual_norm(std::span<const double> a) const {
    double value = 0.0;
    switch (threat_->norm()) {
        case Norm::one:
            for (const double x : a) value = std::max(value, std::fabs(x));
            return value;
        case Norm::two:
            return up(std::sqrt(kernels().dot(a.data(), a.data(), a.size())) * (1.0 + gamma(a.size() + 6)) +
                      lost_squares);
        case Norm::infinity:
            for (const double x : a) value += std::fabs(x);
            return value > 0.0 ? up(value * (1.0 + gamma(a.size()))) : 0.0;
    }
    return infinity;
}

double CostSpace::norm(std::span<const double> perturbation) const {
    double value = 0.0;
    switch (threat_->norm()) {
        case Norm::one:
            for (const double x : perturbation) value += std::fabs(x);
            return value;
        case Norm::two:
            return std::sqrt(kernels().dot(perturbation.data(), perturbation.data(), perturbation.size()));
        case Norm::infinity:
            for (const double x : perturbation) value = std::max(value, std::fabs(x));
            return value;
    }
    return infinity;
}

double CostSpace::cost_upper(const double* query, const double* point) const {
    double total = 0.0;
    for (std::size_t j = 0; j < dimension_; ++j) {
        // what was really added, to double-double accuracy
        double added = std::ldexp(std::fabs(two_sum(point[j], -query[j]).hi), -exponent_);
        if (threat_->is_frozen(j)) {
            if (point[j] != query[j]) return infinity;
            continue;
        }
        if (threat_->weighted()) added *= threat_->cost(j);
        if (threat_->norm() == Norm::two) added *= added;
        total = threat_->norm() == Norm::infinity ? std::max(total, added) : total + added;
    }
    const double value = up(total * (1.0 + gamma(dimension_ + 6)));
    return threat_->norm() == Norm::two ? up(std::sqrt(value)) : value;
}

Interval CostSpace::distance(const Halfspace& h, double radius) const {
    const Interval unboxed = unboxed_distance(h);
    if (!threat_->boxed() && !threat_->frozen()) return unboxed;
    if (!(h.offset_upper > 0.0)) return {0.0, 0.0};
    const double gain = fill_sizes(h.normal);
    const double doubt = h.normal_error > 0.0 && radius > 0.0 ? up(h.normal_error * radius) : 0.0;
    if (gain + doubt < h.offset_lower * (1.0 - 0x1p-50)) return {infinity, infinity};
    if (!threat_->boxed()) return unboxed;
    const double error = up(h.normal_error * threat_->dual_factor());
    Interval bounds;
    bounds.lower = h.offset_lower > 0.0 ? std::max(unboxed.lower, finite(down(reach(h.offset_lower, error)))) : 0.0;
    bounds.upper = std::max(bounds.lower, reach(h.offset_upper, -error) * (1.0 + 0x1p-40));
    return bounds;
}

bool CostSpace::beyond_box(const Halfspace& h) const { return fill_sizes(h.normal) < h.offset_lower; }

// b / ‖a‖_q
Interval CostSpace::unboxed_distance(const Halfspace& h) const {
    const double error = up(h.normal_error * threat_->dual_factor());
    const double longest = up(dual_norm(h.normal) + error);
    const double shortest = down(dual_norm(h.normal) * (1.0 - gamma(2 * dimension_ + 12)) - error);
    Interval bounds{0.0, infinity};
    if (h.offset_lower > 0.0) bounds.lower = finite(down(h.offset_lower / longest));
    if (!(h.offset_upper > 0.0))
        bounds.upper = 0.0;
    else if (shortest > lost_squares)
        bounds.upper = up(h.offset_upper / (shortest - lost_squares));
    return bounds;
}

// |a| and how far it may be followed; returns an upper bound of sup a·δ over the box.
double CostSpace::fill_sizes(std::span<const double> normal) const {
    sizes_.resize(dimension_);
    caps_.resize(dimension_);
    double gain = 0.0;
    bool any = false;  // products may all underflow
    for (std::size_t j = 0; j < dimension_; ++j) {
        caps_[j] = cap(j, normal[j]);
        sizes_[j] = caps_[j] > 0.0 ? std::fabs(normal[j]) : 0.0;
        if (!(sizes_[j] > 0.0)) continue;
        gain += sizes_[j] * caps_[j];
        any = true;
    }
    return any ? up(gain * (1.0 + gamma(dimension_ + 4))) : 0.0;
}

// A lower bound, but for a few roundings, of the R at which sup { a·δ : ‖δ‖_p <= R, δ in the box } + error R reaches
// offset > 0, a of fill_sizes; infinite where it never does. With a negative error the R is one at which it is reached.
// proofs/reach_rounding.v: quotient_lower, and for reach_two value_lower and root_lower.
double CostSpace::reach(double offset, double error) const {
    if (offset == infinity) return infinity;  // who only asks for a lower bound gives no upper end of the offset
    switch (threat_->norm()) {
        case Norm::one:
            return reach_one(offset, error);
        case Norm::two:
            return reach_two(offset, error);
        case Norm::infinity:
            return reach_infinity(offset, error);
    }
    return 0.0;
}

// sup <= τR + Σ (|a_j| - τ)₊ cap_j for every τ >= 0, with equality for the price τ at which the budget ends.
double CostSpace::reach_one(double offset, double error) const {
    order_.clear();
    for (std::size_t j = 0; j < dimension_; ++j)
        if (sizes_[j] > 0.0) order_.push_back(j);
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) { return sizes_[a] > sizes_[b]; });
    double price = 0.0, gain = 0.0;
    std::size_t spent = 0;
    for (; spent < order_.size(); ++spent) {
        const double size = sizes_[order_[spent]];
        gain += size * caps_[order_[spent]];
        if (gain >= offset) {
            price = size;
            break;
        }
    }
    gain = 0.0;
    for (std::size_t i = 0; i < spent; ++i)
        if (sizes_[order_[i]] > price) gain += (sizes_[order_[i]] - price) * caps_[order_[i]];
    if (gain > 0.0) gain = up(gain * (1.0 + gamma(dimension_ + 4)));
    if (price + error <= 0.0) return infinity;
    return (offset - gain) / (price + error);
}

// sup <= Σ_S |a_j| cap_j + R Σ_rest |a_j| for every set S, with equality where S holds the caps below R. Newton's
// method on the concave sup: each round's R is below the answer.
double CostSpace::reach_infinity(double offset, double error) const {
    double best = 0.0;
    for (int round = 0; round < max_rounds; ++round) {
        double gain = 0.0, slope = 0.0;
        for (std::size_t j = 0; j < dimension_; ++j) {
            if (caps_[j] <= best)
                gain += sizes_[j] * caps_[j];
            else
                slope += sizes_[j];
        }
        if (gain > 0.0) gain = up(gain * (1.0 + gamma(dimension_ + 4)));
        slope = slope * (1.0 + gamma(dimension_ + 2)) + error;
        if (slope <= 0.0) return infinity;
        const double next = (offset - gain) / slope;
        if (!(next < infinity)) return infinity;
        if (next <= best * (1.0 + 0x1p-50)) break;
        best = next;
    }
    return best;
}

// For every μ >= 0 and δ in the box, μ a·δ <= ½‖δ‖² + Σ h_j(μ) with h_j(μ) = max over the box of μ a_j δ_j - ½δ_j². So
// μ offset - Σ h_j(μ) =: φ <= ½R² + μ error R. Best for the μ at which δ_j = μ a_j, cut off at the box, reaches the
// offset: Newton's method again. Lengths are scaled by the unboxed distance, so that no square that matters underflows;
// sizes and caps that scaling takes to nothing have their budget in docs/rounding.md, section 9.
double CostSpace::reach_two(double offset, double error) const {
    const double largest = *std::max_element(sizes_.begin(), sizes_.end());
    if (!(largest > 0.0)) return error > 0.0 ? offset / error : infinity;
    const int size_exponent = std::ilogb(largest), length_exponent = std::ilogb(offset) - size_exponent;
    scaled_sizes_.resize(dimension_);
    scaled_caps_.resize(dimension_);
    for (std::size_t j = 0; j < dimension_; ++j) {
        scaled_sizes_[j] = std::ldexp(sizes_[j], -size_exponent);
        const double cap = std::ldexp(caps_[j], -length_exponent);
        scaled_caps_[j] = caps_[j] > 0.0 && cap < 0x1p-1000 ? 0x1p-1000 : cap;
    }
    const double wanted = std::ldexp(offset, -std::ilogb(offset)), wrong = std::ldexp(error, -size_exponent);
    const auto radius = [&](double price) {
        double harm = 0.0;
        for (std::size_t j = 0; j < dimension_; ++j) {
            const double step = price * scaled_sizes_[j], cap = scaled_caps_[j];
            harm += step <= cap ? 0.5 * step * step : cap * (step - 0.5 * cap);
        }
        const double value = price * wanted * (1.0 - 0x1p-51) - harm * (1.0 + gamma(dimension_ + 8));
        const double slack = price * wrong, squares = slack * slack + 2.0 * value;
        if (!(squares > 0.0)) return 0.0;
        const double root = std::sqrt(squares);
        return slack > 0.0 ? 2.0 * value / (slack + root) : root - slack;
    };
    double price = 0.0, best = 0.0;
    bool saturated = false;
    for (int round = 0; round < max_rounds && !saturated; ++round) {
        double gain = 0.0, slope = 0.0;
        for (std::size_t j = 0; j < dimension_; ++j) {
            if (price * scaled_sizes_[j] >= scaled_caps_[j])
                gain += scaled_sizes_[j] * scaled_caps_[j];
            else
                slope += scaled_sizes_[j] * scaled_sizes_[j];
        }
        saturated = slope == 0.0;
        const double next = saturated ? price : (wanted - gain) / slope;
        if (next <= price * (1.0 + 0x1p-50)) break;
        price = next;
    }
    if (saturated && error < 0.0) return infinity;
    best = std::max(0.0, radius(price));
    // beyond the box only the error of the normal leads there, and a larger price tells more
    for (int i = 0; saturated && i < 10; ++i) best = std::max(best, radius(price *= 1024.0));
    return std::ldexp(best, length_exponent);
}

}  // namespace robust_metric
