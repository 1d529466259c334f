// The minimal adversarial perturbation of a 1-NN prediction as an interval with a witness: best-first search over
// other-class points, pruned by half-space bounds, each point's projection solved by constraint generation.
// What the interval means and why it holds: docs/minimal_perturbation.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "robust_metric/certificate.hpp"
#include "robust_metric/deadline.hpp"
#include "robust_metric/displacements.hpp"
#include "robust_metric/halfspace_bounds.hpp"
#include "robust_metric/neighbors.hpp"
#include "robust_metric/parallel.hpp"
#include "robust_metric/projection_qp.hpp"
#include "robust_metric/query_block.hpp"
#include "robust_metric/training_set.hpp"
#include "robust_metric/witness.hpp"

namespace robust_metric {

enum class SearchStatus : std::int32_t { exact, interval, misclassified, no_other_class, time_limit, interrupted };

// relative width up to which an interval counts as exact
inline constexpr double exactness = 1e-9;

// All in the caller's units. No perturbation of norm < lower changes the prediction; witness, a stored
// point at distance <= upper (rounded up), is predicted as adversarial_label. Where no witness is known
// upper is infinite and adversarial_label -1.
struct MinimalPerturbation {
    double lower = 0.0, upper = 0.0;
    std::int32_t label = -1, adversarial_label = -1;
    SearchStatus status = SearchStatus::interval;
    std::int64_t nodes = 0;  // projections that the search solved

    // Of a search whose interval is known; early: it ended before its time.
    void set_status(bool early);
};

// Per-thread search. Past its time limit, or once the work has been stopped, it ends with what it has.
class PerturbationSearch {
public:
    explicit PerturbationSearch(const TrainingSet& training);

    // label: the 1-NN prediction at query. time_limit in seconds (infinite for none).
    // perturbation: d values, filled with the one for which query + perturbation, computed in
    // float64, is the witness; zeros where there is none.
    MinimalPerturbation run(const Query& query, int label, double time_limit, std::span<double> perturbation);

    // What proves the last run's lower.
    Evidence evidence() const;

private:
    struct Candidate {  // an other-class point whose projection was solved, or given up as too far
        double lower;
        std::size_t position;
        std::size_t solved;  // index into solutions_
        bool refined;

        // place in the queue, as for the rows of HalfspaceBounds
        double rank() const { return refined ? lower * (1.0 + HalfspaceBounds::margin) : lower; }
    };
    struct Solution {
        std::size_t other;
        std::vector<double> perturbation;  // scaled
        std::vector<std::size_t> own;
        std::vector<double> multipliers;
        bool complete;
    };

    Candidate solve(std::size_t other, double known_lower, double cutoff);
    Candidate bound_by_pair(std::size_t other);
    double distance(std::size_t position);
    std::size_t most_violated(std::size_t other, std::span<const double> perturbation);
    Interval float64_distance(std::size_t position);
    double nearness(std::size_t x, std::span<const double> perturbation, double at_query);
    double rows_lower(std::size_t other, const Solution& solution);
    double refined_lower(std::size_t other, Solution& solution);
    bool push_inside(std::size_t other, const double* scaled_perturbation);
    void witness_on_segment();
    bool try_point(double blend, std::size_t other, const double* scaled_perturbation);

    const TrainingSet* training_;
    HalfspaceBounds bounds_;
    Witness witness_;
    ProjectionQP qp_;
    const Query* query_ = nullptr;
    Deadline deadline_{rounding::infinity};
    int label_ = 0;
    std::vector<Candidate> heap_;
    std::vector<Solution> solutions_;
    std::vector<std::size_t> own_order_;
    std::vector<double> distances_;  // NaN where not asked for yet
    struct Contender {
        std::size_t own;
        double upper;
    };
    std::vector<Contender> contenders_;
    std::vector<double> normal_, step_, stored_;
    Embedding own_scratch_, other_scratch_;
    double squared_norm_ = 0.0;  // ‖L̂ẑ‖² as computed
    MinimalPerturbation result_;
};

// One result a query for the vote of k neighbours; perturbations: m × d; evidence as for certified_radii, for lower.
// Where this throws because keep_going stopped it, results are complete all the same for the queries whose label is
// not -1; a search that was under way then has the status `interrupted` and the interval that it had reached.
void minimal_perturbations(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> truth,
                           std::size_t k, double time_limit, const Execution& execution,
                           std::span<MinimalPerturbation> results, MutableMatrixView perturbations,
                           std::span<Evidence> evidence = {});

}  // namespace robust_metric
