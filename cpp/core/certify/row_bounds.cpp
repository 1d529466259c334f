#include "certify/row_bounds.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/kth_smallest.hpp"
#include "base/rounding.hpp"
#include "certify/halfspace_bounds.hpp"

namespace robust_metric {

namespace {

using rounding::down;
using rounding::up;

// own-class points of one call of a kernel: the smallest that counts is renewed between calls, which pays off soon
constexpr std::size_t first_own = 8, more_own = 32;

// pairs that may be refined, beside those that large k needs
constexpr std::size_t most_pairs = 1 << 14;

}  // namespace

void RowBounds::start(const double* point, const VoteGroups& votes, double cap) {
    refined_.start(point);
    votes_ = &votes;
    depth_ = votes.depth();
    highest_.assign(votes.groups().size(), cap);
    count_ = pair_count_ = 0;
    entered_.resize(static_cast<std::size_t>(training_->classes()), 0);
    ranked_.resize(votes.votes().size());
    for (auto& list : ranked_) list.clear();
}

void RowBounds::begin(std::span<const Point> points) {
    pack_.fill(training_->twice_mapped(), points, -std::numeric_limits<float>::infinity(),
               [](const Point& p) { return p.upper(); });
    if (rows_.size() < count_ + points.size()) rows_.resize(2 * count_ + PairPack::size);
    farthest_ = -std::numeric_limits<float>::infinity();
    for (std::size_t k = 0; k < points.size(); ++k) {
        Row& row = rows_[count_ + k];
        row.index = points[k].index;
        row.label = points[k].label;
        row.pairs.clear();
        largest_[k].clear();
        farthest_ = std::max(farthest_, points[k].upper());
    }
}

void RowBounds::compare(std::span<const Point> points, std::span<const Point> own) {
    list_.clear();
    list_place_.clear();
    for (std::size_t i = 0; i < own.size(); ++i) {
        if (!(own[i].lower() < farthest_)) continue;
        list_.push(training_->twice_mapped(), own[i].index, own[i].lower());
        list_place_.push_back(i);
    }
    for (std::size_t first = 0, size = first_own; first < list_.size(); first += size, size = more_own)
        find_pairs(points, own, first, std::min(size, list_.size() - first));
}

void RowBounds::finish(std::size_t count) {
    std::size_t kept = 0;
    const double highest = this->highest();
    for (std::size_t k = 0; k < count; ++k) {
        Row& row = rows_[count_ + k];
        bound(row);
        if (row.lower.back() > highest) continue;  // R_v is the smallest for the largest v
        rank(row);
        pair_count_ += row.pairs.size();
        std::swap(rows_[count_ + kept++], row);
    }
    count_ += kept;
    for (std::size_t g = 0; g < highest_.size(); ++g) {
        const VoteGroups::Group& group = votes_->groups()[g];
        for (std::size_t i = group.first; i < group.last; ++i)
            highest_[g] = std::min(highest_[g], smallest_losing(votes_->votes()[i], ranked_[i]));
    }
}

bool RowBounds::crowded() const { return pair_count_ > most_pairs + 64 * depth_ * depth_; }

void RowBounds::find_pairs(std::span<const Point> points, std::span<const Point> own, std::size_t first,
                           std::size_t count) {
    float four_squares[PairPack::size] = {};
    for (std::size_t k = 0; k < points.size(); ++k) four_squares[k] = four_squares_below(least(k));
    bits_.resize(count);
    squares_.resize(PairPack::size * count);
    kernels().pairs_within(pack_.view(), list_.view(first, count), four_squares, bits_.data(), squares_.data());
    for (std::size_t i = 0; i < count; ++i)
        for (unsigned bits = bits_[i], k = 0; bits != 0; bits >>= 1, ++k)
            if (bits & 1u) add_pair(points[k], own[list_place_[first + i]], squares_[PairPack::size * i + k], k);
}

void RowBounds::add_pair(const Point& point, const Point& own, float square, std::size_t which) {
    const Interval length = training_->twice_mapped().distance_from(square, point.index, own.index);
    const double gap = static_cast<double>(point.value) - own.value,
                 error = static_cast<double>(point.error) + own.error;
    Pair pair{own.index, 0.0, rounding::infinity};
    if (gap - error > 0.0) pair.lower = down((gap - error) / (2.0 * length.upper)) * (1.0 - HalfspaceBounds::margin);
    if (length.lower > 0.0) pair.upper = up((gap + error) / (2.0 * length.lower));
    rows_[count_ + which].pairs.push_back(pair);
    KthSmallest(largest_[which], depth_, KthSmallest::go_on).push(-pair.lower);
}

// R_v from its pairs, those that cannot be among the largest left out.
void RowBounds::bound(Row& row) const {
    row.lower.clear();
    row.upper.clear();
    for (const Pair& pair : row.pairs) row.lower.push_back(pair.lower);
    row.lower.resize(std::max(row.lower.size(), depth_), 0.0);
    const auto end = static_cast<std::ptrdiff_t>(depth_);
    std::partial_sort(row.lower.begin(), row.lower.begin() + end, row.lower.end(), std::greater<>());
    row.lower.resize(depth_);
    std::erase_if(row.pairs, [&](const Pair& pair) { return pair.upper < row.lower.back(); });
    for (const Pair& pair : row.pairs) row.upper.push_back(pair.upper);
    row.upper.resize(std::max(row.upper.size(), depth_), 0.0);
    std::partial_sort(row.upper.begin(), row.upper.begin() + end, row.upper.end(), std::greater<>());
    row.upper.resize(depth_);
}

void RowBounds::rank(const Row& row) {
    for (std::size_t g = 0; g < highest_.size(); ++g) {
        const VoteGroups::Group& group = votes_->groups()[g];
        for (std::size_t i = group.first; i < group.last; ++i) {
            const Ranked item{row.upper[votes_->votes()[i].kept], row.label};
            if (item.bound > highest_[g]) continue;
            ranked_[i].insert(std::upper_bound(ranked_[i].begin(), ranked_[i].end(), item, lower_rank), item);
        }
    }
}

// The smallest bound at which enough points, and enough of one class, have entered; infinite if that is never so.
double RowBounds::smallest_losing(const LosingVote& vote, std::span<const Ranked> sorted) {
    double bound = rounding::infinity;
    bool won = vote.unopposed();
    std::size_t total = 0;
    for (; total < sorted.size() && bound == rounding::infinity; ++total) {
        const int rival = sorted[total].label;
        const std::size_t needed = vote.needed(rival);
        won = won || (++entered_[static_cast<std::size_t>(rival)] >= needed && needed > 0);
        if (total + 1 >= vote.entering && won) bound = sorted[total].bound;
    }
    for (std::size_t i = 0; i < total; ++i) entered_[static_cast<std::size_t>(sorted[i].label)] = 0;
    return bound;
}

void RowBounds::refine(std::span<double> radii) {
    for (std::size_t g = 0; g < highest_.size(); ++g)
        radii[votes_->groups()[g].asked] = refine(votes_->groups()[g], highest_[g]);
}

double RowBounds::refine(const VoteGroups::Group& group, double highest) {
    double best = rounding::infinity;
    for (std::size_t i = group.first; i < group.last; ++i) {
        const LosingVote& vote = votes_->votes()[i];
        best = std::min(best, refine(vote, std::min(highest, smallest_losing(vote, ranked_[i]))));
    }
    return best;
}

// The radius for one vote, exact if it is at most `highest`. Only bounds that may be it are refined: for the others it
// is enough to know whether they are smaller or larger.
double RowBounds::refine(const LosingVote& vote, double highest) {
    const auto sort = [&] { std::sort(mixed_.begin(), mixed_.end(), lower_rank); };
    mixed_.clear();
    for (std::size_t i = 0; i < count_; ++i) mixed_.push_back({rows_[i].lower[vote.kept], rows_[i].label});
    sort();
    const double lowest = smallest_losing(vote, mixed_);
    if (lowest > highest) return rounding::infinity;
    mixed_.clear();
    for (std::size_t i = 0; i < count_; ++i) {
        const Row& row = rows_[i];
        const double lower = row.lower[vote.kept];
        const bool doubtful = lower <= highest && row.upper[vote.kept] >= lowest;
        mixed_.push_back({doubtful ? refined_bound(row, vote.kept) : lower, row.label});
    }
    sort();
    return smallest_losing(vote, mixed_);
}

double RowBounds::refined_bound(const Row& row, std::size_t kept) {
    const double lowest = row.lower[kept], highest = row.upper[kept];
    std::size_t above = 0;
    values_.clear();
    for (const Pair& pair : row.pairs) {
        if (pair.lower > highest)
            ++above;
        else if (pair.upper >= lowest)
            values_.push_back(refined_.pair_lower(row.index, pair.own));
    }
    const std::size_t at = kept - above;
    if (at >= values_.size()) return 0.0;
    std::nth_element(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(at), values_.end(),
                     std::greater<>());
    return values_[at];
}

}  // namespace robust_metric
