#include "search/vote/joint.hpp"

#include <algorithm>
#include <functional>

#include "base/rounding.hpp"
#include "geometry/half_space_pair.hpp"

namespace robust_metric {

using rounding::gamma;
using rounding::up;

void JointBounds::start(Id first, std::size_t count, std::span<const Id> own, std::size_t kept) {
    first_ = first;
    count_ = count;
    kept_ = kept;
    prepared_ = false;
    own_.assign(own.begin(), own.end());
    rows_.assign(count, {});
    unknown_.assign(count, 0.0f);
}

// What all rows share; false where the deadline passed.
bool JointBounds::prepare() {
    gaps_.clear();
    lengths_.clear();
    own_products_.resize(own_.size() * count_);
    products_.resize(count_);
    bounds_.resize(own_.size() * count_);
    for (std::size_t i = 0; i < own_.size(); ++i) {
        if (deadline_->passed()) return false;
        for (std::size_t j = 0; j < count_; ++j) {
            const Id y = first_ + static_cast<Id>(j);
            gaps_.push_back(cell_->points()[y].half_lower - cell_->points()[own_[i]].half_upper);
            lengths_.push_back(cell_->points().pair_length({y, own_[i]}));
        }
        cell_->points().products(own_[i], first_, std::span(own_products_).subspan(i * count_, count_));
    }
    return prepared_ = true;
}

std::span<const float> JointBounds::row(Id x) {
    std::vector<float>& row = rows_[x - first_];
    if (!row.empty()) return row;
    if (!prepared_ && !prepare()) return unknown_;
    compute(row, x);
    return row;
}

void JointBounds::compute(std::vector<float>& row, Id x) {
    cell_->points().products(x, first_, products_);
    for (std::size_t i = 0; i < own_.size(); ++i) bounds_by(i, x);
    row.resize(count_);
    column_.resize(own_.size());
    const auto at = column_.begin() + static_cast<std::ptrdiff_t>(kept_);
    for (std::size_t j = 0; j < count_; ++j) {
        for (std::size_t i = 0; i < own_.size(); ++i) column_[i] = bounds_[i * count_ + j];
        std::nth_element(column_.begin(), at, column_.end(), std::greater<>());
        row[j] = std::max(rounding::float_down(*at), 0.0f);
    }
}

// Into bounds_: x and each other point beat this one.
void JointBounds::bounds_by(std::size_t own, Id x) {
    const CellPoints::Point &near = cell_->points()[x], &beaten = cell_->points()[own_[own]];
    const std::size_t offset = own * count_, at_x = offset + (x - first_);
    const HalfSpace base{gaps_[at_x], lengths_[at_x]};
    const double base_error = up(near.row_error + beaten.row_error), base_size = near.row_norm + beaten.row_norm;
    const double constant = cell_->points().product(own_[own], own_[own]) - own_products_[at_x];
    const double rounding_error = gamma(cell_->points().dimension() + 16) * base_size;
    for (std::size_t j = 0; j < count_; ++j) {
        const CellPoints::Point& other = cell_->points()[first_ + static_cast<Id>(j)];
        const HalfSpace second{gaps_[offset + j], lengths_[offset + j]};
        const double slack = base_error * second.length + base.length * (other.row_error + beaten.row_error) +
                             rounding_error * (other.row_norm + beaten.row_norm);
        const double inner = products_[j] - own_products_[offset + j] + constant + up(slack);
        bounds_[offset + j] = std::max({base.distance(), second.distance(), HalfSpacePair(base, second, inner).bound});
    }
}

}  // namespace robust_metric
