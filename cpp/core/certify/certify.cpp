#include "robust_metric/certify.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
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
    std::span<const std::size_t> ks;
    const Execution& execution;
    MutableMatrixView radii;  // a column for each k, as of labels
    BasicMatrixView<std::int32_t> labels;
    std::span<Evidence> evidence;
    double at;  // infinite: the radii are wanted
    const QueryBoxes& boxes;
    const DataChanges& changes;

    std::size_t largest_k() const { return *std::max_element(ks.begin(), ks.end()); }
    // by the nearest points in order, as many as the largest k; in any order if there is one k alone
    void predict(std::size_t row, NeighborSearch& search, std::span<const std::size_t> nearest) const {
        for (std::size_t i = 0; i < ks.size(); ++i) {
            labels(row, i) = search.vote(nearest.first(ks[i]));
            radii(row, i) = 0.0;
        }
    }
    bool wrong(std::size_t row, std::size_t i) const { return !truth.empty() && truth[row] != labels(row, i); }
    bool decides() const { return at < rounding::infinity; }

    // The least scaled cost that is at least `at` in the caller's units, of a query that is so far.
    double scaled_at(int far = 0) const {
        if (!decides()) return at;
        double scaled = std::ldexp(at, -(set.exponent() + far + set.threat().exponent()));
        while (set.unscale_down(scaled, far) < at) scaled = std::nextafter(scaled, rounding::infinity);
        return scaled;
    }

    void answer(std::size_t row, std::size_t i, double scaled, int far = 0) const {
        const double radius = set.unscale_down(scaled, far);
        radii(row, i) = !decides() ? radius : radius >= at ? at : 0.0;
    }
};

InBoxes<HalfspaceBounds> bounds_of(const Request& r) {
    return {r.set, r.boxes, [&r](const PreparedSet& set) { return std::make_unique<HalfspaceBounds>(set, r.changes); }};
}

void certify_from_products(const Request& r) {
    for_each_query(r.set, r.queries, r.execution, true, [&](int) {
        return [&, search = NeighborSearch(r.set), bounds = bounds_of(r)](const Query& query, std::size_t row) mutable {
            r.predict(row, search, search.nearest(query, r.largest_k(), r.ks.size() > 1));
            const int far = query.embedding->far;
            HalfspaceBounds& own = bounds.of(row);
            for (std::size_t i = 0; i < r.ks.size(); ++i) {
                if (r.wrong(row, i)) continue;
                const int label = r.labels(row, i);
                r.answer(row, i,
                         r.decides() ? own.radius_below(query, label, r.ks[i], r.scaled_at(far))
                                     : own.radius(query, label, r.ks[i]),
                         far);
            }
            if (r.evidence.empty() || r.wrong(row, 0)) return;
            // in a box, or where features are frozen, infinite ones need a proof as well
            const double radius = r.radii(row, 0);
            if (radius > 0.0 && (radius < rounding::infinity || r.set.threat().confined()))
                r.evidence[row] = own.evidence();
        };
    });
}

// Far queries, and those that tie with very many points.
void certify_apart(const Request& r, QueriesApart& apart) {
    const std::vector<std::size_t>& rows = apart.collect();
    if (rows.empty()) return;
    const std::size_t count = r.ks.size();
    std::vector<double> found(rows.size() * count);
    std::vector<std::int32_t> predicted(rows.size() * count), classes;
    if (!r.truth.empty())
        for (const std::size_t row : rows) classes.push_back(r.truth[row]);
    certify_from_products({r.set,
                           apart.queries(),
                           classes,
                           r.ks,
                           r.execution,
                           {found.data(), rows.size(), count},
                           {predicted.data(), rows.size(), count},
                           {},
                           r.at,
                           r.boxes,
                           r.changes});
    for (std::size_t j = 0; j < rows.size(); ++j) {
        std::copy_n(found.data() + j * count, count, r.radii.row(rows[j]));
        std::copy_n(predicted.data() + j * count, count, r.labels.row(rows[j]));
    }
}

// Work space for the k of one query that predict one class: their values, their places and what was found.
struct OfOneClass {
    std::vector<std::size_t> open, ks, places;
    std::vector<double> radii;
};

