// The minimal adversarial perturbation of a 1-NN prediction as an interval with a witness: best-first search over
// other-class points, pruned by half-space bounds, with the projection onto each point's cell.
// What the interval means and why it holds: docs/minimal_perturbation.md.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "certify/halfspace_bounds.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/exact_sum.hpp"
#include "robust_metric/evidence.hpp"
#include "search/result.hpp"
#include "search/single/cell.hpp"
#include "search/witness.hpp"

namespace robust_metric {

// Per-thread search. Past its time limit, or once the work has been stopped, it ends with what it has.
class SingleSearch {
public:
    explicit SingleSearch(const PreparedSet& training);
    SingleSearch(const SingleSearch&) = delete;

    // label: the 1-NN prediction at query.
    // perturbation: d values, filled with the one for which query + perturbation, computed in
    // float64, is the witness; zeros where there is none.
    MinimalPerturbation run(const Query& query, int label, const Deadline& limit, std::span<double> perturbation);

    // The last run's answer with a witness that keeps its class when it is rounded, if there is one.
    MinimalPerturbation survive(const WitnessRounding& to, std::span<double> perturbation);

    // What proves the last run's lower; nothing where that is infinite.
    Evidence evidence() const;

private:
    // An other-class point whose cell was projected onto, or given up as too far.
    struct Open {
        double lower;
        std::size_t position;
        std::size_t solved;  // index into projections_
        bool refined;        // lower is proved from the stored arrays

        // place in the queue, as for HalfspaceBounds
        double rank() const { return refined ? lower * (1.0 + HalfspaceBounds::margin) : lower; }
    };

    void start(const Query& query, int label, const Deadline& limit);
    const MinimalPerturbation& answer(std::span<double> perturbation);
    bool advance();
    bool settled(double bound) const;
    void push(const Open& open);
    Open pop();
    Open project(std::size_t other, double known_lower, double cutoff);
    Open bound_by_pair(std::size_t other);
    void refine(Open& open);
    bool close(const Open& open);
    bool is_never_nearest(const Open& open);
    bool push_inside(const Open& open);
    void witness_on_segment();
    void tighten();
    bool try_beyond(double share, std::span<const double> scaled_perturbation);
    bool try_point(double blend, std::size_t other, std::span<const double> scaled_perturbation);

    const PreparedSet* training_;
    HalfspaceBounds bounds_;
    Witness witness_;
    SingleCell cell_;
    ExactSum exact_sum_;
    const Query* query_ = nullptr;
    Deadline deadline_{rounding::infinity};
    bool timed_out_ = false;
    int label_ = 0;
    double lower_ = 0.0;    // scaled; the smallest refined bound, infinite while none is known
    double nearest_ = 0.0;  // scaled; the smallest complete projection, unproved
    std::vector<Open> heap_;
    std::vector<SingleCell::Projection> projections_;
    std::vector<double> step_, stored_;
    MinimalPerturbation result_;
};

}  // namespace robust_metric
