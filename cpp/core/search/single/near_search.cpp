#include "search/single/near_search.hpp"

#include <algorithm>

#include "base/rounding.hpp"

namespace robust_metric {

namespace {

// The minimal perturbation is rarely much larger than the certified radius: tried first, and how far at most.
constexpr double first_share = 1.25, most_share = 4.0, growth = 1.5;

}  // namespace

std::optional<MinimalPerturbation> NearSearch::run(LeafQuery& query, int label, const Deadline& limit,
                                                   std::span<double> perturbation) {
    constexpr std::size_t one = 1;
    double radius = 0.0;
    if (!rows_.radii(query, label, {&one, 1}, {&radius, 1}) || !(radius > 0.0) || !(radius < rounding::infinity))
        return {};
    for (double share = first_share; share < most_share; share *= growth) {
        const double distance = radius * share;
        const auto points = points_.within(query, label, distance);
        const MinimalPerturbation found = search_among(points, query, label, limit, perturbation);
        // a witness that is farther may be one among these points only
        const bool within = found.upper <= training_->unscale_down(distance);
        if (within && found.status == SearchStatus::exact) return found;
        if (within || limit.passed()) return {};
    }
    return {};
}

MinimalPerturbation NearSearch::search_among(std::span<const std::uint32_t> points, const LeafQuery& query, int label,
                                             const Deadline& limit, std::span<double> perturbation) {
    *some_ = PreparedSet(*training_, points);
    block_->compute({query.point(), 1, some_->dimension()}, true);
    return search_->run(block_->query(0), label, limit, perturbation);
}

}  // namespace robust_metric
