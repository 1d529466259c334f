#include "geometry/neighbors.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/kernels.hpp"
#include "base/kth_smallest.hpp"
#include "base/rounding.hpp"
#include "geometry/exact_distance.hpp"

namespace robust_metric {

std::span<const std::size_t> NeighborSearch::nearest(const Query& query, std::size_t k, bool ordered) {
    const FilterDistances& distances = query.mapped;
    const std::size_t n = training_->size();
    const float reach = reach_of(distances);
    KthSmallest upper(heap_, k);
    candidates_.clear();
    for (std::size_t i = 0;; ++i) {
        i = kernels().next_within(distances.values, distances.rows->blurs(), reach, rounding::float_up(upper.value()),
                                  i, n);
        if (i == n) break;
        const Interval relative = distances.relative(i);
        if (relative.lower > upper.value()) continue;
        upper.push(relative.upper);
        candidates_.push_back({i, relative});
    }
    settle(query.point, k, ordered, upper.value());
    return result_;
}

std::span<const std::size_t> NeighborSearch::nearest(LeafQuery& query, std::size_t k, bool ordered) {
    return nearest_opened(query, k, ordered);
}

std::span<const std::size_t> NeighborSearch::nearest(CascadeQuery& query, std::size_t k, bool ordered) {
    return nearest_opened(query, k, ordered);
}

template <class SomeQuery>
std::span<const std::size_t> NeighborSearch::nearest_opened(SomeQuery& query, std::size_t k, bool ordered) {
    KthSmallest upper(heap_, k);
    candidates_.clear();
    for (std::size_t slot = 0; slot < query.opened() || query.open_next(upper.value()); ++slot)
        query.each_in(
            slot, [&] { return upper.value(); },
            [&](const LeafQuery::Found& found) {
                const Interval relative =
                    training_->mapped().relative_distance(found.index, found.value, query.numbers().blur);
                upper.push(relative.upper);
                candidates_.push_back({found.index, relative});
            });
    settle(query.point(), k, ordered, upper.value());
    return result_;
}

std::span<const std::size_t> NeighborSearch::nearest_around(const Query& query, const double* point, double reach,
                                                            std::size_t k) {
    const PreparedSet& t = *training_;
    const FilterDistances& distances = query.mapped;
    const FilterRows& rows = t.mapped();
    const std::size_t n = t.size();
    const float blur = reach_of(distances);
    t.embed_mapped(point, embedding_);
    const double relative_limit = limit_around(query, reach, k);
    row_.resize(rows.rows().cols());
    const FilterNumbers numbers = describe(t, embedding_, row_.data());
    candidates_.clear();
    for (std::size_t i = 0;; ++i) {
        i = kernels().next_within(distances.values, rows.blurs(), blur, rounding::float_up(relative_limit), i, n);
        if (i == n) break;
        const float computed = rows.norms()[i] - 2.0f * kernels().dot_single(rows.row(i), row_.data(), row_.size());
        candidates_.push_back({i, rows.relative_distance(i, computed, numbers.blur)});
    }
    KthSmallest upper(heap_, k);
    for (const Candidate& c : candidates_) upper.push(c.relative.upper);
    settle(point, k, true, upper.value());
    return result_;
}

// What the map makes of the step from the query to the point that embedding_ is of, at most: from the norm of the map,
// or from the mapped rows, as norms of dense maps are far too large for most steps.
double NeighborSearch::mapped_reach(const Query& query, double reach) const {
    const PreparedSet& t = *training_;
    const double by_norm = t.metric().norm_bound() * reach;
    if (t.metric().is_identity() || embedding_.far != 0) return by_norm;
    const auto &from = query.embedding->mapped_row(), &to = embedding_.mapped_row();
    const double computed = kernels().squared_distance(from.data(), to.data(), to.size());
    const Interval square = t.distance_interval(computed, query.embedding->extent + embedding_.extent);
    return std::min(by_norm, rounding::up(std::sqrt(rounding::up(square.upper))));
}

// What the filter's distances from the query may be of points that are among the k nearest to the one that embedding_
// is of, within reach: their distance is within twice the mapped reach of the query's own k-th (triangle inequality).
// Those of a far query know nothing of lengths.
double NeighborSearch::limit_around(const Query& query, double reach, std::size_t k) {
    const PreparedSet& t = *training_;
    if (query.embedding->far != 0) return rounding::infinity;
    const FilterDistances& distances = query.mapped;
    const float blur = reach_of(distances);
    KthSmallest upper(heap_, k);
    for (std::size_t i = 0;; ++i) {
        i = kernels().next_within(distances.values, distances.rows->blurs(), blur, rounding::float_up(upper.value()), i,
                                  t.size());
        if (i == t.size()) break;
        upper.push(distances.relative(i).upper);
    }
    const Interval base = t.squared_norm(*query.embedding);
    const double nearest = rounding::up(std::max(upper.value() + base.upper, 0.0));
    const double limit = rounding::up(std::sqrt(nearest) + 2.0 * mapped_reach(query, reach));
    return rounding::up(limit * limit) * (1.0 + 0x1p-50) - base.lower;
}

// highest: what the k-th smallest of the candidates is at most.
void NeighborSearch::settle(const double* point, std::size_t k, bool ordered, double highest) {
    std::erase_if(candidates_, [=](const Candidate& c) { return c.relative.lower > highest; });
    result_.clear();
    order_.clear();
    if (!ordered) take_sure(k);
    if (result_.size() == k) return;
    if (ordered)
        for (const Candidate& c : candidates_) order_.push_back(&c);
    point_ = point;
    fast_.start(point);
    accurate_.start(point);
    const std::size_t wanted = k - result_.size();
    const auto nearer_of = [this](const Candidate* a, const Candidate* b) { return nearer(*a, *b); };
    const auto end = order_.begin() + static_cast<std::ptrdiff_t>(wanted);
    if (ordered)
        std::partial_sort(order_.begin(), end, order_.end(), nearer_of);
    else
        std::nth_element(order_.begin(), end - 1, order_.end(), nearer_of);
    for (std::size_t i = 0; i < wanted; ++i) result_.push_back(order_[i]->position);
}

// Into the result: candidates that are surely among the k nearest, as at most k - 1 others may be as near. The others
// are left in order_.
void NeighborSearch::take_sure(std::size_t k) {
    KthSmallest lower(heap_, k + 1);  // infinite where all are taken
    for (const Candidate& c : candidates_) lower.push(c.relative.lower);
    for (const Candidate& c : candidates_) {
        if (c.relative.upper < lower.value())
            result_.push_back(c.position);
        else
            order_.push_back(&c);
    }
}

// The exact order, ties to the smaller index.
bool NeighborSearch::nearer(const Candidate& a, const Candidate& b) {
    if (&a == &b) return false;
    if (a.relative.below(b.relative)) return true;
    if (b.relative.below(a.relative)) return false;
    std::optional<int> sign = fast_.compare(a.position, b.position);
    if (!sign) sign = accurate_.compare(a.position, b.position);
    if (!sign) sign = gap_.sign(point_, a.position, b.position);
    if (!sign) {
        const PreparedSet& t = *training_;
        scratch_.resize(2 * t.dimension());
        const double* x = t.points().row(a.position, scratch_.data());
        sign = compare_distances_exactly(t.metric().components(), point_, x,
                                         t.points().row(b.position, scratch_.data() + t.dimension()), t.dimension());
    }
    return *sign != 0 ? *sign < 0 : a.position < b.position;
}

int NeighborSearch::vote(std::span<const std::size_t> positions) {
    votes_.assign(static_cast<std::size_t>(training_->classes()), 0);
    for (const std::size_t position : positions) ++votes_[static_cast<std::size_t>(training_->label(position))];
    return static_cast<int>(std::max_element(votes_.begin(), votes_.end()) - votes_.begin());
}

}  // namespace robust_metric
