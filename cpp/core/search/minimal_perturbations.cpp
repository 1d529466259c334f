#include "robust_metric/minimal_perturbations.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "data/in_boxes.hpp"
#include "data/leaf_query.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "data/request.hpp"
#include "geometry/neighbors.hpp"
#include "search/single/near_search.hpp"
#include "search/single/search.hpp"
#include "search/vote/search.hpp"

namespace robust_metric {

namespace {

// All that one call is about.
struct Request {
    const PreparedSet& training;
    MatrixView queries;
    std::span<const std::int32_t> truth;
    std::size_t k;
    double time_limit;
    const WitnessRounding& witness_rounding;
    const QueryWishes& wishes;
    bool with_evidence;

    int wanted(std::size_t row) const { return wishes.targets.empty() ? any_class : wishes.targets[row]; }
};

MinimalPerturbation search_one(SingleSearch& search, const Request& request, const Query& query, int label, std::size_t,
                               std::span<double> perturbation) {
    return search.run(query, label, Deadline(request.time_limit), perturbation);
}

MinimalPerturbation search_one(VoteSearch& search, const Request& request, const Query& query, int label,
                               std::size_t row, std::span<double> perturbation) {
    return search.run(query, label, request.k, Deadline(request.time_limit), perturbation, request.with_evidence,
                      request.wanted(row));
}

template <class Search>
InBoxes<Search> searches_of(const Request& request) {
    return {request.training, request.wishes.boxes,
            [](const PreparedSet& training) { return std::make_unique<Search>(training); }};
}

// What there is to say without a search: where the prediction is wrong, or what is wanted already.
bool settled(const Request& request, std::size_t row, int label, MinimalPerturbation& result,
             std::span<double> perturbation) {
    const bool wrong = !request.truth.empty() && request.truth[row] != label;
    if (!wrong && request.wanted(row) != label) return false;
    std::fill(perturbation.begin(), perturbation.end(), 0.0);
    result = {0.0, 0.0, label, label, wrong ? SearchStatus::misclassified : SearchStatus::exact, 0};
    return true;
}

// Where the answers go.
struct Answers {
    std::span<MinimalPerturbation> results;
    MutableMatrixView perturbations;
    std::span<Evidence> evidence;

