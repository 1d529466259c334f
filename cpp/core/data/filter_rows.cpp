#include "data/filter_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/kernels.hpp"

namespace robust_metric {

namespace {

constexpr double unit_single = 0x1p-24;

// beyond this norm a product of two rows may overflow
constexpr double largest_norm = 0x1p60;

double gamma_single(std::size_t n) {
    const double nu = static_cast<double>(n) * unit_single;
    return nu < 1.0 ? nu / (1.0 - nu) * (1.0 + 0x1p-50) : rounding::infinity;
}

// in the norm of a row whose squares may be flushed to zero
double flushed(std::size_t width) { return std::sqrt(static_cast<double>(width)) * 0x1p-62; }

constexpr float infinite = std::numeric_limits<float>::infinity();

}  // namespace

FilterRows::FilterRows(std::size_t count, std::size_t width, double absolute_error)
    : FilterRows(std::make_unique_for_overwrite<float[]>(count * width), count, width, absolute_error) {}

FilterRows::FilterRows(std::unique_ptr<float[]> storage, std::size_t count, std::size_t width, double absolute_error)
    : FilterRows(MutableFloatMatrixView(storage.get(), count, width), absolute_error) {
    storage_ = std::move(storage);
}

FilterRows::FilterRows(MutableFloatMatrixView storage, double absolute_error) : FilterRows(FloatMatrixView(storage)) {
    to_set_ = storage;
    absolute_error_ = absolute_error;
}

FilterRows::FilterRows(FloatMatrixView rows)
    : rows_(rows),
      norms_(rows.rows()),
      blurs_(rows.rows()),
      errors_(rows.rows()),
      any_order_(gamma_single(rows.cols() + 4)),
      flushed_(flushed(rows.cols())) {}

FilterRows::FilterRows(const FilterRows& others, std::span<const std::uint32_t> which)
    : FilterRows(which.size(), others.rows_.cols(), others.absolute_error_) {
    for (std::size_t i = 0; i < which.size(); ++i) {
        std::copy_n(others.row(which[i]), rows_.cols(), to_set_.row(i));
        norms_[i] = others.norms_[which[i]];
        blurs_[i] = others.blurs_[which[i]];
        errors_[i] = others.errors_[which[i]];
    }
    to_set_ = {};
}

void FilterRows::set(std::size_t i, const double* values, double extent) {
    const bool exact = to_set_.rows() == 0;
    if (!exact) std::copy_n(values, rows_.cols(), to_set_.row(i));
    const FilterNumbers numbers = measure(rows_.row(i), extent, exact);
    norms_[i] = numbers.norm;
    blurs_[i] = numbers.blur;
    errors_[i] = numbers.error;
}

FilterNumbers FilterRows::describe(const double* values, double extent, float* row) const {
    std::copy_n(values, rows_.cols(), row);
    return measure(row, extent, false);
}

Interval FilterRows::distance(std::size_t a, std::size_t b) const {
    const std::size_t width = rows_.cols();
    // the kernel adds width / 32 terms to each of its lanes
    return distance_from(kernels().squared_distance_single(row(a), row(b), width), gamma_single(width / 32 + 16), a, b);
}

Interval FilterRows::distance_from(float square, std::size_t a, std::size_t b) const {
    return distance_from(square, any_order_, a, b);
}

Interval FilterRows::distance_from(float square, double slack, std::size_t a, std::size_t b) const {
    const double length = std::sqrt(static_cast<double>(square));
    // flushed squares are at most 2^-126 each
    const double error = errors_[a] + static_cast<double>(errors_[b]) + flushed_;
    return {rounding::down(length * (1.0 - slack) - error), rounding::up(length * (1.0 + slack) + error)};
}

// Twice this times the blur of a row is at least its ‖ã‖².
double FilterRows::blur_without_squares() const {
    double most = 0.0;
    for (std::size_t i = 0; i < rows_.rows(); ++i) {
        const double size = std::sqrt(static_cast<double>(norms_[i]) * (1.0 + 0x1p-23) + 0x1p-126);
        const double length = rounding::up(size) + static_cast<double>(errors_[i]);
        if (blurs_[i] < infinite) most = std::max(most, length * length / (2.0 * static_cast<double>(blurs_[i])));
    }
    return rounding::up(most);
}

FilterNumbers FilterRows::measure(const float* row, double extent, bool exact) const {
    const std::size_t width = rows_.cols();
    const auto terms = static_cast<double>(width);
    double square = 0.0;
    for (std::size_t j = 0; j < width; ++j) square += static_cast<double>(row[j]) * static_cast<double>(row[j]);
    const double size = rounding::up(std::sqrt(square * (1.0 + rounding::gamma(width + 4))));
    // float32 halves the range of exponents: what may be flushed to zero is counted in full
    const double flushed = std::sqrt(terms) * 0x1p-125, floor = std::sqrt((terms + 8.0) * 0x1p-122);
    const double rounded = exact ? 0.0 : unit_single * (1.0 + 0x1p-20);
    const double absolute = absolute_error_ * extent + flushed;
    const double relative = gamma_single(width + 10) + 2.0 * rounded, root = std::sqrt(relative);
    const double blur = (root * size + absolute / root + floor) * (1.0 + 0x1p-16);
    FilterNumbers numbers{static_cast<float>(square), infinite, infinite};
    if (size <= largest_norm && blur <= largest_norm) {
        numbers.blur = rounding::float_up(blur);
        numbers.error = rounding::float_up(rounded * size + absolute);
    }
    return numbers;
}

}  // namespace robust_metric
