#include "geometry/displacements.hpp"

#include <algorithm>
#include <climits>
#include <cmath>
#include <limits>

#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

namespace {

using rounding::up;

// squares of distances in between lose nothing that matters to the range of exponents
constexpr double smallest_square = 0x1p-900, largest_square = 0x1p900;

// A gap whose error is a larger share of it, in double-double, is the difference of two distances that are nearly
// equal.
constexpr double doubtful_share = 0x1p-38;

double value_of(double x) { return x; }
double value_of(DoubleDouble x) { return x.hi; }

double scaled(double x, int exponent) { return std::ldexp(x, exponent); }

// Brings the largest of the values into [1/2, 1); returns the exponent of the power of two that they were divided by.
template <class Real>
int scale_to_one(std::vector<Real>& values) {
    double largest = 0.0;
    for (const Real& x : values) largest = std::max(largest, std::fabs(value_of(x)));
    int exponent = 0;
    std::frexp(largest, &exponent);
    for (Real& x : values) x = scaled(x, -exponent);
    return exponent;
}

void subtract(const double* z, const double* x, int exponent, std::size_t n, double* w) {
    rounding::scale_differences(z, x, -exponent, n, w);
}

void subtract(const double* z, const double* x, int exponent, std::size_t n, DoubleDouble* w) {
    for (std::size_t j = 0; j < n; ++j) w[j] = scaled(two_sum(z[j], -x[j]), -exponent);
}

double norm(std::span<const double> values) {
    return std::sqrt(kernels().dot(values.data(), values.data(), values.size()));
}

}  // namespace

// gamma_n for the arithmetic of Real: unit roundoff 2^-53, or 2^-102 for double-double (each of its
// operations is accurate to 2^-103; one bit to spare).
template <class Real>
double Displacements<Real>::relative_error(std::size_t terms) {
    const double gamma = rounding::gamma(terms);
    return std::is_same_v<Real, double> ? gamma : gamma * 0x1p-49;
}

// what the kernels' sum of n terms counts for in relative_error, the products included
template <class Real>
std::size_t Displacements<Real>::terms(std::size_t n) {
    return std::is_same_v<Real, double> ? roundings_of_sum(n) + 1 : n;
}

template <class Real>
void Displacements<Real>::start(const double* point, int far) {
    point_ = point;
    far_ = far;
    evaluated_.clear();
    gradient_count_ = 0;
    stored_.resize(training_->dimension());
}

template <class Real>
void Displacements<Real>::evaluate(std::span<const std::size_t> positions, bool with_gradients) {
    const Metric& metric = training_->metric();
    const std::size_t d = training_->dimension(), r = metric.rank();
    pending_.clear();
    for (const std::size_t position : positions) {
        const auto found = evaluated_.find(position);
        const bool known = found != evaluated_.end() && (found->second.has_gradient || !with_gradients);
        if (!known && std::find(pending_.begin(), pending_.end(), position) == pending_.end())
            pending_.push_back(position);
    }
    if (pending_.empty()) return;
    displacements_.resize(pending_.size() * d);
    for (std::size_t i = 0; i < pending_.size(); ++i)
        subtract(point_, training_->points().row(pending_[i], stored_.data()), training_->exponent(), d,
                 displacements_.data() + i * d);
    if (!metric.is_identity()) {
        mapped_.resize(pending_.size() * r);
        multiply(metric.scaled_components(), displacements_.data(), pending_.size(), mapped_.data());
    }
    for (std::size_t i = 0; i < pending_.size(); ++i) {
        const Real *w = displacements_.data() + i * d, *p = metric.is_identity() ? w : mapped_.data() + i * r;
        if (!evaluated_.contains(pending_[i])) evaluated_.emplace(pending_[i], measure(pending_[i], w, p));
    }
    if (with_gradients) add_gradients();
}

