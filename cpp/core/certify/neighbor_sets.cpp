#include "certify/neighbor_sets.hpp"

#include <algorithm>

#include "base/rounding.hpp"
#include "data/request.hpp"
#include "geometry/exact_distance.hpp"
#include "geometry/neighbors.hpp"

namespace robust_metric {

double NeighborSetBounds::radius(const Query& query, std::span<const std::size_t> neighbors) {
    double best = rounding::infinity;
    if (neighbors.size() == training_->size()) return best;
    bounds_.start(query, neighbors);
    bounds_.enqueue(neighbors.size() - 1, false, best);
    // Whatever the filter cannot tell from the smallest is evaluated from the stored arrays, so that the answer does
    // not depend on the filter's bits.
    const auto limit = [&] { return best * (1.0 + HalfspaceBounds::margin); };
    for (;;) {
        const HalfspaceBounds::Queued* entrant = bounds_.top(HalfspaceBounds::nearest_pairs);
        if (entrant == nullptr || !(entrant->bound < limit())) return best;
        const std::size_t other = entrant->position;
        bounds_.pop();
        for (const std::size_t own : neighbors)
            if (bounds_.pair_lower(other, own) < limit()) best = std::min(best, pair_radius(other, own));
    }
}

double NeighborSetBounds::pair_radius(std::size_t other, std::size_t own) {
    const double bound = bounds_.refined_bounds().pair_lower(other, own);
    return bound > 0.0 || !always_tied(other, own) ? bound : rounding::infinity;
}

// Whether two points are at the same distance from everywhere: no perturbation then changes their order, which their
// indices decide.
bool NeighborSetBounds::always_tied(std::size_t a, std::size_t b) {
    const std::size_t d = training_->dimension();
    scratch_.resize(2 * d);
    const double* first = training_->points().row(a, scratch_.data());
    const double* second = training_->points().row(b, scratch_.data() + d);
    if (std::equal(first, first + d, second)) return true;
    const Metric& metric = training_->metric();
    // ‖L(a - a)‖ = ‖L(a - b)‖ only if L(a - b) = 0
    return !metric.is_identity() && compare_distances_exactly(metric.components(), first, first, second, d) == 0;
}

void neighbor_radii(const PreparedSet& training, MatrixView queries, std::size_t k, const Execution& execution,
                    std::span<double> radii, std::span<std::int64_t> indices) {
    check_request(training, queries, k, execution);
    check_inside(training, queries);
    for_each_query(training, queries, execution, true, [&](int) {
        return [&, search = NeighborSearch(training), certificates = NeighborSetBounds(training)](
                   const Query& query, std::size_t row) mutable {
            const auto nearest = search.nearest(query, k, true);
            radii[row] = training.unscale_down(certificates.radius(query, nearest), query.embedding->far);
            for (std::size_t i = 0; i < k; ++i) indices[row * k + i] = static_cast<std::int64_t>(nearest[i]);
        };
    });
}

}  // namespace robust_metric
