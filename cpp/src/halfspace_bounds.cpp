#include "robust_metric/halfspace_bounds.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "robust_metric/kernels.hpp"
#include "robust_metric/rounding.hpp"

namespace robust_metric {

namespace {

using rounding::down;
using rounding::up;

// a heap with the lowest rank on top; equal ones by bound and position, so that no order is left to chance
struct Later {
    template <class Entry>
    bool operator()(const Entry& a, const Entry& b) const {
        if (a.rank() != b.rank()) return a.rank() > b.rank();
        return a.bound != b.bound ? a.bound > b.bound : a.position > b.position;
    }
};

}  // namespace

std::vector<LosingVote> losing_votes(const TrainingSet& training, int label, std::size_t k) {
    const std::size_t own = training.class_size(label), others = training.size() - own;
    std::size_t rivals = 0;
    for (int r = 0; r < training.classes(); ++r) rivals += r != label && training.class_size(r) > 0;
    std::vector<LosingVote> votes;
    for (std::size_t v = std::min(k / 2, own) + 1; v-- > 0;) {
        if (k - v > others) break;  // smaller v need even more entering points
        LosingVote vote{v, k - v, std::vector<std::size_t>(static_cast<std::size_t>(training.classes()), 0)};
        // the winner has at least an equal share of what enters
        const std::size_t share = (k - v + rivals - 1) / rivals;
        bool possible = false;
        for (int r = 0; r < training.classes(); ++r) {
            if (r == label) continue;
            const std::size_t needed = std::max(share, r < label ? v : v + 1);
            if (needed > k - v || needed > training.class_size(r)) continue;
            vote.needed[static_cast<std::size_t>(r)] = needed;
            possible = true;
        }
        if (possible) votes.push_back(std::move(vote));
    }
    return votes;
}

double HalfspaceBounds::radius(const Query& query, int label, std::size_t k) {
    const std::vector<LosingVote> votes = losing_votes(*training_, label, k);
    double best = rounding::infinity;
    if (votes.empty()) return best;
    start(query, label, votes.front().kept + 1);
    for (const LosingVote& vote : votes) {
        bool reached = false;
        best = std::min(best, losing_radius(vote, best, reached));
        // with fewer votes kept, more points must enter and each must beat more own-class points: the
        // radius at which enough have entered only grows
        if (!reached) break;
    }
    return best;
}

void HalfspaceBounds::start(const Query& query, int label, std::size_t depth) {
    const TrainingSet& t = *training_;
    label_ = label;
    depth_ = depth;
    distances_.resize(t.size());
    lengths_.resize(t.size());
    for (std::size_t i = 0; i < t.size(); ++i) {
        const double extents = query.extent + t.extent(i);
        distances_[i] = t.distance_interval(query.distances[i], extents);
        lengths_[i] = up(std::sqrt(t.twice_mapped_interval(query.twice_mapped_distances[i], extents).upper));
    }
    near_own_.resize(t.class_size(label));
    std::iota(near_own_.begin(), near_own_.end(), t.class_begin(label));
    const std::size_t kept = std::min(near_own_.size(), 2 * depth + 4);
    const auto nearer = [&](std::size_t a, std::size_t b) {
        const double da = query.distances[a], db = query.distances[b];
        return da != db ? da < db : a < b;
    };
    std::nth_element(near_own_.begin(), near_own_.begin() + static_cast<std::ptrdiff_t>(kept) - 1, near_own_.end(),
                     nearer);
    near_own_.resize(kept);
    std::sort(near_own_.begin(), near_own_.end(), nearer);
    own_distance_.assign(1, 0.0);
    own_length_.assign(1, 0.0);
    for (const std::size_t position : near_own_) {
        own_distance_.push_back(std::max(own_distance_.back(), distances_[position].upper));
        own_length_.push_back(std::max(own_length_.back(), lengths_[position]));
    }
    row_slot_.assign(t.size(), 0);
    row_count_ = 0;
    refined_.start(query.point);
}

// The bound at which `entering` rows, and enough of one class, may have entered; `cap` or more once it is clear that
// it is no less. reached: whether `entering` rows had entered below cap.
double HalfspaceBounds::losing_radius(const LosingVote& vote, double cap, bool& reached) {
    reached = true;
    if (vote.kept + 1 > training_->class_size(label_)) return 0.0;  // no own-class point has to be beaten
    const double last_rank = cap * (1.0 + margin);
    enqueue(vote.kept, false, last_rank);
    std::vector<std::size_t> entered(vote.needed.size(), 0);
    std::size_t total = 0;
    bool won = false;
    for (const Entry* entry = top(coarse); entry != nullptr && entry->rank() < last_rank; entry = top(coarse)) {
        const auto rival = static_cast<std::size_t>(training_->label(entry->position));
        if (total >= vote.entering && vote.needed[rival] == 0) {  // whether it enters makes no difference any more
            pop();
        } else if (entry->level < refined) {
            deepen_top();
        } else {
            ++total;
            won = won || (++entered[rival] >= vote.needed[rival] && vote.needed[rival] > 0);
            if (total >= vote.entering && won) return std::min(entry->bound, cap);
            pop();
        }
    }
    reached = total >= vote.entering;
    return cap;
}

auto HalfspaceBounds::top(Level level) -> const Entry* {
    for (;;) {
        while (!waiting_.empty() && (queue_.empty() || queue_.front().rank() > waiting_bound_)) load_chunk();
        if (queue_.empty()) return nullptr;
        if (queue_.front().level >= level) return &queue_.front();
        deepen_top();
    }
}

void HalfspaceBounds::deepen_top() {
    std::pop_heap(queue_.begin(), queue_.end(), Later());
    queue_.back() = deepen(queue_.back());
    std::push_heap(queue_.begin(), queue_.end(), Later());
}

void HalfspaceBounds::pop() {
    std::pop_heap(queue_.begin(), queue_.end(), Later());
    queue_.pop_back();
}

auto HalfspaceBounds::largest_pair(std::size_t position) -> LargestPair {
    Row& row = row_of(position);
    while (row.level < all_pairs) deepen({0.0, position, row.level});
    LargestPair largest;
    for (const std::size_t own : row.candidates) {
        const double bound = refined_.pair_lower(position, own);
        if (bound > largest.bound) largest = {bound, own};
    }
    return largest;
}

// Smallest pair bound that the (kept + 1) nearest own-class points guarantee, with ‖M(x⁺ - x⁻)‖ bounded by
// the triangle inequality through the query: no denominators of their own.
double HalfspaceBounds::coarse_bound(std::size_t position, std::size_t kept) const {
    const double gap = distances_[position].lower - own_distance_[kept + 1];
    return gap > 0.0 ? down(gap / (2.0 * (lengths_[position] + own_length_[kept + 1]))) : 0.0;
}

void HalfspaceBounds::enqueue(std::size_t kept, bool skip_shadowed, double limit) {
    const TrainingSet& t = *training_;
    kept_ = kept;
    queue_.clear();
    waiting_.clear();
    for (std::size_t i = 0; i < t.size(); ++i) {
        if (i == t.class_begin(label_)) i = t.class_begin(label_ + 1);
        if (i == t.size()) break;
        if (skip_shadowed && t.shadowed(i)) continue;
        Entry entry{coarse_bound(i, kept), i, coarse};
        if (row_slot_[i] != 0) {  // known better from a larger number of votes kept
            const Row& row = rows_[row_slot_[i] - 1];
            entry = {row.largest[kept], i, row.level};
        }
        if (entry.rank() < limit || limit == rounding::infinity) waiting_.push_back(entry);
    }
    waiting_bound_ = 0.0;
}

// Moves the smallest entries that wait into the queue: few queries need more than one chunk.
void HalfspaceBounds::load_chunk() {
    const std::size_t chunk = std::min<std::size_t>(waiting_.size(), queue_.empty() ? 64 : 1024);
    const auto split = waiting_.end() - static_cast<std::ptrdiff_t>(chunk);
    if (split != waiting_.begin()) std::nth_element(waiting_.begin(), split, waiting_.end(), Later());
    waiting_bound_ = split->rank();  // the largest that moves: nothing that stays is smaller
    queue_.insert(queue_.end(), split, waiting_.end());
    waiting_.erase(split, waiting_.end());
    std::make_heap(queue_.begin(), queue_.end(), Later());
}

auto HalfspaceBounds::deepen(const Entry& entry) -> Entry {
    Row& row = row_of(entry.position);
    switch (row.level) {
        case coarse:
            use_near_pairs(row);
            break;
        case near_pairs:
            use_all_pairs(row);
            break;
        case all_pairs:
            use_refined_pairs(row);
            break;
        case refined:
            break;
    }
    return {row.largest[kept_], entry.position, row.level};
}

auto HalfspaceBounds::row_of(std::size_t position) -> Row& {
    if (row_slot_[position] == 0) {
        if (row_count_ == rows_.size()) rows_.emplace_back();
        Row& row = rows_[row_count_++];
        row.position = position;
        row.level = coarse;
        row_slot_[position] = static_cast<std::uint32_t>(row_count_);
    }
    return rows_[row_slot_[position] - 1];
}

// Filter bounds of ε(z; x⁺, x⁻).
Interval HalfspaceBounds::pair(std::size_t other, std::size_t own) const {
    const TrainingSet& t = *training_;
    const double gap_lower = distances_[other].lower - distances_[own].upper;
    const double gap_upper = distances_[other].upper - distances_[own].lower;
    if (!(gap_upper > 0.0)) return {0.0, 0.0};
    const double squared =
        kernels().squared_distance(t.twice_mapped().row(own), t.twice_mapped().row(other), t.dimension());
    const double length = std::sqrt(squared), slack = rounding::gamma(t.dimension() + 6);
    const double error = t.twice_mapped_norm_error(t.extent(own), t.extent(other));
    const double longest = up(length * (1.0 + slack) + error), shortest = down(length * (1.0 - slack) - error);
    return {gap_lower > 0.0 ? down(gap_lower / (2.0 * longest)) : 0.0,
            shortest > 0.0 ? up(gap_upper / (2.0 * shortest)) : rounding::infinity};
}

void HalfspaceBounds::use_near_pairs(Row& row) {
    row.largest.clear();
    for (const std::size_t own : near_own_) row.largest.push_back(pair(row.position, own).lower);
    row.largest.resize(std::max(row.largest.size(), depth_), 0.0);
    std::sort(row.largest.begin(), row.largest.end(), std::greater<>());
    row.largest.resize(depth_);
    row.level = near_pairs;
}

void HalfspaceBounds::use_all_pairs(Row& row) {
    const TrainingSet& t = *training_;
    const double limit = distances_[row.position].upper;
    pairs_.clear();
    scratch_.clear();
    for (std::size_t own = t.class_begin(label_); own < t.class_begin(label_ + 1); ++own) {
        if (distances_[own].lower >= limit) continue;  // its pair bound is 0
        pairs_.push_back(pair(row.position, own));
        scratch_.push_back(own);
    }
    row.largest.clear();
    for (const Interval& bounds : pairs_) row.largest.push_back(bounds.lower);
    row.largest.resize(std::max(row.largest.size(), depth_), 0.0);
    std::partial_sort(row.largest.begin(), row.largest.begin() + static_cast<std::ptrdiff_t>(depth_), row.largest.end(),
                      std::greater<>());
    row.largest.resize(depth_);
    // whatever may be among the largest: so the refined result does not depend on the filter
    const double least = row.largest.back() * (1.0 - margin);
    row.candidates.clear();
    for (std::size_t i = 0; i < pairs_.size(); ++i)
        if (pairs_[i].upper >= least && pairs_[i].upper > 0.0) row.candidates.push_back(scratch_[i]);
    row.level = all_pairs;
}

void HalfspaceBounds::use_refined_pairs(Row& row) {
    row.largest.clear();
    for (const std::size_t own : row.candidates) row.largest.push_back(refined_.pair_lower(row.position, own));
    row.largest.resize(std::max(row.largest.size(), depth_), 0.0);
    std::sort(row.largest.begin(), row.largest.end(), std::greater<>());
    row.largest.resize(depth_);
    row.level = refined;
}

std::vector<std::size_t> HalfspaceBounds::near_own_indices() const {
    std::vector<std::size_t> indices;
    for (const std::size_t position : near_own_) indices.push_back(training_->index(position));
    return indices;
}

Evidence HalfspaceBounds::evidence() const {
    Evidence proof{near_own_indices(), {}};
    for (std::size_t i = 0; i < row_count_; ++i) {
        const Row& row = rows_[i];
        if (row.level < all_pairs) continue;  // near_own_ proves it
        Evidence::Row entry{training_->index(row.position), {}, {}};
        for (const std::size_t own : row.candidates) entry.own.push_back(training_->index(own));
        proof.rows.push_back(std::move(entry));
    }
    return proof;
}

void certified_radii(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> truth,
                     std::size_t k, const Execution& execution, std::span<double> radii, std::span<std::int32_t> labels,
                     std::span<Evidence> evidence) {
    check_request(training, queries, k, truth);
    for_each_query(training, queries, execution, true, [&](int) {
        return [&, search = NeighborSearch(training), bounds = HalfspaceBounds(training)](const Query& query,
                                                                                          std::size_t row) mutable {
            labels[row] = search.vote(search.nearest(query, k, false));
            const bool wrong = !truth.empty() && truth[row] != labels[row];
            radii[row] = wrong ? 0.0 : training.unscale_down(bounds.radius(query, labels[row], k));
            const bool proved = radii[row] > 0.0 && radii[row] < rounding::infinity;
            if (proved && !evidence.empty()) evidence[row] = bounds.evidence();
        };
    });
}

}  // namespace robust_metric
