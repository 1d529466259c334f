#include "certify/cascade_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/kth_smallest.hpp"
#include "base/rounding.hpp"
#include "certify/halfspace_bounds.hpp"

namespace robust_metric {

namespace {

using rounding::up;

// rows of one test, and own-class points of one: bounds that they are tested with are renewed in between
constexpr std::size_t rows_at_once = 64, own_at_once = 128;

// own-class points that rows are tested with, at least, if there are so many
constexpr std::size_t nearest_own = 16;

// own-class points that are known in full from the start
constexpr std::size_t known_own = 48;

bool nearer(const LeafQuery::Found& a, const LeafQuery::Found& b) { return a.value < b.value; }

}  // namespace

bool CascadeRows::radii(CascadeQuery& query, int label, std::span<const std::size_t> ks, std::span<double> radii,
                        double at) {
    if (!votes_.start(*training_, label, ks, changes_, radii)) return true;
    depth_ = votes_.depth();
    const std::size_t k = *std::max_element(ks.begin(), ks.end());
    const std::size_t own = training_->class_size(label), others = training_->size() - own;
    query_ = &query;
    label_ = label;
    own_.clear();
    rows_.clear();
    next_ = 0;
    left_.clear();
    for (const std::uint32_t index : taken_points_) taken_[index] = 0;
    taken_points_.clear();
    coarse_own_.clear();
    gathered_ = -rounding::infinity;
    gathered_slots_ = 0;
    bounds_.start(query.point(), votes_, HalfspaceBounds::cap_of(at));
    const std::size_t own_count = std::min(own, std::max(known_own, 4 * depth_));
    collect(own_count, std::min(others, 2 * k));
    pack_nearest_own();
    for (std::size_t more = 8 * k;; more *= 4) {
        look_at_near_rows();
        if (at < rounding::infinity && bounds_.highest() < at) {
            radii.front() = bounds_.highest();
            return true;
        }
        if (bounds_.crowded()) return false;
        if (bounds_.highest() < rounding::infinity) break;
        // as long as no radius is known, any row may matter
        if (rows_.size() == others) break;
        collect(own_count, std::min(more, others));
    }
    look_at_other_rows();
    if (bounds_.crowded()) return false;
    bounds_.refine(radii);
    return true;
}

// Makes so many points of the class known in full, and of the others, at least: those of the smallest codes.
void CascadeRows::collect(std::size_t own_count, std::size_t other_count) {
    KthSmallest own(own_heap_, own_count), others(other_heap_, other_count);
    const auto kind = [&](const Point& p) -> KthSmallest& { return p.label == label_ ? own : others; };
    const auto limit = [&] { return std::max(own.value(), others.value()); };
    for (std::size_t slot = 0; slot < query_->opened() || query_->open_next(limit()); ++slot)
        query_->each_by_code(slot, limit, [&](const Point& coarse) { kind(coarse).push(coarse.lower()); });
    for (std::size_t slot = 0; slot < query_->opened(); ++slot)
        query_->each_by_code(slot, limit, [&](const Point& coarse) {
            if (taken_[coarse.index] || !(coarse.lower() <= kind(coarse).value())) return;
            (coarse.label == label_ ? own_ : rows_).push_back(query_->in_full(coarse));
            taken_[coarse.index] = 1;
            taken_points_.push_back(coarse.index);
        });
    std::sort(rows_.begin() + static_cast<std::ptrdiff_t>(next_), rows_.end(), nearer);
}

void CascadeRows::pack_nearest_own() {
    const std::size_t count = std::min(own_.size(), std::max(nearest_own, 2 * depth_));
    sort_nearest(own_, count);
    const auto nearest = std::span<const Point>(own_).first(count);
    packs_ = fill_packs(training_->twice_mapped(), nearest, pack_space_);
    // the lengths of what codes leave out are added then, which bounds distances from above
    const auto first = fill_packs(codes_->first(), nearest, first_pack_space_);
    for (PairPack& pack : first) pack.mirror(0);
    const auto second = fill_packs(codes_->second(), nearest, second_pack_space_);
    for (PairPack& pack : second) pack.mirror(codes_->second().rows().cols() - 1);
    first_packs_ = first;
    second_packs_ = second;
    reach_.start(std::span<const Point>(own_).first(depth_), query_->squared_norm());
}

void CascadeRows::look_at_near_rows() {
    while (next_ < rows_.size() && !bounds_.crowded()) {
        const std::size_t count = std::min(rows_.size() - next_, PairPack::size);
        tested_.assign(rows_.begin() + static_cast<std::ptrdiff_t>(next_),
                       rows_.begin() + static_cast<std::ptrdiff_t>(next_ + count));
        next_ += count;
        if (bounds_.highest() < rounding::infinity)
            test_in_full(reach_.limit(bounds_.highest()),
                         four_squares_above(up(bounds_.highest() * (1.0 + HalfspaceBounds::margin))));
        left_.insert(left_.end(), tested_.begin(), tested_.end());
        while (left_.size() >= PairPack::size && !bounds_.crowded()) evaluate(PairPack::size);
    }
    if (!left_.empty() && !bounds_.crowded()) evaluate(left_.size());
}

// Those that are not among the near ones.
void CascadeRows::look_at_other_rows() {
    if (!(bounds_.highest() < rounding::infinity)) return;  // all are
    const double limit = reach_.limit(bounds_.highest());
    coarse_rows_.clear();
    query_->open_all(limit);
    for (std::size_t slot = 0; slot < query_->opened(); ++slot)
        query_->each_by_code(
            slot, [=] { return limit; },
            [&](const Point& p) {
                if (p.label != label_ && !taken_[p.index]) coarse_rows_.push_back(p);
            });
    for (std::size_t first = 0; first < coarse_rows_.size() && !bounds_.crowded(); first += rows_at_once) {
        test_rows(std::span(coarse_rows_).subspan(first, std::min(rows_at_once, coarse_rows_.size() - first)));
        while (left_.size() >= PairPack::size && !bounds_.crowded()) evaluate(PairPack::size);
    }
    if (!left_.empty() && !bounds_.crowded()) evaluate(left_.size());
}

// Puts those of the rows, known by their codes, into left_ that depth_ own-class points do not surely keep away beyond
// the radius.
void CascadeRows::test_rows(std::span<const Point> rows) {
    const double limit = reach_.limit(bounds_.highest());
    const float four_squares = four_squares_above(up(bounds_.highest() * (1.0 + HalfspaceBounds::margin)));
    tested_.clear();
    for (const Point& row : rows)
        if (row.lower() <= limit) tested_.push_back(row);
    test_.keep_unbeaten(codes_->first(), first_packs_, four_squares, depth_, tested_);
    for (const Point& row : tested_) prefetch_row(codes_->second().row(row.index), codes_->second().rows().cols());
    std::size_t kept = 0;
    for (Point row : tested_) {
        row.value = std::max(row.lower(), query_->lower_by_second_code(row.index));
        row.error = 0.0f;
        if (row.value <= limit) tested_[kept++] = row;
    }
    tested_.resize(kept);
    test_.keep_unbeaten(codes_->second(), second_packs_, four_squares, depth_, tested_);
    for (Point& row : tested_) row = query_->in_full(row);
    test_in_full(limit, four_squares);
    left_.insert(left_.end(), tested_.begin(), tested_.end());
}

void CascadeRows::test_in_full(double limit, float four_squares) {
    std::erase_if(tested_, [=](const Point& row) { return row.lower() > limit; });
    test_.keep_unbeaten(training_->twice_mapped(), packs_, four_squares, depth_, tested_);
}

// Makes all own-class points known, at least by their codes, whose S may be at most the limit.
void CascadeRows::gather_own(double limit) {
    if (limit <= gathered_) return;
    query_->open_all(limit);
    for (std::size_t slot = 0; slot < query_->opened(); ++slot)
        query_->each_by_code(
            slot, [=] { return limit; },
            [&](const Point& p) {
                if (p.label == label_ && !taken_[p.index] && (slot >= gathered_slots_ || p.lower() > gathered_))
                    coarse_own_.push_back(p);
            });
    gathered_ = limit;
    gathered_slots_ = query_->opened();
}

// Takes in rows that are left, the first of them.
void CascadeRows::evaluate(std::size_t count) {
    Point batch[PairPack::size];
    std::copy_n(left_.begin(), count, batch);
    left_.erase(left_.begin(), left_.begin() + static_cast<std::ptrdiff_t>(count));
    double farthest = -rounding::infinity;
    for (std::size_t i = 0; i < count; ++i) farthest = std::max<double>(farthest, batch[i].upper());
    gather_own(farthest);
    bounds_.begin({batch, count});
    bounds_.compare({batch, count}, own_);
    compare_with_coarse_own({batch, count});
    bounds_.finish(count);
}

void CascadeRows::compare_with_coarse_own(std::span<const Point> batch) {
    const auto end = [](const Point& p) { return p.upper(); };
    constexpr float none = -std::numeric_limits<float>::infinity();
    first_batch_.fill(codes_->first(), batch, none, end);
    second_batch_.fill(codes_->second(), batch, none, end);
    for (std::size_t first = 0; first < coarse_own_.size(); first += own_at_once) {
        const auto some = std::span(coarse_own_).subspan(first, std::min(own_at_once, coarse_own_.size() - first));
        keep_possible(codes_->first(), first_batch_, batch, some, possible_);
        keep_possible(codes_->second(), second_batch_, batch, possible_, more_possible_);
        for (Point& own : more_possible_) own = query_->in_full(own);
        bounds_.compare(batch, more_possible_);
    }
}

// Own-class points whose pairs with one of the batch may be among its largest.
void CascadeRows::keep_possible(const FilterRows& rows, const PairPack& pack, std::span<const Point> batch,
                                std::span<const Point> from, std::vector<Point>& to) {
    to.clear();
    if (from.empty()) return;
    float four_squares[PairPack::size] = {};
    for (std::size_t k = 0; k < batch.size(); ++k) four_squares[k] = four_squares_below(bounds_.least(k));
    list_.clear();
    for (const Point& own : from) list_.push(rows, own.index, own.lower());
    bits_.resize(from.size());
    squares_.resize(PairPack::size * from.size());
    kernels().pairs_within(pack.view(), list_.view(0, from.size()), four_squares, bits_.data(), squares_.data());
    for (std::size_t i = 0; i < from.size(); ++i)
        if (bits_[i] != 0) to.push_back(from[i]);
}

}  // namespace robust_metric
