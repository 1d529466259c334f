#include "robust_metric/certify.hpp"

#include <optional>
#include <vector>

#include "base/rounding.hpp"
#include "certify/cascade_rows.hpp"
#include "certify/halfspace_bounds.hpp"
#include "certify/near_rows.hpp"
#include "data/cascade_query.hpp"
#include "data/leaf_query.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "data/request.hpp"
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

// Far queries, and those that tie with very many points.
void certify_apart(const PreparedSet& set, QueriesApart& apart, std::span<const std::int32_t> truth, std::size_t k,
                   const Execution& execution, std::span<double> radii, std::span<std::int32_t> labels) {
    const std::vector<std::size_t>& rows = apart.collect();
    if (rows.empty()) return;
    std::vector<double> found(rows.size());
    std::vector<std::int32_t> predicted(rows.size()), classes;
    if (!truth.empty())
        for (const std::size_t row : rows) classes.push_back(truth[row]);
    certify_from_products(set, apart.queries(), classes, k, execution, found, predicted, {});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        radii[rows[i]] = found[i];
        labels[rows[i]] = predicted[i];
    }
}

// From points near the query, by leaves or codes: for_each calls a worker with queries of its kind, Rows finds radii.
template <class Rows, class ForEach>
void certify_from_near_points(const PreparedSet& set, MatrixView queries, std::span<const std::int32_t> truth,
                              std::size_t k, const Execution& execution, std::span<double> radii,
                              std::span<std::int32_t> labels, ForEach for_each) {
    QueriesApart apart(queries);
    for_each([&](int) {
        return [&, search = NeighborSearch(set), rows = Rows(set)](auto* query, std::size_t row) mutable {
            if (query == nullptr) return apart.add(row);
            labels[row] = search.vote(search.nearest(*query, k, false));
            const bool wrong = !truth.empty() && truth[row] != labels[row];
            const std::optional<double> radius = wrong ? 0.0 : rows.radius(*query, labels[row], k);
            if (!radius) return apart.add(row);
            radii[row] = set.unscale_down(*radius);
        };
    });
    certify_apart(set, apart, truth, k, execution, radii, labels);
}

}  // namespace

void certified_radii(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> truth,
                     std::size_t k, const Execution& execution, std::span<double> radii, std::span<std::int32_t> labels,
                     std::span<Evidence> evidence) {
    const PreparedSet& set = training.prepared();
    check_request(set, queries, k, execution, truth);
    check_output("radii", radii, queries);
    check_output("labels", labels, queries);
    check_optional_output("evidence", evidence, queries);
    check_inside(set, queries);
    // evidence tells which points were looked at, and how closely: that is for the queue of half-space bounds to say
    const bool near_points = set.threat().euclidean() && evidence.empty();
    if (near_points && set.leaves().usable())
        certify_from_near_points<NearRows>(set, queries, truth, k, execution, radii, labels, [&](auto make_worker) {
            for_each_leaf_query(set, queries, execution, true, make_worker);
        });
    else if (near_points && set.cascade().usable() && set.pair_codes().usable())
        certify_from_near_points<CascadeRows>(set, queries, truth, k, execution, radii, labels, [&](auto make_worker) {
            for_each_cascade_query(set, queries, execution, make_worker);
        });
    else
        certify_from_products(set, queries, truth, k, execution, radii, labels, evidence);
}

}  // namespace robust_metric
