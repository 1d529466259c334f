#include "data/metric.hpp"

#include <algorithm>
#include <cmath>

#include "base/rounding.hpp"
#include "data/operator_norm.hpp"

namespace robust_metric {

namespace {

double compute_norm_bound(MatrixView l) {
    std::vector<double> column_sums(l.cols(), 0.0);
    double largest_row = 0.0, squares = 0.0;
    for (std::size_t i = 0; i < l.rows(); ++i) {
        double row_sum = 0.0;
        for (std::size_t j = 0; j < l.cols(); ++j) {
            const double size = std::fabs(l(i, j));
            row_sum += size;
            column_sums[j] += size;
            squares += size * size;
        }
        largest_row = std::max(largest_row, row_sum);
    }
    const double largest_column = *std::max_element(column_sums.begin(), column_sums.end());
    const double relative = 1.0 + rounding::gamma(l.rows() * l.cols() + 4);
    return rounding::up(relative * std::min(std::sqrt(squares), std::sqrt(largest_row * largest_column)));
}

}  // namespace

Metric::Metric(MatrixView components, std::size_t dimension) : rank_(components.rows()), dimension_(dimension) {
    if (components.rows() == 0) return;
    const auto entries = std::make_shared<Entries>();
    auto& original = entries->original;
    auto& scaled = entries->scaled;
    auto& transpose = entries->transpose;
    double largest = 0.0;
    for (std::size_t i = 0; i < rank_; ++i) {
        original.insert(original.end(), components.row(i), components.row(i) + dimension);
        for (std::size_t j = 0; j < dimension; ++j) largest = std::max(largest, std::fabs(components(i, j)));
    }
    if (largest > 0.0) std::frexp(largest, &exponent_);
    scaled.reserve(original.size());
    for (const double value : original) scaled.push_back(std::ldexp(value, -exponent_));
    transpose.resize(scaled.size());
    for (std::size_t i = 0; i < rank_; ++i)
        for (std::size_t j = 0; j < dimension_; ++j) transpose[j * rank_ + i] = scaled[i * dimension_ + j];
    grain_ = rounding::infinity;
    for (const double value : scaled) grain_ = std::min(grain_, rounding::grain(value));
    // an entry that scaling flushed to zero is a multiple of nothing: evaluation is then never exact
    for (std::size_t i = 0; i < scaled.size(); ++i)
        if (scaled[i] == 0.0 && original[i] != 0.0) grain_ = 0.0;
    entries_ = entries;
    norm_bound_ = compute_norm_bound(scaled_components());
}

double Metric::operator_norm() const {
    if (is_identity()) return 1.0;
    std::call_once(entries_->norm_known,
                   [this] { entries_->operator_norm = bound_operator_norm(scaled_components(), norm_bound_); });
    return entries_->operator_norm;
}

}  // namespace robust_metric
