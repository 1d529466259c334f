#include "search/single/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

namespace {

using rounding::down;
using rounding::infinity;
using rounding::up;

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

// own-class points looked at first, sorted by distance
constexpr std::size_t near_count = 128;

// a violation below this share of ‖normal‖ ‖δ‖ is rounding; the witness is pushed further than that
constexpr double violation_tolerance = 1e-12;

struct Later {
    template <class Candidate>
    bool operator()(const Candidate& a, const Candidate& b) const {
        if (a.rank() != b.rank()) return a.rank() > b.rank();
        return a.lower != b.lower ? a.lower > b.lower : a.position > b.position;
    }
};

}  // namespace

PerturbationSearch::PerturbationSearch(const PreparedSet& training)
    : training_(&training),
      bounds_(training),
      witness_(training, bounds_.refined_bounds().space()),
      qp_(training.dimension()) {}

MinimalPerturbation PerturbationSearch::run(const Query& query, int label, double time_limit,
                                            std::span<double> perturbation) {
    const PreparedSet& t = *training_;
    deadline_ = Deadline(time_limit);
    query_ = &query;
    label_ = label;
    result_ = {};
    result_.label = label;
    result_.upper = infinity;
    witness_.start(query, label, 1);
    std::fill(perturbation.begin(), perturbation.end(), 0.0);
    if (t.class_size(label) == t.size()) {
        result_.lower = infinity;
        result_.status = SearchStatus::no_other_class;
        return result_;
    }
    const std::vector<double>& mapped = query.embedding->mapped_row();
    squared_norm_ = kernels().dot(mapped.data(), mapped.data(), mapped.size());
    bounds_.start(query, label, 1);
    bounds_.enqueue(0, true, infinity);
    own_order_.assign(t.members(label).begin(), t.members(label).end());
    const std::size_t near = std::min(near_count, own_order_.size());
    std::partial_sort(own_order_.begin(), own_order_.begin() + static_cast<std::ptrdiff_t>(near), own_order_.end(),
                      [values = query.mapped.values](std::size_t a, std::size_t b) { return values[a] < values[b]; });
    distances_.assign(t.size(), std::numeric_limits<double>::quiet_NaN());
    heap_.clear();
    solutions_.clear();

    double lower = infinity;    // scaled; smallest refined bound, once known
    double nearest = infinity;  // scaled; smallest complete projection, unproved
    bool timed_out = false;
    for (;;) {
        const HalfspaceBounds::Entry* row = bounds_.top(HalfspaceBounds::near_pairs);
        const double row_bound = row ? row->bound : infinity;
        const double solved_rank = heap_.empty() ? infinity : heap_.front().rank();
        const double bound = std::min(row_bound, solved_rank * (1.0 - 2.0 * HalfspaceBounds::margin));
        // done when nothing open can lower the interval's ends
        if (bound == infinity || (lower < infinity && t.unscale_up(bound) >= witness_.length())) {
            lower = std::min(lower, bound);  // in subnormal units unscale_up may exceed the bound
            break;
        }
        timed_out = timed_out || deadline_.passed();
        if (row_bound < solved_rank) {
            const std::size_t other = row->position;
            bounds_.pop();
            // past the deadline a row's largest pair has to do, so that lower is never below the certified radius
            heap_.push_back(timed_out ? bound_by_pair(other) : solve(other, row_bound, nearest));
            if (solutions_[heap_.back().solved].complete) nearest = std::min(nearest, qp_.norm());
            std::push_heap(heap_.begin(), heap_.end(), Later());
            continue;
        }
        std::pop_heap(heap_.begin(), heap_.end(), Later());
        Candidate candidate = heap_.back();
        heap_.pop_back();
        if (!candidate.refined) {
            Solution& solution = solutions_[candidate.solved];
            if (!solution.complete && !timed_out) {  // was given up as too far, and turns out not to be
                candidate = solve(candidate.position, candidate.lower, infinity);
                solutions_[candidate.solved].complete = true;
            }
            candidate.lower = refined_lower(candidate.position, solutions_[candidate.solved]);
            candidate.refined = true;
            heap_.push_back(candidate);
            std::push_heap(heap_.begin(), heap_.end(), Later());
            continue;
        }
        if (timed_out) {
            lower = std::min(lower, candidate.lower);
            break;
        }
        lower = std::min(lower, candidate.lower);
        push_inside(candidate.position, solutions_[candidate.solved].perturbation.data());
        // a good enough interval ends the search; else the next candidates may have a better witness
        if (witness_.length() <= t.unscale_down(lower) * (1.0 + exactness)) break;
    }
    if (witness_.length() == infinity) witness_on_segment();
    result_.nodes = static_cast<std::int64_t>(solutions_.size());
    result_.upper = witness_.length();
    result_.adversarial_label = witness_.adversarial_label();
    result_.lower = std::min(t.unscale_down(lower), result_.upper);
    std::copy(witness_.step().begin(), witness_.step().end(), perturbation.begin());
    set_status(result_, timed_out);
    return result_;
}

