#include "geometry/halfspace_sum.hpp"

#include <cmath>

#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

using rounding::gamma;
using rounding::infinity;
using rounding::up;

void HalfspaceSum::start(std::span<const double> multipliers) {
    direction_.assign(training_->dimension(), 0.0);
    gap_ = gap_size_ = direction_error_ = size_ = longest_ = 0.0;
    terms_ = 0;
    scale_ = rounding::largest_exponent(multipliers);
}

void HalfspaceSum::add(double multiplier, const Point& entering, const Point& beaten) {
    ++terms_;
    const double weight = std::ldexp(multiplier, -scale_);
    if (weight == 0.0) return;
    gap_ += weight * (entering.half.lower - beaten.half.upper);
    gap_size_ += weight * (std::fabs(entering.half.lower) + std::fabs(beaten.half.upper));
    direction_error_ += weight * training_->twice_mapped_norm_error(entering.extent, beaten.extent);
    size_ += weight * (entering.row_norm + beaten.row_norm);
    kernels().axpy(weight, entering.row, direction_.data(), direction_.size());
    kernels().axpy(-weight, beaten.row, direction_.data(), direction_.size());
}

void HalfspaceSum::finish() {
    if (terms_ == 0) return;
    const double slack = gamma(2 * terms_ + 6);
    const double length = std::sqrt(kernels().dot(direction_.data(), direction_.data(), direction_.size()));
    gap_ -= slack * gap_size_;
    direction_error_ = up(direction_error_ * (1.0 + slack) + slack * size_);
    // the last term: squares that underflow may take that much off a norm
    longest_ = up(length * (1.0 + gamma(direction_.size() + 6)) + direction_error_ + 0x1p-480);
}

double HalfspaceSum::distance(const CostSpace& space) const {
    if (!(gap_ > 0.0) || !(longest_ < infinity)) return 0.0;
    return space.threat().euclidean() ? rounding::down(gap_ / longest_)
                                      : space.distance({direction_, direction_error_, gap_, infinity}).lower;
}

}  // namespace robust_metric