// the gradients of what is pending, from its displacements or their images
template <class Real>
void Displacements<Real>::add_gradients() {
    const Metric& metric = training_->metric();
    const std::size_t d = training_->dimension(), first = gradient_count_;
    for (const std::size_t position : pending_) {
        Evaluated& x = evaluated_.at(position);
        x.has_gradient = true;
        x.slot = gradient_count_++;
    }
    if (gradients_.size() < gradient_count_ * d) gradients_.resize(2 * gradient_count_ * d);
    Real* out = gradients_.data() + first * d;
    if (metric.is_identity())
        std::copy_n(displacements_.data(), pending_.size() * d, out);
    else
        multiply(metric.scaled_transpose(), mapped_.data(), pending_.size(), out);
}

// displacement: z - x; mapped: L of it
template <class Real>
auto Displacements<Real>::measure(std::size_t position, const Real* displacement, const Real* mapped) -> Evaluated {
    const Metric& metric = training_->metric();
    const std::size_t d = training_->dimension(), r = metric.rank();
    Evaluated x;
    x.has_gradient = false;
    x.slot = 0;
    x.squared_distance = dot(mapped, mapped, r);
    const double squares = value_of(dot(displacement, displacement, d));
    x.length = up(std::sqrt(up(squares * (1.0 + rounding::gamma(d + 4)))));
    // error of L(z - x): one rounding of the difference, then d-term sums under |L|
    const double mapped_error =
        up(relative_error(metric.is_identity() ? 2 : terms(d) + 4) * metric.norm_bound() * x.length);
    const double size = value_of(x.squared_distance);
    x.distance_error =
        up(relative_error(terms(r) + 4) * size + mapped_error * (2.02 * std::sqrt(size) + mapped_error)) +
        rounding::underflow;
    if (!(x.distance_error <= 0x1p900)) x.distance_error = rounding::infinity;
    if (evaluates_exactly(position, displacement, size, x.length)) x.distance_error = 0.0;
    return x;
}

// Whether nothing was rounded in L(z - x) and its squared length, for this displacement and its length:
// where all terms are multiples of one power of two and their sums below 2^53 of it, as for features on a coarse
// grid. Ties abound there, and this settles them without integer arithmetic.
template <class Real>
bool Displacements<Real>::evaluates_exactly([[maybe_unused]] std::size_t position,
                                            [[maybe_unused]] const Real* displacement,
                                            [[maybe_unused]] double squared_distance, [[maybe_unused]] double length) {
    if constexpr (std::is_same_v<Real, double>) {
        return false;  // whether z - x was rounded is not known
    } else {
        if (!(length < rounding::infinity)) return false;
        const Metric& metric = training_->metric();
        const double* x = training_->points().row(position, stored_.data());
        constexpr double smallest_normal = std::numeric_limits<double>::min();
        double grain = rounding::infinity;
        for (std::size_t j = 0; j < training_->dimension(); ++j) {
            const double w = displacement[j].hi;
            // rounded, or scaled to where numbers lose digits or vanish
            if (two_sum(point_[j], -x[j]).lo != 0.0 || (point_[j] != x[j] && std::fabs(w) <= smallest_normal))
                return false;
            grain = std::min(grain, rounding::grain(w));
        }
        if (grain == rounding::infinity) return true;  // z = x
        const double step = grain * metric.grain();
        // steps so small that their squares underflow do not count
        return step >= 0x1p-400 && metric.norm_bound() * length < step * 0x1p52 &&
               squared_distance < step * step * 0x1p53;
    }
}

template <class Real>
Interval Displacements<Real>::squared_distance(std::size_t position) {
    const Evaluated& x = at(position);
    const double value = value_of(x.squared_distance);
    if (x.distance_error == 0.0) return {value, value};
    // the last terms cover dropping the low part of a double-double and the rounding of these two sums
    const double error = up(x.distance_error + 2 * rounding::unit * value);
    if (!(error <= 0x1p900)) return {0.0, rounding::infinity};
    return {std::max(value - error, 0.0), value + error};
}