// The projection for one other-class point, given up once it is farther than cutoff. The filter proves
// its bound; known_lower holds anyway.
auto PerturbationSearch::solve(std::size_t other, double known_lower, double cutoff) -> Candidate {
    const PreparedSet& t = *training_;
    const std::size_t d = t.dimension();
    const double* far = t.twice_mapped_row(other, other_scratch_);
    qp_.reset();
    normal_.resize(d);
    Solution solution;
    solution.other = other;
    solution.complete = true;
    double previous = -1.0;
    std::size_t stalled = 0;
    for (;;) {
        if (deadline_.passed()) {
            solution.complete = false;
            break;
        }
        const std::size_t own = most_violated(other, qp_.solution());
        if (own == none) break;
        const double* near = t.twice_mapped_row(own, own_scratch_);
        for (std::size_t j = 0; j < d; ++j) normal_[j] = far[j] - near[j];
        const double offset = 0.5 * (distance(other) - distance(own));
        if (!qp_.add(normal_.data(), offset, own)) break;
        const double norm = qp_.norm();
        // rounding alone keeps it going once the norm has stopped to grow
        stalled = norm > previous * (1.0 + 1e-15) ? 0 : stalled + 1;
        if (stalled > 8) break;
        previous = std::max(previous, norm);  // rounding may let it fall, and circle
        if (norm > cutoff * (1.0 + 1e-6)) {
            solution.complete = false;
            break;
        }
    }
    solution.perturbation.assign(qp_.solution().begin(), qp_.solution().end());
    solution.own.assign(qp_.active().begin(), qp_.active().end());
    solution.multipliers.assign(qp_.multipliers().begin(), qp_.multipliers().end());
    const double lower = std::max(known_lower, rows_lower(other, solution));
    solutions_.push_back(std::move(solution));
    return {lower, other, solutions_.size() - 1, false};
}

// Scaled d(z, x) by the kernels: unlike the filter's, its bits do not depend on the block that the query came in.
double PerturbationSearch::distance(std::size_t position) {
    double& known = distances_[position];
    if (std::isnan(known))
        known = kernels().squared_distance(query_->embedding->mapped_row().data(),
                                           training_->mapped_row(position, own_scratch_), training_->metric().rank());
    return known;
}

// Half of what z + δ is nearer to x than to the query's image, up to a number that is the same for all x: larger is
// nearer.
double PerturbationSearch::nearness(std::size_t x, std::span<const double> perturbation, double at_query) {
    const double half = 0.5 * distance(x);
    const double* row = training_->twice_mapped_row(x, own_scratch_);
    return kernels().dot(row, perturbation.data(), perturbation.size()) - at_query - half;
}

// The own-class point nearest to z + δ, where it is nearer than `other` by more than rounding explains. The filter's
// rows tell the few that may be, float64 decides.
std::size_t PerturbationSearch::most_violated(std::size_t other, std::span<const double> perturbation) {
    const Kernels& k = kernels();
    const PreparedSet& t = *training_;
    const Embedding& z = *query_->embedding;
    const std::size_t d = t.dimension();
    const double norm = std::sqrt(k.dot(perturbation.data(), perturbation.data(), d));
    const double at_query = k.dot(z.twice_mapped_row().data(), perturbation.data(), d);
    const double threshold = nearness(other, perturbation, at_query);
    const double shift = at_query + 0.5 * squared_norm_;  // between the filter's relative values and nearness
    double best = threshold;
    contenders_.clear();
    for (const std::size_t own : own_order_) {
        const Interval relative = bounds_.relative_distance(own);
        if (bounds_.length(own) * norm - 0.5 * (relative.lower + squared_norm_) < best) continue;
        const FilterRows& rows = t.twice_mapped();
        const double along = k.dot_mixed(rows.row(own), perturbation.data(), d);
        const double slack = rows.error(own) * norm + 1e-12 * (std::fabs(along) + std::fabs(shift));
        const double upper = along - 0.5 * relative.lower - shift + slack;
        if (upper < best) continue;
        contenders_.push_back({own, upper});
        best = std::max(best, along - 0.5 * relative.upper - shift - slack);
    }
    double largest = threshold;
    std::size_t best_own = none;
    for (const auto& [own, upper] : contenders_) {
        if (upper < best) continue;
        const double value = nearness(own, perturbation, at_query);
        if (value > largest || (value == largest && best_own != none && own < best_own)) {
            largest = value;
            best_own = own;
        }
    }
    if (best_own == none) return none;
    const auto length = [&](std::size_t x) {
        return std::sqrt(k.squared_distance(z.twice_mapped_row().data(), t.twice_mapped_row(x, own_scratch_), d));
    };
    const double tolerance = violation_tolerance * (length(other) + length(best_own)) * norm +
                             t.distance_error(2.0 * z.extent + t.extent(other) + t.extent(best_own));
    return largest - threshold > tolerance || norm == 0.0 ? best_own : none;
}

Interval PerturbationSearch::float64_distance(std::size_t position) {
    return training_->distance_interval(distance(position), query_->embedding->extent + training_->extent(position));
}

