#include <algorithm>

#include "base/rounding.hpp"
#include "certify/halfspace_bounds.hpp"
#include "certify/losing_votes.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "data/request.hpp"
#include "robust_metric/certify.hpp"

namespace robust_metric {

namespace {

std::vector<std::int64_t> points_of(const Evidence& evidence) {
    std::vector<std::int64_t> points(evidence.near_own.begin(), evidence.near_own.end());
    for (const Evidence::Entrant& entrant : evidence.entrants) {
        points.push_back(static_cast<std::int64_t>(entrant.other));
        points.insert(points.end(), entrant.own.begin(), entrant.own.end());
    }
    std::sort(points.begin(), points.end());
    points.erase(std::unique(points.begin(), points.end()), points.end());
    return points;
}

}  // namespace

void radius_support(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> labels,
                    std::size_t k, const Execution& execution, std::span<double> radii,
                    std::span<std::vector<std::int64_t>> support) {
    const PreparedSet& set = training.prepared();
    check_request(set, queries, k, execution);
    check_classes(set, queries, labels);
    check_output("radii", radii, queries);
    check_output("support", support, queries);
    check_inside(set, queries);
    for_each_query(set, queries, execution, true, [&](int) {
        return [&, bounds = HalfspaceBounds(set)](const Query& query, std::size_t row) mutable {
            if (losing_votes(set, labels[row], k).empty()) {
                radii[row] = rounding::infinity;
                return;
            }
            radii[row] = set.unscale_down(bounds.radius(query, labels[row], k), query.embedding->far);
            support[row] = points_of(bounds.evidence());
        };
    });
}

}  // namespace robust_metric
