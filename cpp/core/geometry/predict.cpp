#include "robust_metric/predict.hpp"

#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/displacements.hpp"
#include "geometry/neighbors.hpp"

namespace robust_metric {

void kneighbors(const TrainingSet& training, MatrixView queries, std::size_t k, const Execution& execution,
                std::span<std::int64_t> indices, std::span<double> distances) {
    const PreparedSet& set = training.prepared();
    check_request(set, queries, k);
    for_each_query(set, queries, execution, false, [&](int) {
        return [&, search = NeighborSearch(set), accurate = Displacements<DoubleDouble>(set)](const Query& query,
                                                                                              std::size_t row) mutable {
            const auto nearest = search.nearest(query, k, true);
            if (!distances.empty()) accurate.start(query.point);
            for (std::size_t i = 0; i < k; ++i) {
                indices[row * k + i] = static_cast<std::int64_t>(nearest[i]);
                if (!distances.empty()) distances[row * k + i] = accurate.distance(nearest[i]);
            }
        };
    });
}

void predict(const TrainingSet& training, MatrixView queries, std::size_t k, const Execution& execution,
             std::span<std::int32_t> labels) {
    const PreparedSet& set = training.prepared();
    check_request(set, queries, k);
    for_each_query(set, queries, execution, false, [&](int) {
        return [&, search = NeighborSearch(set)](const Query& query, std::size_t row) mutable {
            labels[row] = search.vote(search.nearest(query, k, false));
        };
    });
}

}  // namespace robust_metric
