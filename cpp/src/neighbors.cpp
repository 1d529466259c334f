#include "robust_metric/neighbors.hpp"

#include <algorithm>
#include <cmath>

#include "robust_metric/exact_distance.hpp"
#include "robust_metric/kernels.hpp"
#include "robust_metric/rounding.hpp"

namespace robust_metric {

namespace {

// k-th smallest of what push saw (infinite until k were seen)
class KthSmallest {
public:
    KthSmallest(std::vector<double>& heap, std::size_t k) : heap_(heap), k_(k) { heap_.clear(); }
    double value() const { return heap_.size() < k_ ? rounding::infinity : heap_.front(); }
    void push(double x) {
        if (heap_.size() < k_) {
            heap_.push_back(x);
            std::push_heap(heap_.begin(), heap_.end());
        } else if (x < heap_.front()) {
            std::pop_heap(heap_.begin(), heap_.end());
            heap_.back() = x;
            std::push_heap(heap_.begin(), heap_.end());
        }
    }

private:
    std::vector<double>& heap_;
    std::size_t k_;
};

}  // namespace

std::span<const std::size_t> NeighborSearch::nearest(const Query& query, std::size_t k, bool ordered) {
    const TrainingSet& t = *training_;
    KthSmallest upper(heap_, k);
    candidates_.clear();
    for (std::size_t i = 0; i < t.size(); ++i) {
        const double computed = query.distances[i];
        // cheap refusal first; NaN is not refused
        if (computed > upper.value() && computed - t.distance_error(query.extent + t.extent(i)) > upper.value())
            continue;
        const Interval distance = t.distance_interval(computed, query.extent + t.extent(i));
        if (distance.lower > upper.value()) continue;
        upper.push(distance.upper);
        candidates_.push_back({i, distance, false});
    }
    settle(query.point, k, ordered);
    return result_;
}

std::span<const std::size_t> NeighborSearch::nearest_around(const Query& query, const double* point, double reach,
                                                            std::size_t k) {
    const TrainingSet& t = *training_;
    const Metric& metric = t.metric();
    centred_.resize(t.dimension());
    mapped_.resize(metric.rank());
    twice_mapped_.resize(t.dimension());
    const double extent = t.embed(point, centred_.data(), mapped_.data(), twice_mapped_.data());
    // x is among the k nearest to the point only if its distance from the query is within twice the
    // mapped reach of the query's own k-th distance (triangle inequality)
    KthSmallest upper(heap_, k);
    for (std::size_t i = 0; i < t.size(); ++i)
        if (!(query.distances[i] > upper.value()))
            upper.push(t.distance_interval(query.distances[i], query.extent + t.extent(i)).upper);
    const double limit = rounding::up(std::sqrt(upper.value()) + 2.0 * metric.norm_bound() * reach);
    const double squared_limit = rounding::up(limit * limit);
    candidates_.clear();
    for (std::size_t i = 0; i < t.size(); ++i) {
        if (query.distances[i] - t.distance_error(query.extent + t.extent(i)) > squared_limit) continue;
        const double computed = kernels().squared_distance(mapped_.data(), t.mapped().row(i), metric.rank());
        candidates_.push_back({i, t.distance_interval(computed, extent + t.extent(i)), false});
    }
    settle(point, k, true);
    return result_;
}

// Drops candidates that cannot be among the k nearest.
void NeighborSearch::keep_possible(std::size_t k) {
    KthSmallest upper(heap_, k);
    for (const Candidate& c : candidates_) upper.push(c.distance.upper);
    std::erase_if(candidates_, [&](const Candidate& c) { return c.distance.lower > upper.value(); });
}

void NeighborSearch::settle(const double* point, std::size_t k, bool ordered) {
    keep_possible(k);
    if (ordered || candidates_.size() > k) {
        point_ = point;
        accurate_.start(point);
        std::vector<Candidate*> order;
        order.reserve(candidates_.size());
        for (Candidate& c : candidates_) order.push_back(&c);
        std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(),
                          [this](Candidate* a, Candidate* b) { return nearer(*a, *b); });
        result_.clear();
        for (std::size_t i = 0; i < k; ++i) result_.push_back(order[i]->position);
        return;
    }
    result_.clear();
    for (const Candidate& c : candidates_) result_.push_back(c.position);
}

// The exact order, ties to the smaller index.
bool NeighborSearch::nearer(Candidate& a, Candidate& b) {
    if (&a == &b) return false;
    if (a.distance.upper < b.distance.lower) return true;
    if (b.distance.upper < a.distance.lower) return false;
    for (Candidate* c : {&a, &b})
        if (!c->accurate) {
            const Interval better = accurate_.squared_distance(c->position);
            c->distance = {std::max(c->distance.lower, better.lower), std::min(c->distance.upper, better.upper)};
            c->accurate = true;
        }
    if (a.distance.upper < b.distance.lower) return true;
    if (b.distance.upper < a.distance.lower) return false;
    const bool known = a.distance.lower == a.distance.upper && b.distance.lower == b.distance.upper;
    const int sign =
        known ? 0
              : compare_distances_exactly(training_->metric().components(), point_, training_->point(a.position),
                                          training_->point(b.position), training_->dimension());
    return sign != 0 ? sign < 0 : training_->index(a.position) < training_->index(b.position);
}

int NeighborSearch::vote(std::span<const std::size_t> positions) {
    votes_.assign(static_cast<std::size_t>(training_->classes()), 0);
    for (const std::size_t position : positions) ++votes_[static_cast<std::size_t>(training_->label(position))];
    return static_cast<int>(std::max_element(votes_.begin(), votes_.end()) - votes_.begin());
}

void kneighbors(const TrainingSet& training, MatrixView queries, std::size_t k, const Execution& execution,
                std::span<std::int64_t> indices, std::span<double> distances) {
    check_request(training, queries, k);
    for_each_query(training, queries, execution, false, [&](int) {
        return [&, search = NeighborSearch(training), accurate = Displacements<DoubleDouble>(training)](
                   const Query& query, std::size_t row) mutable {
            const auto nearest = search.nearest(query, k, true);
            if (!distances.empty()) accurate.start(query.point);
            for (std::size_t i = 0; i < k; ++i) {
                indices[row * k + i] = static_cast<std::int64_t>(training.index(nearest[i]));
                if (!distances.empty()) distances[row * k + i] = accurate.distance(nearest[i]);
            }
        };
    });
}

void predict(const TrainingSet& training, MatrixView queries, std::size_t k, const Execution& execution,
             std::span<std::int32_t> labels) {
    check_request(training, queries, k);
    for_each_query(training, queries, execution, false, [&](int) {
        return [&, search = NeighborSearch(training)](const Query& query, std::size_t row) mutable {
            labels[row] = search.vote(search.nearest(query, k, false));
        };
    });
}

}  // namespace robust_metric
