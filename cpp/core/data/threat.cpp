#include "robust_metric/threat.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/arguments.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

Threat::Threat(Norm norm, std::size_t dimension, std::span<const double> cost, std::span<const double> lower,
               std::span<const double> upper)
    : norm_(norm), dimension_(dimension) {
    if (norm != Norm::one && norm != Norm::two && norm != Norm::infinity)
        refuse("norm", "be one, two or infinity", std::to_string(static_cast<int>(norm)));
    if (dimension < 1) refuse("dimension", "be at least 1", "0");
    check_optional_length("cost", cost, dimension, "one per feature");
    check_optional_length("lower", lower, dimension, "one per feature");
    check_optional_length("upper", upper, dimension, "one per feature");
    if (lower.size() != upper.size())
        refuse("lower and upper", "come together", lower.empty() ? "upper alone" : "lower alone");
    if (!cost.empty()) take_cost(cost);
    if (!lower.empty()) take_box(lower, upper);
    if (norm == Norm::infinity)
        dual_factor_ = rounding::up(std::sqrt(static_cast<double>(weighted() ? movable_ : dimension)));
}

void Threat::check_fits(std::size_t dimension) const {
    if (dimension_ == 0 || dimension_ == dimension) return;
    refuse("threat", "be for " + std::to_string(dimension) + " features", "one for " + std::to_string(dimension_));
}

void Threat::take_cost(std::span<const double> cost) {
    double smallest = rounding::infinity, largest = 0.0;
    for (const double value : cost) {
        if (!(value > 0.0)) refuse("cost", "be positive", std::to_string(value));
        smallest = std::min(smallest, value);
        if (value < rounding::infinity) largest = std::max(largest, value);
    }
    if (smallest < rounding::infinity) {
        exponent_ = std::ilogb(smallest);
        if (std::ldexp(largest, -exponent_) > 0x1p200)
            refuse("cost", "have finite entries that differ by a factor of at most 2^200",
                   std::to_string(smallest) + " and " + std::to_string(largest));
    }
    for (const double value : cost) {
        cost_.push_back(std::ldexp(value, -exponent_));
        inverse_.push_back(1.0 / cost_.back());  // 0 for an infinite one
        movable_ += inverse_.back() > 0.0;
    }
    // equal costs need no weighting: they are in the exponent, if they are a power of two
    if (std::all_of(inverse_.begin(), inverse_.end(), [](double value) { return value == 1.0; })) {
        cost_.clear();
        inverse_.clear();
        movable_ = 0;
    }
}

void Threat::take_box(std::span<const double> lower, std::span<const double> upper) {
    lower_.assign(lower.begin(), lower.end());
    upper_.assign(upper.begin(), upper.end());
    for (std::size_t j = 0; j < lower_.size(); ++j) {
        const std::string got = std::to_string(lower_[j]) + " and " + std::to_string(upper_[j]);
        if (!(lower_[j] <= upper_[j])) refuse("lower", "be at most upper", got);
        if (lower_[j] == rounding::infinity || upper_[j] == -rounding::infinity)
            refuse("lower and upper", "leave finite numbers between them", got);
    }
    const auto unbounded = [](double value) { return std::isinf(value); };
    if (std::all_of(lower_.begin(), lower_.end(), unbounded) && std::all_of(upper_.begin(), upper_.end(), unbounded) &&
        std::all_of(upper_.begin(), upper_.end(), [](double value) { return value > 0.0; }) &&
        std::all_of(lower_.begin(), lower_.end(), [](double value) { return value < 0.0; })) {
        lower_.clear();
        upper_.clear();
    }
}

Threat Threat::within(std::span<const double> lower, std::span<const double> upper) const {
    check_fits(lower.size());
    check_length("upper", upper, lower.size(), "one per feature");
    std::vector<double> least(lower.begin(), lower.end()), most(upper.begin(), upper.end());
    for (std::size_t j = 0; j < least.size(); ++j) {
        least[j] = std::max(least[j], this->lower(j));
        most[j] = std::min(most[j], this->upper(j));
    }
    Threat threat = *this;
    threat.dimension_ = least.size();
    threat.take_box(least, most);
    return threat;
}

bool Threat::holds(std::span<const double> point) const {
    if (boxed()) check_length("point", point, lower_.size(), "one per feature");
    for (std::size_t j = 0; j < lower_.size(); ++j)
        if (!(lower_[j] <= point[j] && point[j] <= upper_[j])) return false;
    return true;
}

void Threat::confine(std::span<const double> point, std::span<double> step) const {
    if (!confined()) return;
    check_length("point", point, dimension_, "one per feature");
    check_length("step", step, dimension_, "one per feature");
    if (!holds(point)) refuse("point", "lie within the bounds of the threat model", "one outside");
    for (std::size_t j = 0; j < step.size(); ++j) {
        if (is_frozen(j)) step[j] = 0.0;
        if (point[j] + step[j] > upper(j)) step[j] = upper(j) - point[j];
        if (point[j] + step[j] < lower(j)) step[j] = lower(j) - point[j];
        // the sum may round to just outside, the step to 0 never
        while (point[j] + step[j] > upper(j) || point[j] + step[j] < lower(j)) {
            const double grain = std::max(std::fabs(point[j]), std::fabs(step[j])) * 0x1p-52;
            step[j] = std::fabs(step[j]) <= grain ? 0.0 : step[j] - std::copysign(grain, step[j]);
        }
    }
}

}  // namespace robust_metric
