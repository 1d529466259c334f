#include "robust_metric/certify.hpp"

#include <optional>
#include <vector>

#include "base/rounding.hpp"
#include "certify/halfspace_bounds.hpp"
#include "certify/near_rows.hpp"
#include "data/leaf_query.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/neighbors.hpp"

namespace robust_metric {

namespace {

void certify_from_products(const PreparedSet& set, MatrixView queries, std::span<const std::int32_t> truth,
                           std::size_t k, const Execution& execution, std::span<double> radii,
                           std::span<std::int32_t> labels, std::span<Evidence> evidence) {
    for_each_query(set, queries, execution, true, [&](int) {
        return [&, search = NeighborSearch(set), bounds = HalfspaceBounds(set)](const Query& query,
                                                                                std::size_t row) mutable {
            labels[row] = search.vote(search.nearest(query, k, false));
            const bool wrong = !truth.empty() && truth[row] != labels[row];
            radii[row] = wrong ? 0.0 : set.unscale_down(bounds.radius(query, labels[row], k), query.embedding->far);
            // in a box, or where features are frozen, infinite ones need a proof as well
            const bool proved = radii[row] > 0.0 && (radii[row] < rounding::infinity || set.threat().confined());
            if (proved && !evidence.empty()) evidence[row] = bounds.evidence();
        };
    });
}

// The queries that leaves are not for: far ones, and those that tie with very many points.
void certify_apart(const PreparedSet& set, MatrixView queries, std::span<const std::int32_t> truth, std::size_t k,
                   const Execution& execution, std::span<double> radii, std::span<std::int32_t> labels,
                   std::span<const char> apart) {
    std::vector<std::size_t> rows;
    std::vector<double> points;
    std::vector<std::int32_t> classes;
    for (std::size_t row = 0; row < apart.size(); ++row) {
        if (!apart[row]) continue;
        rows.push_back(row);
        points.insert(points.end(), queries.row(row), queries.row(row) + queries.cols());
        if (!truth.empty()) classes.push_back(truth[row]);
    }
    if (rows.empty()) return;
    std::vector<double> found(rows.size());
    std::vector<std::int32_t> predicted(rows.size());
    certify_from_products(set, {points.data(), rows.size(), queries.cols()}, classes, k, execution, found, predicted,
                          {});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        radii[rows[i]] = found[i];
        labels[rows[i]] = predicted[i];
    }
}

void certify_from_leaves(const PreparedSet& set, MatrixView queries, std::span<const std::int32_t> truth, std::size_t k,
                         const Execution& execution, std::span<double> radii, std::span<std::int32_t> labels) {
    std::vector<char> apart(queries.rows(), 0);
    for_each_leaf_query(set, queries, execution, true, [&](int) {
        return [&, search = NeighborSearch(set), rows = NearRows(set)](LeafQuery* query, std::size_t row) mutable {
            apart[row] = query == nullptr;
            if (apart[row]) return;
            labels[row] = search.vote(search.nearest(*query, k, false));
            const bool wrong = !truth.empty() && truth[row] != labels[row];
            const std::optional<double> radius = wrong ? 0.0 : rows.radius(*query, labels[row], k);
            apart[row] = !radius.has_value();
            if (radius) radii[row] = set.unscale_down(*radius);
        };
    });
    certify_apart(set, queries, truth, k, execution, radii, labels, apart);
}

}  // namespace

void certified_radii(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> truth,
                     std::size_t k, const Execution& execution, std::span<double> radii, std::span<std::int32_t> labels,
                     std::span<Evidence> evidence) {
    const PreparedSet& set = training.prepared();
    check_request(set, queries, k, truth);
    check_inside(set, queries);
    // evidence tells which points were looked at, and how closely: that is for the queue of half-space bounds to say
    if (set.leaves().usable() && set.threat().euclidean() && evidence.empty())
        certify_from_leaves(set, queries, truth, k, execution, radii, labels);
    else
        certify_from_products(set, queries, truth, k, execution, radii, labels, evidence);
}

}  // namespace robust_metric