template <class Real>
std::optional<int> Displacements<Real>::compare(std::size_t a, std::size_t b) {
    const std::size_t both[] = {a, b};
    evaluate(both, false);
    const Evaluated &x = evaluated_.at(a), &y = evaluated_.at(b);
    const double difference = value_of(x.squared_distance - y.squared_distance);
    const double error = x.distance_error + y.distance_error;
    if (error == 0.0) return (difference > 0.0) - (difference < 0.0);
    // a difference of double-doubles is rounded by 2^-103 of itself, and so is its high part by 2^-53
    if (!(std::fabs(difference) * (1.0 - 4 * rounding::unit) > up(error))) return {};
    return difference > 0.0 ? 1 : -1;
}

template <class Real>
double Displacements<Real>::distance(std::size_t position) {
    const int exponent = training_->exponent() + training_->metric().exponent();
    const double square = value_of(at(position).squared_distance);
    if (square >= smallest_square && square <= largest_square) return std::ldexp(std::sqrt(square), exponent);
    return distance_on_own_scale(position);
}

// Where squares in the scale of the training points overflow or underflow.
template <class Real>
double Displacements<Real>::distance_on_own_scale(std::size_t position) {
    const Metric& metric = training_->metric();
    const std::size_t d = training_->dimension(), r = metric.rank();
    displacements_.resize(d);
    subtract(point_, training_->points().row(position, stored_.data()), 0, d, displacements_.data());
    int exponent = metric.exponent() + scale_to_one(displacements_);
    mapped_.resize(r);
    if (metric.is_identity())
        mapped_ = displacements_;
    else
        multiply(metric.scaled_components(), displacements_.data(), 1, mapped_.data());
    exponent += scale_to_one(mapped_);
    return std::ldexp(std::sqrt(value_of(dot(mapped_.data(), mapped_.data(), r))), exponent);
}

template <class Real>
Interval Displacements<Real>::halfspace_distance(std::size_t other, std::span<const std::size_t> own,
                                                 std::span<const double> multipliers, const CostSpace& space) {
    same_.assign(own.size(), other);
    return halfspace_distance(same_, own, multipliers, space);
}

template <class Real>
Interval Displacements<Real>::halfspace_distance(std::span<const std::size_t> others, std::span<const std::size_t> own,
                                                 std::span<const double> multipliers, const CostSpace& space) {
    const std::size_t d = training_->dimension(), count = own.size();
    const Metric& metric = training_->metric();
    const double norm_bound = metric.norm_bound();
    // every point first: a new one may move the gradients
    points_.assign(others.begin(), others.end());
    points_.insert(points_.end(), own.begin(), own.end());
    evaluate(points_, true);
    combined_real_.assign(d, Real());

    const int scale = rounding::largest_exponent(multipliers);
    Real gap{};
    double gap_size = 0.0, gap_error = 0.0, direction_size = 0.0;
    bool exact = true;
    for (std::size_t i = 0; i < count; ++i) {
        const Evaluated &x_other = evaluated_.at(others[i]), &x_own = evaluated_.at(own[i]);
        const double weight = std::ldexp(multipliers[i], -scale);
        gap = gap + weight * (x_other.squared_distance - x_own.squared_distance);
        gap_size += weight * (value_of(x_other.squared_distance) + value_of(x_own.squared_distance));
        gap_error += weight * (x_other.distance_error + x_own.distance_error);
        exact = exact && x_other.distance_error == 0.0 && x_own.distance_error == 0.0;
        direction_size += weight * (x_other.length + x_own.length);
        const Real *g_other = gradients_.data() + x_other.slot * d, *g_own = gradients_.data() + x_own.slot * d;
        for (std::size_t j = 0; j < d; ++j) combined_real_[j] = combined_real_[j] + weight * (g_own[j] - g_other[j]);
    }
    gap_error = up((1.0 + rounding::gamma(count + 4)) * gap_error + relative_error(count + 4) * 1.01 * gap_size);
    // gradients carry d + r + 7 roundings under |Lᵀ||L|, the combination count + 2 more
    const std::size_t roundings = metric.is_identity() ? count + 5 : count + terms(d) + terms(metric.rank()) + 10;
    const double direction_error =
        up(relative_error(roundings) * (1.0 + rounding::gamma(count + 4)) * norm_bound * norm_bound * direction_size) +
        rounding::underflow;
    combined_.resize(d);
    for (std::size_t j = 0; j < d; ++j) combined_[j] = value_of(combined_real_[j]);
    const double value = value_of(gap);
    gap_error += 4 * rounding::unit * std::fabs(value);
    Side side{value, gap_error, direction_error};
    if (far_ != 0) side = {std::ldexp(value, -far_), up(std::ldexp(gap_error, -far_)), direction_error};
    const bool doubtful = !(gap_error <= doubtful_share * std::fabs(value)) && !exact;
    if (std::is_same_v<Real, DoubleDouble> && doubtful) take_difference(others, own, multipliers, side);
    return distance_of(side, space, others, own, multipliers);
}