// The radii of one query, those of each class in one pass: nearly always there is one class. False as of Rows::radii.
template <class Rows, class SomeQuery>
bool certify_near(const Request& r, Rows& rows, SomeQuery& query, std::size_t row, double at, OfOneClass& some) {
    some.open.clear();
    for (std::size_t i = 0; i < r.ks.size(); ++i)
        if (!r.wrong(row, i)) some.open.push_back(i);
    while (!some.open.empty()) {
        const int label = r.labels(row, some.open.front());
        some.ks.clear();
        some.places.clear();
        std::erase_if(some.open, [&](std::size_t i) {
            if (r.labels(row, i) != label) return false;
            some.ks.push_back(r.ks[i]);
            some.places.push_back(i);
            return true;
        });
        some.radii.resize(some.ks.size());
        if (!rows.radii(query, label, some.ks, some.radii, at)) return false;
        for (std::size_t i = 0; i < some.ks.size(); ++i) r.answer(row, some.places[i], some.radii[i]);
    }
    return true;
}

// From points near the query, by leaves or codes: for_each calls a worker with queries of its kind, Rows finds radii.
template <class Rows, class ForEach>
void certify_from_near_points(const Request& r, ForEach for_each) {
    QueriesApart apart(r.queries);
    const double at = r.scaled_at();
    for_each([&](int) {
        return [&, search = NeighborSearch(r.set), rows = Rows(r.set, r.changes), some = OfOneClass()](
                   auto* query, std::size_t row) mutable {
            if (query == nullptr) return apart.add(row);
            r.predict(row, search, search.nearest(*query, r.largest_k(), r.ks.size() > 1));
            if (!certify_near(r, rows, *query, row, at, some)) apart.add(row);
        };
    });
    certify_apart(r, apart);
}

void check_question(const Request& r) {
    if (!(r.at > 0.0)) refuse("at", "be positive, infinite for the radii themselves", std::to_string(r.at));
    if (!r.boxes.empty()) check_boxes(r.set, r.queries, r.boxes);
    if (r.changes.deleted > r.set.size() - r.largest_k())
        refuse("changes", "leave k training points", std::to_string(r.changes.deleted) + " that may be deleted");
    if (!r.evidence.empty() && (r.decides() || !r.boxes.empty() || r.changes.any()))
        refuse("evidence",
               "be left out where radii are only compared, queries have boxes of their own, or data may change",
               "room for some");
}

void certify(const Request& r) {
    check_inside(r.set, r.queries);
    check_question(r);
    // evidence tells which points were looked at, and how closely: that is for the queue of half-space bounds to say
    const bool near_points = r.set.threat().euclidean() && r.evidence.empty() && r.boxes.empty();
    if (near_points && r.set.leaves().usable())
        certify_from_near_points<NearRows>(
            r, [&](auto make_worker) { for_each_leaf_query(r.set, r.queries, r.execution, true, make_worker); });
    else if (near_points && r.set.cascade().usable() && r.set.pair_codes().usable())
        certify_from_near_points<CascadeRows>(
            r, [&](auto make_worker) { for_each_cascade_query(r.set, r.queries, r.execution, make_worker); });
    else
        certify_from_products(r);
}

template <class T>
std::string describe_shape(BasicMatrixView<T> view) {
    return std::to_string(view.rows()) + " × " + std::to_string(view.cols());
}

}  // namespace

void certified_radii(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> truth,
                     std::size_t k, const Execution& execution, std::span<double> radii, std::span<std::int32_t> labels,
                     std::span<Evidence> evidence, double at, const QueryBoxes& boxes, const DataChanges& changes) {
    check_request(training.prepared(), queries, k, execution, truth);
    check_output("radii", radii, queries);
    check_output("labels", labels, queries);
    check_optional_output("evidence", evidence, queries);
    certify({training.prepared(),
             queries,
             truth,
             {&k, 1},
             execution,
             {radii.data(), radii.size(), 1},
             {labels.data(), labels.size(), 1},
             evidence,
             at,
             boxes,
             changes});
}

void certified_radii_of_each(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> truth,
                             std::span<const std::size_t> ks, const Execution& execution, MutableMatrixView radii,
                             BasicMatrixView<std::int32_t> labels) {
    if (ks.empty()) refuse("ks", "not be empty", "none");
    for (const std::size_t k : ks) check_request(training.prepared(), queries, k, execution, truth);
    if (radii.rows() != queries.rows() || radii.cols() != ks.size())
        refuse("radii", "have a row for each query and a column for each k", describe_shape(radii));
    if (labels.rows() != queries.rows() || labels.cols() != ks.size())
        refuse("labels", "have a row for each query and a column for each k", describe_shape(labels));
    certify({training.prepared(), queries, truth, ks, execution, radii, labels, {}, rounding::infinity, {}, {}});
}

}  // namespace robust_metric