// The bound that the multipliers prove, by float64 rows.
double PerturbationSearch::rows_lower(std::size_t other, const Solution& solution) {
    const PreparedSet& t = *training_;
    const std::size_t d = t.dimension(), count = solution.own.size();
    if (count == 0) return 0.0;
    const double* other_row = t.twice_mapped_row(other, other_scratch_);
    const double other_size = std::sqrt(kernels().dot(other_row, other_row, d));
    const Interval far = float64_distance(other);
    normal_.assign(d, 0.0);
    // the largest multiplier comes near 1, as in Displacements::halfspace_distance
    int scale = 0;
    std::frexp(*std::max_element(solution.multipliers.begin(), solution.multipliers.end()), &scale);
    double gap = 0.0, size = 0.0, direction_error = 0.0, direction_size = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t own = solution.own[i];
        const double weight = std::ldexp(solution.multipliers[i], -scale);
        const Interval near = float64_distance(own);
        const double* own_row = t.twice_mapped_row(own, own_scratch_);
        gap += weight * (far.lower - near.upper);
        size += weight * (far.lower + near.upper);
        direction_error += weight * t.twice_mapped_norm_error(t.extent(own), t.extent(other));
        direction_size += weight * (std::sqrt(kernels().dot(own_row, own_row, d)) + other_size);
        for (std::size_t j = 0; j < d; ++j) normal_[j] += weight * (other_row[j] - own_row[j]);
    }
    const double direction = std::sqrt(kernels().dot(normal_.data(), normal_.data(), d));
    const double slack = rounding::gamma(count + 6);
    const double longest =
        up(direction * (1.0 + rounding::gamma(d + 6)) + direction_error * (1.0 + slack) + slack * direction_size);
    const double proved = gap - slack * size;
    return proved > 0.0 && longest < infinity ? down(proved / (2.0 * longest)) : 0.0;
}

// The candidate as its largest pair alone bounds it.
auto PerturbationSearch::bound_by_pair(std::size_t other) -> Candidate {
    const HalfspaceBounds::LargestPair pair = bounds_.largest_pair(other);
    solutions_.push_back({});
    Solution& solution = solutions_.back();
    solution.other = other;
    if (pair.bound > 0.0) {
        solution.own = {pair.own};
        solution.multipliers = {1.0};
    }
    return {pair.bound, other, solutions_.size() - 1, true};
}

// The bound that the multipliers prove, from the stored arrays. Never below the largest pair bound, so that lower is
// at least the certified radius: near a tie the multipliers may be all rounding, and give way to that pair.
double PerturbationSearch::refined_lower(std::size_t other, Solution& solution) {
    const double proved = bounds_.refined_bounds().halfspace_distance(other, solution.own, solution.multipliers).lower;
    const HalfspaceBounds::LargestPair pair = bounds_.largest_pair(other);
    if (pair.bound <= proved) return proved;
    solution.own = {pair.own};
    solution.multipliers = {1.0};
    return pair.bound;
}

// Pushes a point on the boundary of other's cell into it, towards `other`, as little as it takes.
bool PerturbationSearch::push_inside(std::size_t other, const double* scaled_perturbation) {
    for (double blend = 0x1p-50; blend < 2.0; blend *= blend < 0x1p-30 ? 8.0 : 64.0)
        if (try_point(std::min(blend, 1.0), other, scaled_perturbation)) return true;
    return false;
}

// Bisects the segment from the query to the nearest other-class point, which is a witness itself unless rounding
// or an equal point of smaller index says otherwise.
void PerturbationSearch::witness_on_segment() {
    const PreparedSet& t = *training_;
    std::size_t other = none;
    for (std::size_t i = 0; i < t.size(); ++i)
        if (t.label(i) != label_ && !t.shadowed(i) && (other == none || distance(i) < distance(other))) other = i;
    const std::vector<double> start(t.dimension(), 0.0);
    if (other == none || !try_point(1.0, other, start.data())) return;
    double inside = 1.0, outside = 0.0;
    for (int round = 0; round < 30; ++round) {
        const double middle = 0.5 * (inside + outside);
        (try_point(middle, other, start.data()) ? inside : outside) = middle;
    }
}

// Runs the classifier on the point between query + δ (blend 0) and `other` (blend 1). True where the class changes.
bool PerturbationSearch::try_point(double blend, std::size_t other, const double* scaled_perturbation) {
    const PreparedSet& t = *training_;
    const std::size_t d = t.dimension();
    stored_.resize(d);
    const double *z = query_->point, *x = t.points().row(other, stored_.data());
    step_.resize(d);
    for (std::size_t j = 0; j < d; ++j) {
        const double boundary = std::ldexp(scaled_perturbation[j], t.exponent());
        step_[j] = boundary + blend * ((x[j] - z[j]) - boundary);
    }
    return witness_.try_step(step_);
}

Evidence PerturbationSearch::evidence() const {
    Evidence proof{bounds_.near_own(), {}};
    for (const Solution& solution : solutions_)
        proof.rows.push_back({solution.other, solution.own, solution.multipliers});
    return proof;
}

}  // namespace robust_metric
