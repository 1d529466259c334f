#include "certify/near_rows.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/kth_smallest.hpp"
#include "base/rounding.hpp"
#include "certify/halfspace_bounds.hpp"

namespace robust_metric {

namespace {

using rounding::up;

// rows of one test: the radius that they are tested with is renewed in between
constexpr std::size_t rows_at_once = 32;

// own-class points that rows are tested with, at least, if there are so many
constexpr std::size_t nearest_own = 32;

}  // namespace

bool NearRows::radii(LeafQuery& query, int label, std::span<const std::size_t> ks, std::span<double> radii, double at) {
    if (!votes_.start(*training_, label, ks, changes_, radii)) return true;
    depth_ = votes_.depth();
    const std::size_t k = *std::max_element(ks.begin(), ks.end());
    const std::size_t own = training_->class_size(label), others = training_->size() - own;
    query_ = &query;
    label_ = label;
    collected_ = -rounding::infinity;
    collected_slots_ = 0;
    own_.clear();
    rows_.clear();
    left_.clear();
    next_ = 0;
    bounds_.start(query.point(), votes_, HalfspaceBounds::cap_of(at));
    const std::size_t own_count = std::min(own, std::max(depth_, PairPack::size));
    collect(limit_of(own_count, std::min(others, 2 * k)));
    pack_nearest_own();
    order_rows();
    for (std::size_t more = 8 * k;; more *= 4) {
        look_at_rows();
        if (at < rounding::infinity && bounds_.highest() < at) {
            radii.front() = bounds_.highest();
            return true;
        }
        if (bounds_.crowded()) return false;
        // as long as no radius is known, any row may matter
        const double limit = bounds_.highest() < rounding::infinity ? reach_.limit(bounds_.highest())
                             : more < others                        ? limit_of(own_count, more)
                                                                    : rounding::infinity;
        if (collected_ >= limit) break;
        collect(limit);
    }
    bounds_.refine(radii);
    return true;
}

// Up to where S holds so many points of the class, and of the others.
double NearRows::limit_of(std::size_t own_count, std::size_t other_count) {
    KthSmallest own(own_heap_, own_count), other(other_heap_, other_count);
    const auto limit = [&] { return std::max(own.value(), other.value()); };
    for (std::size_t slot = 0; slot < query_->opened() || query_->open_next(limit()); ++slot)
        query_->each_in(slot, limit, [&](const Point& p) { (p.label == label_ ? own : other).push(p.upper()); });
    return limit();
}

// Makes all points known whose S may be at most the limit.
void NearRows::collect(double limit) {
    query_->open_all(limit);
    for (std::size_t slot = 0; slot < query_->opened(); ++slot)
        query_->each_in(
            slot, [=] { return limit; },
            [&](const Point& p) {
                if (slot >= collected_slots_ || p.lower() > collected_) (p.label == label_ ? own_ : rows_).push_back(p);
            });
    collected_ = limit;
    collected_slots_ = query_->opened();
    // the nearest rows lower the radius most
    const auto next = std::span(rows_).subspan(next_);
    sort_nearest(next, std::min<std::size_t>(next.size(), 8 * PairPack::size));
}

void NearRows::pack_nearest_own() {
    const std::size_t count = std::min(own_.size(), std::max(nearest_own, 2 * depth_ + PairPack::size));
    sort_nearest(own_, count);
    packs_ = fill_packs(training_->twice_mapped(), std::span<const Point>(own_).first(count), pack_space_);
    reach_.start(std::span<const Point>(own_).first(depth_), query_->squared_norm());
}

// Sorts the first rows by what the nearest own-class points tell of their R_v: the smallest lower the radius most. Only
// a guess, which decides nothing but how many rows are looked at.
void NearRows::order_rows() {
    const std::size_t count = std::min(rows_.size() - next_, rows_at_once);
    const std::size_t packs = std::min(packs_.size(), (2 * depth_ + PairPack::size) / PairPack::size);
    list_.clear();
    for (std::size_t i = 0; i < count; ++i)
        list_.push(training_->twice_mapped(), rows_[next_ + i].index, rows_[next_ + i].value);
    constexpr float none[PairPack::size] = {};
    const std::size_t each = PairPack::size * count;
    bits_.resize(count);
    squares_.resize(packs * each);
    for (std::size_t pack = 0; pack < packs; ++pack)
        kernels().pairs_within(packs_[pack].view(), list_.view(0, count), none, bits_.data(),
                               squares_.data() + pack * each);
    estimated_.clear();
    for (std::size_t i = 0; i < count; ++i) {
        estimates_.clear();
        for (std::size_t own = 0; own < std::min(packs * PairPack::size, own_.size()); ++own) {
            const float gap = std::max(rows_[next_ + i].value - own_[own].value, 0.0f);
            const std::size_t at = own / PairPack::size * each + i * PairPack::size + own % PairPack::size;
            estimates_.push_back(gap * gap / std::max(squares_[at], 0x1p-120f));
        }
        const auto nth = estimates_.begin() + static_cast<std::ptrdiff_t>(depth_) - 1;
        std::nth_element(estimates_.begin(), nth, estimates_.end(), std::greater<>());
        estimated_.emplace_back(*nth, rows_[next_ + i]);
    }
    std::sort(estimated_.begin(), estimated_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < count; ++i) rows_[next_ + i] = estimated_[i].second;
}

void NearRows::look_at_rows() {
    while (next_ < rows_.size() && !bounds_.crowded()) {
        if (bounds_.highest() < rounding::infinity) {
            test_rows();
        } else {
            left_.push_back(rows_[next_++]);
        }
        while (left_.size() >= PairPack::size && !bounds_.crowded()) evaluate(PairPack::size);
    }
    if (!left_.empty() && !bounds_.crowded()) evaluate(left_.size());
}

// Drops rows, of the next ones, that depth_ own-class points keep away beyond the radius.
void NearRows::test_rows() {
    const double limit = reach_.limit(bounds_.highest());
    const float four_squares = four_squares_above(up(bounds_.highest() * (1.0 + HalfspaceBounds::margin)));
    tested_.clear();
    for (; next_ < rows_.size() && tested_.size() < rows_at_once; ++next_)
        if (rows_[next_].lower() <= limit) tested_.push_back(rows_[next_]);
    test_.keep_unbeaten(training_->twice_mapped(), packs_, four_squares, depth_, tested_);
    left_.insert(left_.end(), tested_.begin(), tested_.end());
}

// Takes in rows that are left, the first of them.
void NearRows::evaluate(std::size_t count) {
    Point batch[PairPack::size];
    std::copy_n(left_.begin(), count, batch);
    left_.erase(left_.begin(), left_.begin() + static_cast<std::ptrdiff_t>(count));
    double farthest = collected_;
    for (std::size_t i = 0; i < count; ++i) farthest = std::max<double>(farthest, batch[i].upper());
    if (farthest > collected_) collect(farthest);
    bounds_.add({batch, count}, own_);
}

}  // namespace robust_metric
