#include "robust_metric/predict.hpp"

#include <vector>

#include "data/cascade_query.hpp"
#include "data/leaf_query.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "data/request.hpp"
#include "geometry/displacements.hpp"
#include "geometry/neighbors.hpp"

namespace robust_metric {

namespace {

// Training points so few that most of their distances are looked at, and stay in the cache.
constexpr std::size_t few_points = 4096;

// Calls worker(search, query, row) for every row of queries, query being what the search finds neighbours of: in leaves
// where they pay, else and for queries so far away that leaves tell nothing by products with all training points.
template <class MakeWorker>
void for_each_search(const PreparedSet& set, MatrixView queries, const Execution& execution, MakeWorker make_worker) {
    const auto by_products = [&](MatrixView some, const auto& row_of) {
        for_each_query(set, some, execution, false, [&](int) {
            return [&, search = NeighborSearch(set), worker = make_worker()](
                       const Query& query, std::size_t i) mutable { worker(search, query, query.point, row_of(i)); };
        });
    };
    if (!set.leaves().pay_for_neighbors() && !set.cascade().usable())
        return by_products(queries, [](std::size_t i) { return i; });
    QueriesApart far(queries);
    const auto make = [&](int) {
        return [&, search = NeighborSearch(set), worker = make_worker()](auto* query, std::size_t row) mutable {
            if (query == nullptr) return far.add(row);
            worker(search, *query, query->point(), row);
        };
    };
    if (set.cascade().usable())
        for_each_cascade_query(set, queries, execution, make);
    else
        for_each_leaf_query(set, queries, execution, set.size() <= few_points, make);
    const std::vector<std::size_t>& rows = far.collect();
    if (!rows.empty()) by_products(far.queries(), [&](std::size_t i) { return rows[i]; });
}

template <class T>
void check_neighbors(const char* name, std::span<T> values, MatrixView queries, std::size_t k) {
    check_length(name, values.data(), values.size(), queries.rows(), k, "k per query");
}

}  // namespace

void kneighbors(const TrainingSet& training, MatrixView queries, std::size_t k, const Execution& execution,
                std::span<std::int64_t> indices, std::span<double> distances) {
    const PreparedSet& set = training.prepared();
    check_request(set, queries, k, execution);
    check_neighbors("indices", indices, queries, k);
    if (!distances.empty()) check_neighbors("distances", distances, queries, k);
    for_each_search(set, queries, execution, [&] {
        return [&, k, accurate = Displacements<DoubleDouble>(set)](NeighborSearch& search, auto& query,
                                                                   const double* point, std::size_t row) mutable {
            const auto nearest = search.nearest(query, k, true);
            if (!distances.empty()) accurate.start(point);
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
    check_request(set, queries, k, execution);
    check_output("labels", labels, queries);
    for_each_search(set, queries, execution, [&] {
        return [&, k](NeighborSearch& search, auto& query, const double*, std::size_t row) {
            labels[row] = search.vote(search.nearest(query, k, false));
        };
    });
}

}  // namespace robust_metric
