#include "search/single/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rounding.hpp"
#include "search/polish.hpp"

namespace robust_metric {

namespace {

using rounding::infinity;

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

// halvings of the segment on which a witness is looked for at last
constexpr int bisections = 30;

struct Later {
    template <class Open>
    bool operator()(const Open& a, const Open& b) const {
        if (a.rank() != b.rank()) return a.rank() > b.rank();
        return a.lower != b.lower ? a.lower > b.lower : a.position > b.position;
    }
};

}  // namespace

SingleSearch::SingleSearch(const PreparedSet& training)
    : training_(&training),
      bounds_(training),
      witness_(training, bounds_.refined_bounds().space()),
      cell_(training, bounds_),
      exact_sum_(training) {}

MinimalPerturbation SingleSearch::run(const Query& query, int label, const Deadline& limit,
                                      std::span<double> perturbation) {
    start(query, label, limit);
    if (training_->class_size(label) < training_->size()) {
        while (advance()) {
        }
        if (witness_.length() == infinity) witness_on_segment();
        if (witness_.scaled_length() > lower_ * (1.0 + exactness)) tighten();
    }
    result_.label = label;
    result_.nodes = static_cast<std::int64_t>(projections_.size());
    return answer(perturbation);
}

const MinimalPerturbation& SingleSearch::answer(std::span<double> perturbation) {
    result_.upper = witness_.length();
    result_.adversarial_label = witness_.adversarial_label();
    result_.lower = std::min(training_->unscale_down(lower_, query_->embedding->far), result_.upper);
    std::copy(witness_.step().begin(), witness_.step().end(), perturbation.begin());
    set_status(result_, timed_out_);
    return result_;
}

// Brings the witness as near to the projection onto its cell, and to the query, as floats are dense.
void SingleSearch::tighten() {
    if (witness_.length() == infinity) return;
    const Deadline longer = deadline_.extended();
    witness_.try_step(witness_.step());
    const std::size_t nearest = witness_.nearest().front();
    const int exponent = training_->exponent(*query_->embedding);
    for (const SingleCell::Projection& projection : projections_) {
        if (projection.other != nearest || !projection.complete) continue;
        for (std::size_t j = 0; j < step_.size(); ++j) step_[j] = std::ldexp(projection.perturbation[j], exponent);
        shrink_witness(witness_, longer, step_);
        break;
    }
    shrink_witness(witness_, longer);
}

MinimalPerturbation SingleSearch::survive(const WitnessRounding& to, std::span<double> perturbation) {
    if (witness_.length() == infinity) return result_;
    witness_.try_step(witness_.step());
    const std::size_t nearest = witness_.nearest().front();
    const std::vector<double> from = witness_.require(to);
    stored_.resize(training_->dimension());
    if (!survive_towards(witness_, query_->point, from, training_->points().row(nearest, stored_.data())))
        survive_anywhere(witness_, *training_, *query_, from);
    return answer(perturbation);
}

void SingleSearch::start(const Query& query, int label, const Deadline& limit) {
    deadline_ = limit;
    timed_out_ = false;
    query_ = &query;
    label_ = label;
    lower_ = nearest_ = infinity;
    heap_.clear();
    projections_.clear();
    witness_.start(query, label, 1);
    bounds_.start(query, label, 1);
    bounds_.enqueue(0, true, infinity);
    cell_.start(query, label);
}

// One step: a point whose bound comes next is projected, refined, or closed. False once nothing open can move the
// interval's ends, or time is up.
bool SingleSearch::advance() {
    const HalfspaceBounds::Queued* entrant = bounds_.top(HalfspaceBounds::near_pairs);
    const double entrant_bound = entrant ? entrant->bound : infinity;
    const double open_rank = heap_.empty() ? infinity : heap_.front().rank();
    const double bound = std::min(entrant_bound, open_rank * (1.0 - 2.0 * HalfspaceBounds::margin));
    if (settled(bound)) {
        lower_ = std::min(lower_, bound);  // in subnormal units unscale_up may exceed the bound
        return false;
    }
    timed_out_ = timed_out_ || deadline_.passed();
    if (entrant_bound < open_rank) {
        const std::size_t other = entrant->position;
        bounds_.pop();
        // past the deadline an entrant's largest pair has to do, so that lower is never below the certified radius
        push(timed_out_ ? bound_by_pair(other) : project(other, entrant_bound, nearest_));
        if (const auto& last = projections_.back(); last.complete) nearest_ = std::min(nearest_, last.norm);
        return true;
    }
    Open next = pop();
    if (next.refined) return close(next);
    refine(next);
    push(next);
    return true;
}

bool SingleSearch::settled(double bound) const {
    return bound == infinity ||
           (lower_ < infinity && training_->unscale_up(bound, query_->embedding->far) >= witness_.length());
}

void SingleSearch::push(const Open& open) {
    heap_.push_back(open);
    std::push_heap(heap_.begin(), heap_.end(), Later());
}

auto SingleSearch::pop() -> Open {
    std::pop_heap(heap_.begin(), heap_.end(), Later());
    const Open open = heap_.back();
    heap_.pop_back();
    return open;
}

// The filter proves known_lower, which holds whatever the projection says.
auto SingleSearch::project(std::size_t other, double known_lower, double cutoff) -> Open {
    projections_.push_back(cell_.project(other, cutoff, deadline_));
    return {std::max(known_lower, cell_.lower(projections_.back())), other, projections_.size() - 1, false};
}

// The point as its largest pair alone bounds it.
auto SingleSearch::bound_by_pair(std::size_t other) -> Open {
    const HalfspaceBounds::LargestPair pair = bounds_.largest_pair(other);
    projections_.push_back({other, {}, {}, {}, 0.0, false});
    if (pair.bound > 0.0) {
        projections_.back().own = {pair.own};
        projections_.back().multipliers = {1.0};
    }
    return {pair.bound, other, projections_.size() - 1, true};
}

// The bound that the multipliers prove, from the stored arrays. Never below the largest pair bound, so that lower is
// at least the certified radius: near a tie the multipliers may be all rounding, and give way to that pair.
void SingleSearch::refine(Open& open) {
    if (!projections_[open.solved].complete && !timed_out_) {  // was given up as too far, and turns out not to be
        open = project(open.position, open.lower, infinity);
        projections_[open.solved].complete = true;
    }
    SingleCell::Projection& projection = projections_[open.solved];
    const auto proved =
        bounds_.refined_bounds().halfspace_distance(open.position, projection.own, projection.multipliers);
    const HalfspaceBounds::LargestPair pair = bounds_.largest_pair(open.position);
    if (pair.bound > proved.lower) {
        projection.own = {pair.own};
        projection.multipliers = {1.0};
    }
    open.lower = std::max(proved.lower, pair.bound);
    open.refined = true;
}

// The point with the smallest refined bound of all: that is the interval's lower end, and a witness is looked for in
// its cell, unless that is empty. False where the search is over.
bool SingleSearch::close(const Open& open) {
    const bool found = !timed_out_ && push_inside(open);
    if (!found && !timed_out_ && is_never_nearest(open)) return true;
    lower_ = std::min(lower_, open.lower);
    if (timed_out_) return false;
    // a good enough interval ends the search; else the points that come next may have a better witness
    return witness_.length() > training_->unscale_down(lower_, query_->embedding->far) * (1.0 + exactness);
}

// Whether an own-class point of smaller index is as near as this one wherever the query goes, decided in integers: the
// metric sees no difference. Only then is a cell empty; else it holds its point.
bool SingleSearch::is_never_nearest(const Open& open) {
    if (training_->metric().is_identity()) return false;  // such points are shadowed
    for (const std::uint32_t own : training_->members(label_)) {
        if (own > open.position || deadline_.passed()) return false;
        const double apart = std::fabs(cell_.distance(own) - cell_.distance(open.position));
        if (apart > training_->comparison_error(*query_->embedding, own, open.position)) continue;
        Evidence::Pair pair{open.position, own, 1.0};
        if (!exact_sum_.contradicts(query_->point, {&pair, 1})) continue;
        projections_[open.solved].own = {own};
        projections_[open.solved].multipliers = {1.0};
        return true;
    }
    return false;
}

// Pushes the projection, on the boundary of the cell, into it, as little as it takes: towards the cell's point, or
// straight on, as that is the way along the boundary for a query far from all points.
bool SingleSearch::push_inside(const Open& open) {
    const std::span<const double> boundary = projections_[open.solved].perturbation;
    for (double blend = 0x1p-50; blend < 2.0; blend *= blend < 0x1p-30 ? 8.0 : 64.0) {
        const bool far = query_->embedding->far != 0;
        if (far && try_beyond(blend, boundary)) return true;
        if (try_point(std::min(blend, 1.0), open.position, boundary)) return true;
        if (!far && try_beyond(blend, boundary)) return true;
    }
    return false;
}

// Runs the classifier on query + (1 + share) δ. True where the class changes.
bool SingleSearch::try_beyond(double share, std::span<const double> scaled_perturbation) {
    const int exponent = training_->exponent(*query_->embedding);
    step_.resize(scaled_perturbation.size());
    for (std::size_t j = 0; j < step_.size(); ++j)
        step_[j] = std::ldexp(scaled_perturbation[j] * (1.0 + share), exponent);
    return witness_.try_step(step_);
}

// Bisects the segment from the query to the nearest other-class point, which is a witness itself unless rounding
// or an equal point of smaller index says otherwise.
void SingleSearch::witness_on_segment() {
    const PreparedSet& t = *training_;
    std::size_t other = none;
    for (std::size_t i = 0; i < t.size(); ++i)
        if (t.label(i) != label_ && !t.shadowed(i) && (other == none || cell_.distance(i) < cell_.distance(other)))
            other = i;
    const std::vector<double> start(t.dimension(), 0.0);
    if (other == none || !try_point(1.0, other, start)) return;
    double inside = 1.0, outside = 0.0;
    for (int round = 0; round < bisections; ++round) {
        const double middle = 0.5 * (inside + outside);
        (try_point(middle, other, start) ? inside : outside) = middle;
    }
}

// Runs the classifier on the point between query + δ (blend 0) and `other` (blend 1). True where the class changes.
bool SingleSearch::try_point(double blend, std::size_t other, std::span<const double> scaled_perturbation) {
    const PreparedSet& t = *training_;
    const std::size_t d = t.dimension();
    stored_.resize(d);
    const double *z = query_->point, *x = t.points().row(other, stored_.data());
    const int exponent = t.exponent(*query_->embedding);
    step_.resize(d);
    for (std::size_t j = 0; j < d; ++j) {
        const double boundary = std::ldexp(scaled_perturbation[j], exponent);
        step_[j] = boundary + blend * ((x[j] - z[j]) - boundary);
    }
    return witness_.try_step(step_);
}

Evidence SingleSearch::evidence() const {
    if (projections_.empty()) return {};
    Evidence proof{bounds_.near_own(), {}};
    for (const SingleCell::Projection& projection : projections_)
        proof.entrants.push_back({projection.other, projection.own, projection.multipliers});
    return proof;
}

}  // namespace robust_metric