    std::span<double> perturbation(std::size_t row) const { return {perturbations.row(row), perturbations.cols()}; }
};

// Among all training points; queries: those of the request that row_of tells.
template <class Search, class RowOf>
void search_all(const Request& request, MatrixView queries, RowOf row_of, const Execution& execution,
                const Answers& answers) {
    for_each_query(request.training, queries, execution, true, [&](int) {
        return [&, neighbors = NeighborSearch(request.training), searches = searches_of<Search>(request)](
                   const Query& query, std::size_t i) mutable {
            const std::size_t row = row_of(i);
            const int label = neighbors.vote(neighbors.nearest(query, request.k, false));
            const std::span<double> perturbation = answers.perturbation(row);
            MinimalPerturbation& result = answers.results[row];
            if (settled(request, row, label, result, perturbation)) return;
            Search& search = searches.of(row);
            result = search_one(search, request, query, label, row, perturbation);
            if (request.witness_rounding.kind != WitnessRounding::Kind::none)
                result = search.survive(request.witness_rounding, perturbation);
            if (!answers.evidence.empty() && result.lower > 0.0) answers.evidence[row] = search.evidence();
        };
    });
}

// Single nearest neighbours among the points that leaves find near each query, as far as those decide.
void search_near(const Request& request, const Execution& execution, const Answers& answers) {
    QueriesApart apart(request.queries);
    for_each_leaf_query(request.training, request.queries, execution, true, [&](int) {
        return [&, neighbors = NeighborSearch(request.training), search = NearSearch(request.training)](
                   LeafQuery* query, std::size_t row) mutable {
            if (query == nullptr) return apart.add(row);
            const int label = neighbors.vote(neighbors.nearest(*query, 1, false));
            const std::span<double> perturbation = answers.perturbation(row);
            if (settled(request, row, label, answers.results[row], perturbation)) return;
            const auto found = search.run(*query, label, Deadline(request.time_limit), perturbation);
            if (!found) return apart.add(row);
            answers.results[row] = *found;
        };
    });
    const std::vector<std::size_t>& rows = apart.collect();
    if (!rows.empty())
        search_all<SingleSearch>(
            request, apart.queries(), [&](std::size_t i) { return rows[i]; }, execution, answers);
}

constexpr int most_decimals = 15;

void check_search(double time_limit, const WitnessRounding& witness_rounding) {
    if (!(time_limit >= 0.0))
        refuse("time_limit", "be a number of seconds, infinite for none", std::to_string(time_limit));
    switch (witness_rounding.kind) {
        case WitnessRounding::Kind::none:
        case WitnessRounding::Kind::float32:
            return;
        case WitnessRounding::Kind::decimals:
            if (std::abs(witness_rounding.decimals) <= most_decimals) return;
            refuse("witness_rounding.decimals",
                   "be from -" + std::to_string(most_decimals) + " to " + std::to_string(most_decimals),
                   std::to_string(witness_rounding.decimals));
    }
    refuse("witness_rounding.kind", "be none, float32 or decimals",
           std::to_string(static_cast<int>(witness_rounding.kind)));
}

void check_perturbations(MutableMatrixView perturbations, MatrixView queries) {
    if (perturbations.rows() != queries.rows())
        refuse("perturbations", "have " + std::to_string(queries.rows()) + " rows, one per query",
               std::to_string(perturbations.rows()));
    check_columns("perturbations", perturbations, queries.cols());
}

void check_wishes(const Request& request) {
    const QueryWishes& wishes = request.wishes;
    if (!wishes.boxes.empty()) check_boxes(request.training, request.queries, wishes.boxes);
    check_optional_output("targets", wishes.targets, request.queries);
    for (const std::int32_t target : wishes.targets)
        if (target != any_class && (target < 0 || target >= request.training.classes()))
            refuse("targets", "be classes", std::to_string(target));
    if (request.with_evidence && !(wishes.boxes.empty() && wishes.targets.empty()))
        refuse("evidence", "be left out where queries have targets or boxes of their own", "room for some");
}

}  // namespace

void minimal_perturbations(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> truth,
                           std::size_t k, double time_limit, const Execution& execution,
                           std::span<MinimalPerturbation> results, MutableMatrixView perturbations,
                           std::span<Evidence> evidence, WitnessRounding witness_rounding, const QueryWishes& wishes) {
    const PreparedSet& set = training.prepared();
    check_request(set, queries, k, execution, truth);
    check_inside(set, queries);
    check_search(time_limit, witness_rounding);
    check_output("results", results, queries);
    check_perturbations(perturbations, queries);
    check_optional_output("evidence", evidence, queries);
    const Request request{set, queries, truth, k, time_limit, witness_rounding, wishes, !evidence.empty()};
    check_wishes(request);
    std::fill(results.begin(), results.end(), MinimalPerturbation{});
    set.keep_float64_rows(execution);
    const Answers answers{results, perturbations, evidence};
    const auto all = [](std::size_t i) { return i; };
    // a single point's witness is pushed towards it, and its solver knows the 2-norm without limits, and any other
    // class
    const bool limited = !set.threat().euclidean() || set.threat().weighted() || !wishes.boxes.empty();
    if (k != 1 || limited || !wishes.targets.empty()) search_all<VoteSearch>(request, queries, all, execution, answers);
    // evidence tells what was looked at, and a witness that survives rounding may be far
    else if (set.leaves().pay_for_searches() && evidence.empty() &&
             witness_rounding.kind == WitnessRounding::Kind::none)
        search_near(request, execution, answers);
    else
        search_all<SingleSearch>(request, queries, all, execution, answers);
}

}  // namespace robust_metric
