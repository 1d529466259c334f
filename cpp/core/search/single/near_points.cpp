#include "search/single/near_points.hpp"

#include <algorithm>

#include "base/rounding.hpp"
#include "certify/halfspace_bounds.hpp"

namespace robust_metric {

namespace {

// points of the class that others are tested with, and that are kept whatever the tests say, as HalfspaceBounds looks
// at some before all others
constexpr std::size_t most_own = 4 * PairPack::size, kept_own = PairPack::size;

}  // namespace

std::span<const std::uint32_t> NearPoints::within(LeafQuery& query, int label, double distance) {
    const Point nearest = nearest_own(query, label);
    reach_.start(std::span<const Point>(&nearest, 1), query.squared_norm());
    const double limit = reach_.limit(distance);
    query.open_all(limit);
    own_.clear();
    points_.clear();
    for (std::size_t slot = 0; slot < query.opened(); ++slot)
        query.each_in(
            slot, [=] { return limit; },
            [&](const Point& p) {
                points_.push_back(p);
                if (p.label == label) own_.push_back(p);
            });
    const std::size_t count = std::min(most_own, own_.size());
    sort_nearest(own_, count);
    own_.resize(count);
    const auto packs = fill_packs(training_->twice_mapped(), own_, packs_);
    found_.clear();
    for (std::size_t i = 0; i < std::min(kept_own, own_.size()); ++i) found_.push_back(own_[i].index);
    const float four_squares = four_squares_above(rounding::up(distance * (1.0 + HalfspaceBounds::margin)));
    test_.keep_unbeaten(training_->twice_mapped(), packs, four_squares, 1, points_);
    for (const Point& point : points_) found_.push_back(point.index);
    std::sort(found_.begin(), found_.end());
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    return found_;
}

auto NearPoints::nearest_own(LeafQuery& query, int label) -> Point {
    Point nearest{};
    double upper = rounding::infinity;
    for (std::size_t slot = 0; slot < query.opened() || query.open_next(upper); ++slot)
        query.each_in(
            slot, [&] { return upper; },
            [&](const Point& p) {
                if (p.label != label || !(p.upper() < upper)) return;
                nearest = p;
                upper = p.upper();
            });
    return nearest;
}

}  // namespace robust_metric
