// The minimal adversarial perturbation of a K-nearest-neighbour prediction, as an interval with a witness.
// What the interval means and why it holds: docs/minimal_perturbation.md and, for K > 1, docs/vote_search.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "robust_metric/evidence.hpp"
#include "robust_metric/execution.hpp"
#include "robust_metric/export.hpp"
#include "robust_metric/matrix_view.hpp"
#include "robust_metric/threat.hpp"
#include "robust_metric/training_set.hpp"

namespace robust_metric {

enum class SearchStatus : std::int32_t { exact, interval, misclassified, no_other_class, time_limit, interrupted };

// All in the caller's units. No perturbation of norm < lower changes the prediction; witness, a stored
// point at distance <= upper (rounded up), is predicted as adversarial_label. Where no witness is known
// upper is infinite and adversarial_label -1.
struct MinimalPerturbation {
    double lower = 0.0, upper = 0.0;
    std::int32_t label = -1, adversarial_label = -1;
    SearchStatus status = SearchStatus::interval;
    std::int64_t nodes = 0;  // projections that the search solved
};

// What a witness is to keep its class under: query + perturbation rounded to float32, or to so many decimal places (as
// x ↦ rint(x 10^decimals) 10^-decimals); none asks for the float64 point alone.
struct WitnessRounding {
    enum class Kind { none, float32, decimals } kind = Kind::none;
    int decimals = 0;
};

// What is asked of single queries. targets: the class that each is to be changed to, or none for any other; a query
// that is predicted as its target already has the interval [0, 0]. boxes: where each may be moved.
struct QueryWishes {
    std::span<const std::int32_t> targets;
    QueryBoxes boxes;
};

// One result a query for the vote of k neighbours. truth: class of each query, or empty; where it differs from the
// prediction both ends are 0. time_limit: seconds a query, infinite for none; past it a search ends with the interval
// that it has. perturbations: m × d, query + perturbation, computed in float64, is the witness; zeros where there is
// none. evidence as for certified_radii, for lower. witness_rounding: all coordinates of the witness that are not
// frozen are such numbers already, as far as query + perturbation can be; upper is its cost, and farther from lower.
// Where this throws because keep_going stopped it, results are complete all the same for the queries whose label is
// not -1; a search that was under way then has the status `interrupted` and the interval that it had reached.
ROBUST_METRIC_EXPORT void minimal_perturbations(const TrainingSet& training, MatrixView queries,
                                                std::span<const std::int32_t> truth, std::size_t k, double time_limit,
                                                const Execution& execution, std::span<MinimalPerturbation> results,
                                                MutableMatrixView perturbations, std::span<Evidence> evidence = {},
                                                WitnessRounding witness_rounding = {}, const QueryWishes& wishes = {});

}  // namespace robust_metric
