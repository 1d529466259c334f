#include "robust_metric/sharding.hpp"

#include <algorithm>

#include "robust_metric/halfspace_bounds.hpp"
#include "robust_metric/rounding.hpp"

namespace robust_metric {

namespace {

std::vector<std::int64_t> points_of(const Evidence& evidence) {
    std::vector<std::int64_t> points(evidence.near_own.begin(), evidence.near_own.end());
    for (const Evidence::Row& row : evidence.rows) {
        points.push_back(static_cast<std::int64_t>(row.other));
        points.insert(points.end(), row.own.begin(), row.own.end());
    }
    std::sort(points.begin(), points.end());
    points.erase(std::unique(points.begin(), points.end()), points.end());
    return points;
}

}  // namespace

void radius_support(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> labels,
                    std::size_t k, const Execution& execution, std::span<double> radii,
                    std::span<std::vector<std::int64_t>> support) {
    check_request(training, queries, k, labels);
    check_inside(training, queries);
    for_each_query(training, queries, execution, true, [&](int) {
        return [&, bounds = HalfspaceBounds(training)](const Query& query, std::size_t row) mutable {
            if (losing_votes(training, labels[row], k).empty()) {
                radii[row] = rounding::infinity;
                return;
            }
            radii[row] = training.unscale_down(bounds.radius(query, labels[row], k));
            support[row] = points_of(bounds.evidence());
        };
    });
}

}  // namespace robust_metric