// The same side by the differences of distances, of use where these drown in the distances.
template <class Real>
void Displacements<Real>::take_difference(std::span<const std::size_t> others, std::span<const std::size_t> own,
                                          std::span<const double> multipliers, Side& side) {
    const std::size_t d = training_->dimension(), count = own.size();
    const Metric& metric = training_->metric();
    const int scale = rounding::largest_exponent(multipliers);
    int direction_exponent = INT_MIN, gap_exponent = INT_MIN;
    std::vector<PairGap::Value> gaps;
    for (std::size_t i = 0; i < count; ++i) {
        gaps.push_back(gap_.evaluate(point_, others[i], own[i]));
        direction_exponent = std::max(direction_exponent, gaps[i].difference_exponent);
        gap_exponent = std::max(gap_exponent, gaps[i].difference_exponent + gaps[i].sum_exponent);
    }
    std::vector<DoubleDouble> direction(d);
    DoubleDouble gap;
    double error = 0.0, sizes = 0.0, lengths = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
        if (count > 1) gap_.evaluate(point_, others[i], own[i]);  // its normal is that of the last pair
        const double weight = std::ldexp(multipliers[i], -scale);
        const int down = gaps[i].difference_exponent + gaps[i].sum_exponent - gap_exponent;
        const DoubleDouble value = scaled(gaps[i].value, down);
        gap += weight * value;
        error += weight * up(std::ldexp(gaps[i].error, down));
        sizes += weight * std::fabs(value.hi);
        lengths += weight * std::ldexp(gap_.length(), gaps[i].difference_exponent - direction_exponent);
        const std::span<const DoubleDouble> normal = gap_.normal();
        for (std::size_t j = 0; j < d; ++j)
            direction[j] += weight * scaled(normal[j], gaps[i].difference_exponent - direction_exponent);
    }
    for (std::size_t j = 0; j < d; ++j) combined_[j] = direction[j].hi;
    // units: of the direction as the metric and its own exponent scale it, of the gap what is left
    const int units = gap_exponent - direction_exponent - training_->exponent() - far_;
    const double rounded = relative_error(count + 4) * 1.01 * sizes + 4 * rounding::unit * std::fabs(gap.hi);
    const std::size_t terms = metric.is_identity() ? count + 5 : count + d + metric.rank() + 10;
    side.gap = std::ldexp(gap.hi, units);
    side.gap_error = up(std::ldexp(up((1.0 + rounding::gamma(count + 4)) * error + rounded), units));
    side.direction_error = up(relative_error(terms) * (1.0 + rounding::gamma(count + 4)) * metric.norm_bound() *
                              metric.norm_bound() * lengths) +
                           rounding::underflow;
}

