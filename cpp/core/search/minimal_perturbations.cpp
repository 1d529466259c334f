#include "robust_metric/minimal_perturbations.hpp"

#include <algorithm>

#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/neighbors.hpp"
#include "search/single/search.hpp"
#include "search/vote/search.hpp"

namespace robust_metric {

namespace {

// Calls search_one(search, query, label, perturbation) for every query whose prediction is right.
template <class Search, class SearchOne>
void search_all(const PreparedSet& training, MatrixView queries, std::span<const std::int32_t> truth, std::size_t k,
                const Execution& execution, std::span<MinimalPerturbation> results, MutableMatrixView perturbations,
                std::span<Evidence> evidence, const WitnessRounding& witness_rounding, SearchOne search_one) {
    for_each_query(training, queries, execution, true, [&](int) {
        return [&, neighbors = NeighborSearch(training), search = Search(training)](const Query& query,
                                                                                    std::size_t row) mutable {
            const int label = neighbors.vote(neighbors.nearest(query, k, false));
            const std::span<double> perturbation(perturbations.row(row), perturbations.cols());
            if (truth.empty() || truth[row] == label) {
                results[row] = search_one(search, query, label, perturbation);
                if (witness_rounding.kind != WitnessRounding::Kind::none)
                    results[row] = search.survive(witness_rounding, perturbation);
                if (!evidence.empty() && results[row].lower > 0.0) evidence[row] = search.evidence();
                return;
            }
            std::fill(perturbation.begin(), perturbation.end(), 0.0);
            results[row] = {0.0, 0.0, label, label, SearchStatus::misclassified, 0};
        };
    });
}

}  // namespace

void minimal_perturbations(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> truth,
                           std::size_t k, double time_limit, const Execution& execution,
                           std::span<MinimalPerturbation> results, MutableMatrixView perturbations,
                           std::span<Evidence> evidence, WitnessRounding witness_rounding) {
    const PreparedSet& set = training.prepared();
    check_request(set, queries, k, truth);
    check_inside(set, queries);
    std::fill(results.begin(), results.end(), MinimalPerturbation{});
    set.keep_float64_rows(execution);
    const auto one = [&](SingleSearch& search, const Query& query, int label, std::span<double> perturbation) {
        return search.run(query, label, Deadline(time_limit), perturbation);
    };
    const auto vote = [&](VoteSearch& search, const Query& query, int label, std::span<double> perturbation) {
        return search.run(query, label, k, Deadline(time_limit), perturbation, !evidence.empty());
    };
    // a single point's witness is pushed towards it, and its solver knows the 2-norm without limits
    if (k == 1 && set.threat().euclidean() && !set.threat().weighted())
        search_all<SingleSearch>(set, queries, truth, k, execution, results, perturbations, evidence, witness_rounding,
                                 one);
    else
        search_all<VoteSearch>(set, queries, truth, k, execution, results, perturbations, evidence, witness_rounding,
                               vote);
}

}  // namespace robust_metric
