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

// Times a power of two, to the bit of std::ldexp.
void scale(const std::vector<double>& values, int exponent, std::vector<double>& out) {
    out.resize(values.size());
    if (exponent < -1000 || exponent > 1000) {
        for (std::size_t j = 0; j < out.size(); ++j) out[j] = std::ldexp(values[j], exponent);
        return;
    }
    const double power = std::ldexp(1.0, exponent);
    for (std::size_t j = 0; j < out.size(); ++j) out[j] = values[j] * power;
}

// A lower bound beyond the range of float64: infinite stands for never.
double finite(double bound) { return std::min(bound, std::numeric_limits<double>::max()); }

}  // namespace

void CostSpace::start(const double* point, int exponent) {
    exponent_ = exponent;
    below_.resize(dimension_);
    above_.resize(dimension_);
    for (std::size_t j = 0; j < dimension_; ++j) {
        below_[j] = above_[j] = threat_->is_frozen(j) ? 0.0 : infinity;
        if (!threat_->boxed() || threat_->is_frozen(j)) continue;
        const double cost = threat_->weighted() ? threat_->cost(j) : 1.0;
        below_[j] = reach_of(point[j] - threat_->lower(j), exponent, cost);
        above_[j] = reach_of(threat_->upper(j) - point[j], exponent, cost);
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
    const double length = dual_norm(h.normal), longest = up(length + error);
    const double shortest = down(length * (1.0 - gamma(2 * dimension_ + 12)) - error);
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
    largest_ =
        kernels().box_sides(normal.data(), below_.data(), above_.data(), dimension_, sizes_.data(), caps_.data());
    if (!(largest_ > 0.0)) return 0.0;
    // products may all underflow
    return up(kernels().box_gain(sizes_.data(), caps_.data(), infinity, dimension_) * (1.0 + gamma(dimension_ + 4)));
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
    if (!(largest_ > 0.0)) return error > 0.0 ? offset / error : infinity;
    const Kernels& k = kernels();
    const std::size_t d = dimension_;
    const int size_exponent = std::ilogb(largest_), length_exponent = std::ilogb(offset) - size_exponent;
    scale(sizes_, -size_exponent, scaled_sizes_);
    scale(caps_, -length_exponent, scaled_caps_);
    for (std::size_t j = 0; j < d; ++j)
        scaled_caps_[j] = caps_[j] > 0.0 ? std::max(scaled_caps_[j], 0x1p-1000) : scaled_caps_[j];
    const double *sizes = scaled_sizes_.data(), *caps = scaled_caps_.data();
    const double wanted = std::ldexp(offset, -std::ilogb(offset)), wrong = std::ldexp(error, -size_exponent);
    const auto radius = [&](double price) {
        const double harm = k.box_harm(sizes, caps, price, d);
        const double value = price * wanted * (1.0 - 0x1p-51) - harm * (1.0 + gamma(d + 8));
        const double slack = price * wrong, squares = slack * slack + 2.0 * value;
        if (!(squares > 0.0)) return 0.0;
        const double root = std::sqrt(squares);
        return slack > 0.0 ? 2.0 * value / (slack + root) : root - slack;
    };
    double price = 0.0, best = 0.0;
    bool saturated = false;
    for (int round = 0; round < max_rounds && !saturated; ++round) {
        const double gain = k.box_gain(sizes, caps, price, d), slope = k.box_slope(sizes, caps, price, d);
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