template <class Real>
Interval Displacements<Real>::distance_of(const Side& side, const CostSpace& space, std::span<const std::size_t> others,
                                          std::span<const std::size_t> own, std::span<const double> multipliers) {
    const auto [value, gap_error, direction_error] = side;
    if (!(gap_error <= 0x1p900) || !(direction_error <= 0x1p900)) return {0.0, rounding::infinity};
    if (!space.threat().euclidean() || space.threat().weighted())
        return distance_in(space, direction_error, value, gap_error, others, own, multipliers);
    const double direction = norm(combined_), slack = rounding::gamma(combined_.size() + 6);
    // the last term: squares that underflow; proofs/halfspace_distance.v: gap_right, halfspace_lower
    const double longest = up(direction * (1.0 + slack) + direction_error + 0x1p-480);
    const double shortest = rounding::down(direction * (1.0 - slack) - direction_error);
    Interval bounds;
    bounds.lower = value > gap_error ? rounding::down((value - gap_error) / (2.0 * longest)) : 0.0;
    const double widest = value + gap_error;
    bounds.upper = widest <= 0.0 ? 0.0 : shortest > 0.0 ? up(widest / (2.0 * shortest)) : rounding::infinity;
    return bounds;
}

// The end of halfspace_distance for threat models other than the default; combined_ is the direction.
template <class Real>
Interval Displacements<Real>::distance_in(const CostSpace& space, double direction_error, double gap, double gap_error,
                                          std::span<const std::size_t> others, std::span<const std::size_t> own,
                                          std::span<const double> multipliers) {
    const Threat& threat = space.threat();
    if (threat.weighted()) {
        for (std::size_t j = 0; j < combined_.size(); ++j) combined_[j] *= threat.inverse_cost(j);
        // the inverse and the product are rounded; inverses are at most 1
        direction_error = up(direction_error + 2.01 * rounding::unit * norm(combined_) + 0x1p-480);
    }
    const Halfspace halfspace{combined_, direction_error, 0.5 * (gap - gap_error), 0.5 * (gap + gap_error)};
    const Interval bounds = space.distance(halfspace);
    if (bounds.lower == rounding::infinity || !threat.frozen() || !space.beyond_box(halfspace)) return bounds;
    // nothing but the error of the direction leads there: only in coordinates that are not zero by structure
    return space.distance(halfspace, doubtful_radius(space, others, own, multipliers));
}

// How far δ can go in the coordinates where Σ λ_i M(x⁻_i - x⁺_i) is not zero whatever the numbers: features in which
// the points differ, and those that components tie to them.
template <class Real>
double Displacements<Real>::doubtful_radius(const CostSpace& space, std::span<const std::size_t> others,
                                            std::span<const std::size_t> own,
                                            std::span<const double> multipliers) const {
    const std::size_t d = training_->dimension();
    std::vector<double> scratch(2 * d);
    std::vector<char> differs(d, 0);
    for (std::size_t i = 0; i < own.size(); ++i) {
        if (multipliers[i] == 0.0) continue;
        const double* far = training_->points().row(others[i], scratch.data());
        const double* near = training_->points().row(own[i], scratch.data() + d);
        for (std::size_t j = 0; j < d; ++j) differs[j] = differs[j] || far[j] != near[j];
    }
    if (training_->metric().is_identity()) return space.radius_over(differs);
    const MatrixView l = training_->metric().components();
    std::vector<char> doubtful(d, 0);
    for (std::size_t i = 0; i < l.rows(); ++i) {
        bool used = false;
        for (std::size_t j = 0; j < d; ++j) used = used || (differs[j] && l(i, j) != 0.0);
        for (std::size_t j = 0; j < d && used; ++j) doubtful[j] = doubtful[j] || l(i, j) != 0.0;
    }
    return space.radius_over(doubtful);
}

template class Displacements<double>;
template class Displacements<DoubleDouble>;

Interval RefinedBounds::halfspace_distance(std::size_t other, std::span<const std::size_t> own,
                                           std::span<const double> multipliers) {
    const Interval fast = fast_.halfspace_distance(other, own, multipliers, *space_);
    const bool tight = fast.upper < rounding::infinity && fast.upper - fast.lower <= 1e-10 * fast.upper;
    if (tight || fast.lower == rounding::infinity) return fast;
    const Interval accurate = accurate_.halfspace_distance(other, own, multipliers, *space_);
    return intersection(fast, accurate);
}

}  // namespace robust_metric
