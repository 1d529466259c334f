#include "certify/halfspace_bounds.hpp"

#include <algorithm>
#include <cmath>

#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

namespace {

using rounding::down;
using rounding::up;

// a heap with the lowest rank on top; equal ones by bound and position, so that no order is left to chance
struct Later {
    template <class Queued>
    bool operator()(const Queued& a, const Queued& b) const {
        if (a.rank() != b.rank()) return a.rank() > b.rank();
        return a.bound != b.bound ? a.bound > b.bound : a.position > b.position;
    }
};

// entrants that the queue starts with
constexpr std::size_t first_load = 64;

// steps of the queue before the deadline is asked again
constexpr std::size_t steps_per_question = 16;

constexpr int no_class = -1;  // the own points are a set of their own

}  // namespace

double HalfspaceBounds::radius(const Query& query, int label, std::size_t k, const Deadline* deadline, int wanted) {
    deadline_ = deadline;
    return least_losing(query, label, losing_votes(*training_, label, k, wanted, changes_), rounding::infinity);
}

double HalfspaceBounds::radius_below(const Query& query, int label, std::size_t k, double at) {
    deadline_ = nullptr;
    return least_losing(query, label, losing_votes(*training_, label, k, any_class, changes_), at);
}

// The radius; where `at` is finite only as radius_below tells it.
double HalfspaceBounds::least_losing(const Query& query, int label, const std::vector<LosingVote>& votes, double at) {
    double best = cap_of(at);
    if (votes.empty()) return best;
    if (votes.front().entering == 0) return 0.0;  // changes of the data are enough
    start(query, label, votes.front().kept + 1);
    for (const LosingVote& vote : votes) {
        bool reached = false;
        best = std::min(best, losing_radius(vote, best, reached));
        if (at < rounding::infinity && best < at) break;
        // with fewer votes kept, more points must enter and each must beat more own-class points: the
        // radius at which enough have entered only grows
        if (!reached) break;
    }
    return best;
}

void HalfspaceBounds::start(const Query& query, int label, std::size_t depth) {
    query_ = &query;
    label_ = label;
    depth_ = depth;
    find_near_own(std::min(training_->class_size(label), 2 * depth + 4));
    start_near_own();
}

void HalfspaceBounds::start(const Query& query, std::span<const std::size_t> own) {
    query_ = &query;
    label_ = no_class;
    depth_ = own.size();
    near_own_.assign(own.begin(), own.end());
    start_near_own();
}

void HalfspaceBounds::start_near_own() {
    squared_norm_ = training_->twice_mapped_squared_norm(*query_->embedding);
    own_distance_.assign(1, -rounding::infinity);
    own_length_.assign(1, 0.0);
    for (const std::size_t position : near_own_) {
        own_distance_.push_back(std::max(own_distance_.back(), relative_distance(position).upper));
        own_length_.push_back(std::max(own_length_.back(), length(position)));
    }
    entrant_slot_.assign(training_->size(), 0);
    entrant_count_ = 0;
    known_.clear();
    refined_.start(query_->point, query_->embedding->far);
}

void HalfspaceBounds::find_near_own(std::size_t count) {
    const float* distances = query_->mapped.values;
    const auto nearer = [&](std::size_t a, std::size_t b) {
        return distances[a] != distances[b] ? distances[a] < distances[b] : a < b;
    };
    near_own_.clear();
    for (const std::size_t own : training_->members(label_)) {
        if (near_own_.size() == count) {
            if (!nearer(own, near_own_.front())) continue;
            std::pop_heap(near_own_.begin(), near_own_.end(), nearer);
            near_own_.pop_back();
        }
        near_own_.push_back(own);
        std::push_heap(near_own_.begin(), near_own_.end(), nearer);
    }
    std::sort(near_own_.begin(), near_own_.end(), nearer);
}

double HalfspaceBounds::length(std::size_t position) const {
    return up(std::sqrt(up(std::max(squared_norm_ + query_->twice_mapped.relative(position).upper, 0.0))));
}

