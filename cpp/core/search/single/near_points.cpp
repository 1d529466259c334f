#include "search/single/near_points.hpp"

#include <algorithm>
#include <limits>

#include "base/kernels.hpp"
#include "base/rounding.hpp"
#include "certify/halfspace_bounds.hpp"

namespace robust_metric {

namespace {

// points of the class that others are tested with, and that are kept whatever the tests say, as HalfspaceBounds looks
// at some before all others
constexpr std::size_t most_own = 4 * PairPack::size, kept_own = PairPack::size;

// points of one test
constexpr std::size_t points_at_once = 32;

bool nearer(const LeafQuery::Found& a, const LeafQuery::Found& b) {
    return a.value != b.value ? a.value < b.value : a.index < b.index;
}

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
    pack_nearest_own();
    found_.clear();
    for (std::size_t i = 0; i < std::min(kept_own, own_.size()); ++i) found_.push_back(own_[i].index);
    const float four_squares = four_squares_above(rounding::up(distance * (1.0 + HalfspaceBounds::margin)));
    for (std::size_t first = 0; first < points_.size(); first += points_at_once)
        test(std::span<const Point>(points_).subspan(first, std::min(points_at_once, points_.size() - first)),
             four_squares);
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

void NearPoints::pack_nearest_own() {
    const std::size_t count = std::min(most_own, own_.size());
    std::partial_sort(own_.begin(), own_.begin() + static_cast<std::ptrdiff_t>(count), own_.end(), nearer);
    own_.resize(count);
    packs_.resize((count + PairPack::size - 1) / PairPack::size);
    for (std::size_t i = 0; i < packs_.size(); ++i) {
        const std::size_t first = i * PairPack::size;
        packs_[i].fill(training_->twice_mapped(),
                       std::span<const Point>(own_).subspan(first, std::min(PairPack::size, count - first)),
                       std::numeric_limits<float>::infinity(), [](const Point& p) { return p.upper(); });
    }
}

// Keeps the points that none of the nearest of the class is surely nearer than, wherever the query goes.
void NearPoints::test(std::span<const Point> points, float four_squares) {
    list_.clear();
    tested_.clear();
    for (const Point& point : points) {
        list_.push(training_->twice_mapped(), point.index, point.lower());
        tested_.push_back(&point);
    }
    std::size_t count = points.size();
    bits_.resize(count);
    for (std::size_t pack = 0; pack < packs_.size() && count > 0; ++pack) {
        kernels().pairs_beyond(packs_[pack].view(), list_.view(0, count), four_squares, bits_.data());
        std::size_t kept = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (bits_[i] != 0) continue;
            tested_[kept] = tested_[i];
            list_.move(i, kept++);
        }
        count = kept;
    }
    for (std::size_t i = 0; i < count; ++i) found_.push_back(tested_[i]->index);
}

}  // namespace robust_metric
