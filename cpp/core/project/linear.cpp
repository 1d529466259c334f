#include "project/linear.hpp"

#include <algorithm>
#include <cmath>

#include "base/kernels.hpp"

namespace robust_metric {

namespace {

// p = infinity: rows may be missed by this share of the solution, where growing the radius no longer helps
constexpr double tolerance = 1e-13;

// distances beyond this multiple of the farthest single half-space are taken as a contradiction
constexpr double too_far = 1e12;

constexpr int max_rounds = 200;

// p = 1: δ = rise - fall, both priced 1. p = infinity: δ and t <= 0, the common margin by which rows are missed.
std::vector<double> costs(Norm norm, std::size_t dimension) {
    if (norm == Norm::one) return std::vector<double>(2 * dimension, 1.0);
    std::vector<double> result(dimension + 1, 0.0);
    result.back() = -1.0;
    return result;
}

}  // namespace

LinearProjection::LinearProjection(const CostSpace& space)
    : space_(&space), dimension_(space.dimension()), lp_(costs(space.threat().norm(), space.dimension())) {}

void LinearProjection::reset() {
    lp_.reset();
    norm_ = norm_at_drop_ = 0.0;
    solution_.assign(dimension_, 0.0);
    multipliers_.clear();
    contradiction_.clear();
    row_ids_.clear();
    row_lengths_.clear();
    row_offsets_.clear();
    row_multipliers_.clear();
    ids_.clear();
    if (space_->threat().norm() == Norm::infinity) {
        lp_.set_bounds(dimension_, -rounding::infinity, 0.0);
        set_radius(0.0);
        return;
    }
    for (std::size_t j = 0; j < dimension_; ++j) {
        lp_.set_bounds(j, 0.0, space_->above(j));
        lp_.set_bounds(dimension_ + j, 0.0, space_->below(j));
    }
}

void LinearProjection::set_radius(double radius) {
    norm_ = radius;
    for (std::size_t j = 0; j < dimension_; ++j)
        lp_.set_bounds(j, -std::min(radius, space_->below(j)), std::min(radius, space_->above(j)));
}

bool LinearProjection::add(const double* normal, double offset, std::size_t id) {
    const double length = std::sqrt(kernels().dot(normal, normal, dimension_));
    if (!(length > 0.0)) {
        if (!(offset > 0.0)) return true;
        contradiction_.assign(ids_.size() + 1, 0.0);
        contradiction_.back() = 1.0;
        return false;
    }
    drop_slack_rows();
    const bool one = space_->threat().norm() == Norm::one;
    row_.assign(normal, normal + dimension_);
    for (double& value : row_) value /= length;
    if (one)
        for (std::size_t j = 0; j < dimension_; ++j) row_.push_back(-row_[j]);
    else
        row_.push_back(-1.0);
    lp_.add_row(row_.data(), offset / length);
    row_ids_.push_back(id);
    row_lengths_.push_back(length);
    row_offsets_.push_back(offset / length);
    row_multipliers_.push_back(0.0);
    if (!(one ? solve_one() : solve_infinity())) return false;
    take_multipliers();
    return true;
}

// Only once the norm has grown: where the solution moves and the norm stays, rows could come and go for ever.
void LinearProjection::drop_slack_rows() {
    if (!(norm_ > norm_at_drop_ * (1.0 + 1e-12))) return;
    norm_at_drop_ = norm_;
    lp_.drop_slack_rows([&](std::size_t i) {
        const auto at = static_cast<std::ptrdiff_t>(i);
        row_ids_.erase(row_ids_.begin() + at);
        row_lengths_.erase(row_lengths_.begin() + at);
        row_offsets_.erase(row_offsets_.begin() + at);
        row_multipliers_.erase(row_multipliers_.begin() + at);
    });
}

bool LinearProjection::solve_one() {
    if (lp_.solve() == BoundedLP::Result::infeasible) {
        contradict(lp_.ray());
        return false;
    }
    const auto x = lp_.solution();
    for (std::size_t j = 0; j < dimension_; ++j) solution_[j] = x[j] - x[dimension_ + j];
    row_multipliers_.assign(lp_.multipliers().begin(), lp_.multipliers().end());
    norm_ = space_->norm(solution_);
    return true;
}

// The radius grows to the distance of the aggregated half-space of the rows' best multipliers at the radius before,
// until all rows can be satisfied: Newton's method on the margin, which is concave in the radius.
bool LinearProjection::solve_infinity() {
    double farthest = 0.0;
    for (const double offset : row_offsets_) farthest = std::max(farthest, offset);
    for (int round = 0; round < max_rounds; ++round) {
        const BoundedLP::Result result = lp_.solve();
        const auto x = lp_.solution();
        std::copy_n(x.begin(), dimension_, solution_.begin());
        const double size = std::sqrt(kernels().dot(solution_.data(), solution_.data(), dimension_));
        if (result != BoundedLP::Result::optimal || x[dimension_] >= -tolerance * size) return true;
        const auto y = lp_.multipliers();
        combined_.assign(dimension_, 0.0);
        double offset = 0.0;
        row_multipliers_.assign(y.begin(), y.end());
        for (std::size_t i = 0; i < row_ids_.size(); ++i) {
            offset += y[i] * row_offsets_[i];
            lp_.add_scaled_row(y[i], i, combined_.data(), dimension_);
        }
        const double radius = space_->distance({combined_, 0.0, offset, offset}).lower;
        if (radius > too_far * farthest) {
            contradict(row_multipliers_);
            return false;
        }
        if (radius <= norm_) return true;
        set_radius(radius);
    }
    return true;
}

void LinearProjection::take_multipliers() {
    ids_.clear();
    multipliers_.clear();
    for (std::size_t i = 0; i < row_ids_.size(); ++i) {
        if (!(row_multipliers_[i] > 0.0)) continue;
        ids_.push_back(row_ids_[i]);
        multipliers_.push_back(row_multipliers_[i] / row_lengths_[i]);
    }
}

// The multipliers of all rows, the last of which is new: those of the active ones and the new one, in their order.
void LinearProjection::contradict(std::span<const double> of_rows) {
    contradiction_.clear();
    ids_.clear();
    multipliers_.clear();
    for (std::size_t i = 0; i < row_ids_.size(); ++i) {
        contradiction_.push_back(std::max(of_rows[i], 0.0) / row_lengths_[i]);
        if (i + 1 == row_ids_.size()) break;
        ids_.push_back(row_ids_[i]);
        multipliers_.push_back(std::max(row_multipliers_[i], 0.0) / row_lengths_[i]);
    }
}

}  // namespace robust_metric