// The bound at which `entering` points, and enough of one class, may have entered; `cap` or more once it is clear that
// it is no less. reached: whether so many had entered below cap. Past the deadline the bound at which `entering` points
// may have entered, as far as it is known, and not reached: it is one for fewer kept votes as well.
double HalfspaceBounds::losing_radius(const LosingVote& vote, double cap, bool& reached) {
    reached = true;
    if (vote.kept + 1 > training_->class_size(label_)) return 0.0;  // no own-class point has to be beaten
    const double last_rank = cap * (1.0 + margin);
    enqueue(vote.kept, false, last_rank);
    entered_.assign(static_cast<std::size_t>(training_->classes()), 0);
    std::size_t total = 0;
    bool won = vote.unopposed();
    std::size_t steps = 0;
    double filled = rounding::infinity;  // the bound at which `entering` points had entered
    for (const Queued* queued = top(coarse); queued != nullptr && queued->rank() < last_rank; queued = top(coarse)) {
        if (++steps % steps_per_question == 0 && out_of_time()) {
            reached = false;
            return std::min({cap, filled, queued->bound * (1.0 - 2.0 * margin)});
        }
        const int rival = training_->label(queued->position);
        const std::size_t needed = vote.needed(rival);
        if (total >= vote.entering && needed == 0) {  // whether it enters makes no difference any more
            pop();
        } else if (queued->level < refined) {
            if (queued->level == all_pairs)
                evaluate_next(vote.entering - std::min(total, vote.entering - 1), last_rank);
            deepen_top();
        } else {
            if (++total == vote.entering) filled = queued->bound;
            const std::size_t entered = ++entered_[static_cast<std::size_t>(rival)];
            won = won || (needed > 0 && entered >= needed);
            if (total >= vote.entering && won) return std::min(queued->bound, cap);
            pop();
        }
    }
    reached = total >= vote.entering;
    return cap;
}

// Has the points of the next `count` entrants evaluated together, which a large dense metric rewards. None is deepened
// that would not be: that many have to enter.
void HalfspaceBounds::evaluate_next(std::size_t count, double last_rank) {
    if (training_->metric().is_identity() || refined_.knows(queue_.front().position)) return;
    std::vector<Queued> next;
    std::vector<std::size_t> points;
    while (next.size() < count) {
        const Queued* const queued = top(all_pairs);
        if (queued == nullptr || queued->rank() >= last_rank) break;
        if (queued->level == all_pairs) {
            const std::vector<std::size_t>& own = entrant_of(queued->position).candidates;
            points.push_back(queued->position);
            points.insert(points.end(), own.begin(), own.end());
        }
        next.push_back(*queued);
        pop();
    }
    refined_.evaluate(points);
    for (const Queued& queued : next) {
        queue_.push_back(queued);
        std::push_heap(queue_.begin(), queue_.end(), Later());
    }
}

// Without a deadline there is nothing to hand over when the work is stopped.
bool HalfspaceBounds::out_of_time() const {
    if (deadline_ != nullptr) return deadline_->passed();
    checkpoint();
    return false;
}

