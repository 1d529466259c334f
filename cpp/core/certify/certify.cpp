#include "robust_metric/certify.hpp"

#include "base/rounding.hpp"
#include "certify/halfspace_bounds.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/neighbors.hpp"

namespace robust_metric {

void certified_radii(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> truth,
                     std::size_t k, const Execution& execution, std::span<double> radii, std::span<std::int32_t> labels,
                     std::span<Evidence> evidence) {
    const PreparedSet& set = training.prepared();
    check_request(set, queries, k, truth);
    check_inside(set, queries);
    for_each_query(set, queries, execution, true, [&](int) {
        return [&, search = NeighborSearch(set), bounds = HalfspaceBounds(set)](const Query& query,
                                                                                std::size_t row) mutable {
            labels[row] = search.vote(search.nearest(query, k, false));
            const bool wrong = !truth.empty() && truth[row] != labels[row];
            radii[row] = wrong ? 0.0 : set.unscale_down(bounds.radius(query, labels[row], k));
            // in a box, or where features are frozen, infinite ones need a proof as well
            const bool proved = radii[row] > 0.0 && (radii[row] < rounding::infinity || set.threat().confined());
            if (proved && !evidence.empty()) evidence[row] = bounds.evidence();
        };
    });
}

}  // namespace robust_metric
