#include "geometry/pair_gap.hpp"

#include <algorithm>
#include <cmath>

#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

auto PairGap::evaluate(const double* z, std::size_t other, std::size_t own) -> Value {
    const PreparedSet& t = *training_;
    const std::size_t d = t.dimension(), r = t.metric().rank();
    stored_.resize(2 * d);
    difference_.values.resize(d);
    sum_.values.resize(d);
    const double *far = t.points().row(other, stored_.data()), *near = t.points().row(own, stored_.data() + d);
    for (std::size_t j = 0; j < d; ++j) {
        difference_.values[j] = two_sum(near[j], -far[j]);
        sum_.values[j] = two_sum(z[j], -near[j]) + two_sum(z[j], -far[j]);
    }
    map(difference_);
    map(sum_);
    const std::vector<DoubleDouble>&p = difference_.mapped, &q = sum_.mapped;
    double sizes = 0.0;
    for (std::size_t i = 0; i < r; ++i) sizes += difference_.mapped_sizes[i] * sum_.mapped_sizes[i];
    // d roundings in each factor, one more in the sum, r in the product; unit 2^-102
    const double relative = rounding::gamma(2 * d + r + 16) * 0x1p-49;
    double error = rounding::up(relative * sizes) + rounding::underflow;
    if (!(error <= 0x1p100)) error = rounding::infinity;  // coordinates that overflow
    return {dot(p.data(), q.data(), r), error, difference_.exponent, sum_.exponent};
}

std::optional<int> PairGap::sign(const double* z, std::size_t a, std::size_t b) {
    const Value gap = evaluate(z, a, b);
    // what the high part leaves out is below its own rounding, and that of the factor below
    const double size = std::fabs(gap.value.hi) * (1.0 - 4.0 * rounding::unit);
    if (!(size > gap.error)) return {};
    return gap.value.hi > 0.0 ? 1 : -1;
}

std::span<const DoubleDouble> PairGap::normal() {
    const Metric& metric = training_->metric();
    if (metric.is_identity()) return difference_.values;
    normal_.resize(training_->dimension());
    multiply(metric.scaled_transpose(), difference_.mapped.data(), 1, normal_.data());
    return normal_;
}

double PairGap::length() const {
    double squares = 0.0;
    for (const double size : difference_.sizes) squares += size * size;
    return rounding::up(std::sqrt(rounding::up(squares * (1.0 + rounding::gamma(difference_.sizes.size() + 4)))));
}

void PairGap::map(Factor& factor) const {
    const Metric& metric = training_->metric();
    const std::size_t d = factor.values.size();
    double largest = 0.0;
    for (const DoubleDouble& value : factor.values) largest = std::max(largest, std::fabs(value.hi));
    factor.exponent = 0;
    std::frexp(largest, &factor.exponent);
    factor.sizes.resize(d);
    for (std::size_t j = 0; j < d; ++j) {
        factor.values[j] = scaled(factor.values[j], -factor.exponent);
        factor.sizes[j] = std::fabs(factor.values[j].hi);
    }
    if (metric.is_identity()) {
        factor.mapped = factor.values;
        factor.mapped_sizes = factor.sizes;
        return;
    }
    const MatrixView l = metric.scaled_components();
    factor.mapped.resize(l.rows());
    multiply(l, factor.values.data(), 1, factor.mapped.data());
    factor.mapped_sizes.assign(l.rows(), 0.0);
    for (std::size_t i = 0; i < l.rows(); ++i)
        for (std::size_t j = 0; j < d; ++j) factor.mapped_sizes[i] += std::fabs(l(i, j)) * factor.sizes[j];
}

}  // namespace robust_metric