auto HalfspaceBounds::top(Level level) -> const Queued* {
    for (;;) {
        while (!waiting_.exhausted() && (queue_.empty() || queue_.front().rank() > waiting_.let_in())) load_more();
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
    Entrant& entrant = entrant_of(position);
    if (entrant.level < all_pairs) use_all_pairs(entrant);
    LargestPair largest;
    for (const std::size_t own : entrant.candidates) {
        const double bound = refined_.pair_lower(position, own);
        if (bound > largest.bound) largest = {bound, own};
    }
    return largest;
}

void HalfspaceBounds::enqueue(std::size_t kept, bool skip_shadowed, double limit) {
    const PreparedSet& t = *training_;
    const FilterDistances &mapped = query_->mapped, &twice = query_->twice_mapped;
    kept_ = kept;
    queue_.clear();
    const std::span<float> bounds = waiting_.start(t.size(), limit);
    // The smallest pair bound that the (kept + 1) nearest own-class points guarantee, with ‖M(x⁺ - x⁻)‖ bounded by
    // the triangle inequality through the query: no denominators of their own.
    kernels().bound_ratios({mapped.values, mapped.rows->blurs(), twice.values, twice.rows->blurs(), reach_of(mapped),
                            rounding::float_up(own_distance_[kept + 1]), rounding::float_up(squared_norm_),
                            reach_of(twice), rounding::float_up(own_length_[kept + 1])},
                           bounds.data(), t.size());
    if (t.threat().dual_factor() > 1.0) {
        const float share = rounding::float_down(1.0 / t.threat().dual_factor());
        for (float& bound : bounds) bound = std::max(rounding::float_down(static_cast<double>(bound) * share), 0.0f);
    }
    // R_v only grows when v falls: so what is known from more votes kept still holds
    for (const Known& known : known_) bounds[known.position] = std::max(bounds[known.position], known.bound);
    if (label_ == no_class)
        for (const std::size_t own : near_own_) waiting_.take_out(own);
    else
        for (const std::size_t own : t.members(label_)) waiting_.take_out(own);
    if (skip_shadowed)
        for (const std::size_t position : t.all_shadowed()) waiting_.take_out(position);
    // some are in the queue's later levels already
    for (std::size_t i = 0; i < entrant_count_; ++i) {
        const Entrant& entrant = entrants_[i];
        if (!waiting_.take_out(entrant.position)) continue;
        const Queued queued{entrant.largest[kept], entrant.position, entrant.level};
        if (queued.rank() < limit) queue_.push_back(queued);
    }
    std::make_heap(queue_.begin(), queue_.end(), Later());
}

// Moves entrants that wait into the queue: a few at first, later all up to a little above the queue's front.
void HalfspaceBounds::load_more() {
    const auto enter = [&](std::size_t position, float bound) {
        queue_.push_back({bound, position, coarse});
        training_->sketch().prefetch(position);
        std::push_heap(queue_.begin(), queue_.end(), Later());
    };
    if (queue_.empty())
        waiting_.let_in_some(first_load, enter);
    else
        waiting_.let_in_up_to(rounding::float_up(queue_.front().rank() * 1.03125), enter);
}

auto HalfspaceBounds::deepen(const Queued& queued) -> Queued {
    if (queued.level < nearest_pairs) {
        const bool roughly = queued.level == coarse && (training_->sketch().usable() || boxed_two_norm());
        const double bound = std::max(nearest_bound(queued.position, roughly), queued.bound);
        known_.push_back({rounding::float_down(bound), static_cast<std::uint32_t>(queued.position)});
        return {bound, queued.position, roughly ? sketched : nearest_pairs};
    }
    Entrant& entrant = entrant_of(queued.position);
    if (entrant.level < near_pairs)
        use_near_pairs(entrant);
    else if (entrant.level < all_pairs)
        use_all_pairs(entrant);
    else if (entrant.level < refined)
        use_refined_pairs(entrant);
    return {entrant.largest[kept_], queued.position, entrant.level};
}

auto HalfspaceBounds::entrant_of(std::size_t position) -> Entrant& {
    if (entrant_slot_[position] == 0) {
        if (entrant_count_ == entrants_.size()) entrants_.emplace_back();
        Entrant& entrant = entrants_[entrant_count_++];
        entrant.position = position;
        entrant.level = coarse;
        entrant_slot_[position] = static_cast<std::uint32_t>(entrant_count_);
    }
    return entrants_[entrant_slot_[position] - 1];
}

// Filter bounds of ε(z; x⁺, x⁻).
Interval HalfspaceBounds::pair(std::size_t other, std::size_t own) const {
    if (!training_->threat().euclidean()) return pair_in_space(other, own, true);
    return pair_from(other, own, training_->twice_mapped().distance(other, own));
}

double HalfspaceBounds::pair_lower(std::size_t other, std::size_t own) const {
    return (training_->threat().euclidean() ? pair(other, own) : pair_in_space(other, own, false)).lower;
}

Interval HalfspaceBounds::pair_from(std::size_t other, std::size_t own, Interval length) const {
    const Interval gap = difference(relative_distance(other), relative_distance(own));
    if (!(gap.upper > 0.0)) return {0.0, 0.0};
    return {gap.lower > 0.0 ? down(gap.lower / (2.0 * length.upper)) : 0.0,
            length.lower > 0.0 ? up(gap.upper / (2.0 * length.lower)) : rounding::infinity};
}

// The same in the cost space of a threat model whose lengths are not 2-norms, or that has a box.
Interval HalfspaceBounds::pair_in_space(std::size_t other, std::size_t own, bool with_upper) const {
    const FilterRows& rows = training_->twice_mapped();
    const Interval gap = half(difference(relative_distance(other), relative_distance(own)));
    if (!(gap.upper > 0.0)) return {0.0, 0.0};
    const double error = rows.error(other) + rows.error(own);
    if (!(error <= 0x1p126) || !(gap.upper <= 0x1p125)) return {0.0, rounding::infinity};
    normal_.resize(training_->dimension());
    const float *far_row = rows.row(other), *near_row = rows.row(own);
    double largest = 0.0;
    for (std::size_t j = 0; j < normal_.size(); ++j) {
        normal_[j] = static_cast<double>(far_row[j]) - static_cast<double>(near_row[j]);
        largest = std::max(largest, std::fabs(normal_[j]));
    }
    // floats may be too far apart for their difference to be exact in float64
    const double rounded = largest * std::sqrt(static_cast<double>(normal_.size())) * 0x1p-52;
    return refined_.space().distance(
        {normal_, up(error + rounded), gap.lower, with_upper ? gap.upper : rounding::infinity});
}

// As the box lets nobody get nearer, what is known without it holds in it, and costs a tenth.
double HalfspaceBounds::rough_pair_lower(std::size_t other, std::size_t own) const {
    const Interval length =
        boxed_two_norm() ? training_->twice_mapped().distance(other, own) : training_->sketch().distance(other, own);
    return pair_from(other, own, length).lower;
}

bool HalfspaceBounds::boxed_two_norm() const {
    const Threat& threat = training_->threat();
    return threat.boxed() && threat.norm() == Norm::two;
}

// Each of the kept + 1 nearest own-class points bounds the entrant, hence so does the worst of them.
double HalfspaceBounds::nearest_bound(std::size_t other, bool roughly) const {
    double least = rounding::infinity;
    for (std::size_t i = 0; i <= kept_; ++i) {
        const std::size_t own = near_own_[i];
        least = std::min(least, roughly ? rough_pair_lower(other, own) : pair_lower(other, own));
    }
    return least;
}

void HalfspaceBounds::use_near_pairs(Entrant& entrant) {
    entrant.largest.clear();
    for (const std::size_t own : near_own_) entrant.largest.push_back(pair_lower(entrant.position, own));
    entrant.largest.resize(std::max(entrant.largest.size(), depth_), 0.0);
    std::sort(entrant.largest.begin(), entrant.largest.end(), std::greater<>());
    entrant.largest.resize(depth_);
    entrant.level = near_pairs;
}

void HalfspaceBounds::use_all_pairs(Entrant& entrant) {
    const FilterDistances& distances = query_->mapped;
    const std::size_t n = training_->size();
    const float limit = rounding::float_up(relative_distance(entrant.position).upper), reach = reach_of(distances);
    const Sketch& sketch = training_->sketch();
    if (entrant.level < near_pairs) use_near_pairs(entrant);
    double least = entrant.largest.back() * (1.0 - margin);
    pairs_.clear();
    scratch_.clear();
    for (std::size_t own = 0;; ++own) {  // farther ones have a pair bound of 0
        own = kernels().next_within(distances.values, distances.rows->blurs(), reach, limit, own, n);
        if (own == n) break;
        if (training_->label(own) != label_) continue;
        // the sketch tells most that are not among the largest
        if (sketch.usable() && pair_from(entrant.position, own, sketch.distance(entrant.position, own)).upper < least)
            continue;
        pairs_.push_back(pair(entrant.position, own));
        scratch_.push_back(own);
    }
    entrant.largest.clear();
    for (const Interval& bounds : pairs_) entrant.largest.push_back(bounds.lower);
    entrant.largest.resize(std::max(entrant.largest.size(), depth_), 0.0);
    std::partial_sort(entrant.largest.begin(), entrant.largest.begin() + static_cast<std::ptrdiff_t>(depth_),
                      entrant.largest.end(), std::greater<>());
    entrant.largest.resize(depth_);
    // whatever may be among the largest: so the refined result does not depend on the filter
    least = entrant.largest.back() * (1.0 - margin);
    entrant.candidates.clear();
    for (std::size_t i = 0; i < pairs_.size(); ++i)
        if (pairs_[i].upper >= least && pairs_[i].upper > 0.0) entrant.candidates.push_back(scratch_[i]);
    entrant.level = all_pairs;
}

void HalfspaceBounds::use_refined_pairs(Entrant& entrant) {
    entrant.largest.clear();
    for (const std::size_t own : entrant.candidates)
        entrant.largest.push_back(refined_.pair_lower(entrant.position, own));
    entrant.largest.resize(std::max(entrant.largest.size(), depth_), 0.0);
    std::sort(entrant.largest.begin(), entrant.largest.end(), std::greater<>());
    entrant.largest.resize(depth_);
    entrant.level = refined;
}

Evidence HalfspaceBounds::evidence() const {
    Evidence proof{near_own_, {}};
    for (std::size_t i = 0; i < entrant_count_; ++i) {
        const Entrant& entrant = entrants_[i];
        if (entrant.level >= all_pairs)
            proof.entrants.push_back({entrant.position, entrant.candidates, {}});  // else near_own_ proves it
    }
    return proof;
}

}  // namespace robust_metric
