// The minimal adversarial perturbation of a 1-NN prediction as an interval with a witness: best-first search over
// other-class points, pruned by half-space bounds, each point's projection solved by constraint generation.
// What the interval means and why it holds: docs/minimal_perturbation.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "base/parallel.hpp"
#include "certify/halfspace_bounds.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/displacements.hpp"
#include "geometry/neighbors.hpp"
#include "project/active_set.hpp"
#include "robust_metric/evidence.hpp"
#include "search/result.hpp"
#include "search/witness.hpp"

namespace robust_metric {

// Per-thread search. Past its time limit, or once the work has been stopped, it ends with what it has.
class PerturbationSearch {
public:
    explicit PerturbationSearch(const PreparedSet& training);

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

    const PreparedSet* training_;
    HalfspaceBounds bounds_;
    Witness witness_;
    ActiveSetProjection qp_;
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

}  // namespace robust_metric
