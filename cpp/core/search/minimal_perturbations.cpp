#include "robust_metric/minimal_perturbations.hpp"

#include <algorithm>
#include <type_traits>

#include "base/rounding.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/neighbors.hpp"
#include "search/single/search.hpp"
#include "search/vote/search.hpp"

namespace robust_metric {

namespace {

// K = 1: the predicted class owns no vote but one, and the cells of single points are all there is to search.
struct NearestSearch : PerturbationSearch {
    using PerturbationSearch::PerturbationSearch;
    MinimalPerturbation run(const Query& query, int label, std::size_t, double time_limit, std::span<double> step,
                            bool) {
        return PerturbationSearch::run(query, label, time_limit, step);
    }
};

template <class Search>
void search_all(const PreparedSet& training, MatrixView queries, std::span<const std::int32_t> truth, std::size_t k,
                double time_limit, const Execution& execution, std::span<MinimalPerturbation> results,
                MutableMatrixView perturbations, std::span<Evidence> evidence) {
    for_each_query(training, queries, execution, true, [&](int) {
        return [&, neighbors = NeighborSearch(training), search = Search(training)](const Query& query,
                                                                                    std::size_t row) mutable {
            const int label = neighbors.vote(neighbors.nearest(query, k, false));
            const std::span<double> perturbation(perturbations.row(row), perturbations.cols());
            if (truth.empty() || truth[row] == label) {
                results[row] = search.run(query, label, k, time_limit, perturbation, !evidence.empty());
                const double lower = results[row].lower;
                // the search over single points keeps nothing of what it need not search
                const bool kept = lower > 0.0 && (lower < rounding::infinity || std::is_same_v<Search, VoteSearch>);
                if (!evidence.empty() && kept) evidence[row] = search.evidence();
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
                           std::span<Evidence> evidence) {
    const PreparedSet& set = training.prepared();
    check_request(set, queries, k, truth);
    check_inside(set, queries);
    std::fill(results.begin(), results.end(), MinimalPerturbation{});
    set.keep_float64_rows(execution);
    // the witness of the first is pushed towards a training point, and its solver knows the 2-norm without limits
    const bool plain = set.threat().euclidean() && !set.threat().weighted();
    const auto search = k == 1 && plain ? search_all<NearestSearch> : search_all<VoteSearch>;
    search(set, queries, truth, k, time_limit, execution, results, perturbations, evidence);
}

}  // namespace robust_metric
