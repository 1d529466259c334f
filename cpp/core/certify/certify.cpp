#include "robust_metric/certify.hpp"

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/rounding.hpp"
#include "certify/cascade_rows.hpp"
#include "certify/halfspace_bounds.hpp"
#include "certify/near_rows.hpp"
#include "data/cascade_query.hpp"
#include "data/in_boxes.hpp"
#include "data/leaf_query.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "data/request.hpp"
#include "geometry/neighbors.hpp"

namespace robust_metric {

namespace {

// All that one call is about, and where the answers go.
struct Request {
    const PreparedSet& set;
    MatrixView queries;
    std::span<const std::int32_t> truth;
    std::size_t k;
    const Execution& execution;
    std::span<double> radii;
    std::span<std::int32_t> labels;
    std::span<Evidence> evidence;
    double at;  // infinite: the radii are wanted
    const QueryBoxes& boxes;
    const DataChanges& changes;

    bool wrong(std::size_t row) const { return !truth.empty() && truth[row] != labels[row]; }
    bool decides() const { return at < rounding::infinity; }

    // The least scaled cost that is at least `at` in the caller's units, of a query that is so far.
    double scaled_at(int far = 0) const {
        if (!decides()) return at;
        double scaled = std::ldexp(at, -(set.exponent() + far + set.threat().exponent()));
        while (set.unscale_down(scaled, far) < at) scaled = std::nextafter(scaled, rounding::infinity);
        return scaled;
    }

    void answer(std::size_t row, double scaled, int far = 0) const {
        const double radius = set.unscale_down(scaled, far);
        radii[row] = !decides() ? radius : radius >= at ? at : 0.0;
    }
};

InBoxes<HalfspaceBounds> bounds_of(const Request& r) {
    return {r.set, r.boxes, [&r](const PreparedSet& set) { return std::make_unique<HalfspaceBounds>(set, r.changes); }};
}

void certify_from_products(const Request& r) {
    for_each_query(r.set, r.queries, r.execution, true, [&](int) {
        return [&, search = NeighborSearch(r.set), bounds = bounds_of(r)](const Query& query, std::size_t row) mutable {
            r.labels[row] = search.vote(search.nearest(query, r.k, false));
            r.radii[row] = 0.0;
            if (r.wrong(row)) return;
            const int far = query.embedding->far;
            HalfspaceBounds& own = bounds.of(row);
            if (r.decides()) return r.answer(row, own.radius_below(query, r.labels[row], r.k, r.scaled_at(far)), far);
            r.answer(row, own.radius(query, r.labels[row], r.k), far);
            // in a box, or where features are frozen, infinite ones need a proof as well
            const bool proved = r.radii[row] > 0.0 && (r.radii[row] < rounding::infinity || r.set.threat().confined());
            if (proved && !r.evidence.empty()) r.evidence[row] = own.evidence();
        };
    });
}

// Far queries, and those that tie with very many points.
void certify_apart(const Request& r, QueriesApart& apart) {
    const std::vector<std::size_t>& rows = apart.collect();
    if (rows.empty()) return;
    std::vector<double> found(rows.size());
    std::vector<std::int32_t> predicted(rows.size()), classes;
    if (!r.truth.empty())
        for (const std::size_t row : rows) classes.push_back(r.truth[row]);
    certify_from_products(
        {r.set, apart.queries(), classes, r.k, r.execution, found, predicted, {}, r.at, r.boxes, r.changes});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        r.radii[rows[i]] = found[i];
        r.labels[rows[i]] = predicted[i];
    }
}

// From points near the query, by leaves or codes: for_each calls a worker with queries of its kind, Rows finds radii.
template <class Rows, class ForEach>
void certify_from_near_points(const Request& r, ForEach for_each) {
    QueriesApart apart(r.queries);
    const double at = r.scaled_at();
    for_each([&](int) {
        return
            [&, search = NeighborSearch(r.set), rows = Rows(r.set, r.changes)](auto* query, std::size_t row) mutable {
                if (query == nullptr) return apart.add(row);
                r.labels[row] = search.vote(search.nearest(*query, r.k, false));
                const std::optional<double> radius = r.wrong(row) ? 0.0 : rows.radius(*query, r.labels[row], r.k, at);
                if (!radius) return apart.add(row);
                r.answer(row, *radius);
            };
    });
    certify_apart(r, apart);
}

void check_question(const Request& r) {
    if (!(r.at > 0.0)) refuse("at", "be positive, infinite for the radii themselves", std::to_string(r.at));
    if (!r.boxes.empty()) check_boxes(r.set, r.queries, r.boxes);
    if (r.changes.deleted > r.set.size() - r.k)
        refuse("changes", "leave k training points", std::to_string(r.changes.deleted) + " that may be deleted");
    if (!r.evidence.empty() && (r.decides() || !r.boxes.empty() || r.changes.any()))
        refuse("evidence",
               "be left out where radii are only compared, queries have boxes of their own, or data may change",
               "room for some");
}

}  // namespace

void certified_radii(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> truth,
                     std::size_t k, const Execution& execution, std::span<double> radii, std::span<std::int32_t> labels,
                     std::span<Evidence> evidence, double at, const QueryBoxes& boxes, const DataChanges& changes) {
    const PreparedSet& set = training.prepared();
    check_request(set, queries, k, execution, truth);
    check_output("radii", radii, queries);
    check_output("labels", labels, queries);
    check_optional_output("evidence", evidence, queries);
    check_inside(set, queries);
    const Request request{set, queries, truth, k, execution, radii, labels, evidence, at, boxes, changes};
    check_question(request);
    // evidence tells which points were looked at, and how closely: that is for the queue of half-space bounds to say
    const bool near_points = set.threat().euclidean() && evidence.empty() && boxes.empty();
    if (near_points && set.leaves().usable())
        certify_from_near_points<NearRows>(
            request, [&](auto make_worker) { for_each_leaf_query(set, queries, execution, true, make_worker); });
    else if (near_points && set.cascade().usable() && set.pair_codes().usable())
        certify_from_near_points<CascadeRows>(
            request, [&](auto make_worker) { for_each_cascade_query(set, queries, execution, make_worker); });
    else
        certify_from_products(request);
}

}  // namespace robust_metric
