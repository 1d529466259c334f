// Points near a query that the classifier answers differently: the upper end of an interval is the cost of the
// cheapest that predict was run on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "certify/losing_votes.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/cost_space.hpp"
#include "geometry/neighbors.hpp"
#include "robust_metric/minimal_perturbations.hpp"

namespace robust_metric {

class Witness {
public:
    // space must outlive this object
    Witness(const PreparedSet& training, const CostSpace& space)
        : training_(&training), space_(&space), neighbors_(training) {}

    // Starts a query without a witness. query must stay in place; label: its prediction by k neighbours; wanted: the
    // class that a witness must have, if not any other.
    void start(const Query& query, int label, std::size_t k, int wanted = any_class);

    // Runs the classifier on query + step, computed in float64, and keeps it where it is the cheapest of those
    // whose class differs, and is the wanted one. step: d values in the caller's units; frozen features stay, the box
    // is kept. True where it is such a witness.
    bool try_step(std::span<const double> step);

    // Forgets the witness, whose step is returned: from now on in this query only those count that keep their class
    // when they are rounded like this, and steps lead to numbers that rounding leaves as they are.
    std::vector<double> require(const WitnessRounding& to);

    // whether a prediction makes a point a witness
    bool accepts(int found) const { return wanted_ == any_class ? found != label_ : found == wanted_; }

    // the k nearest of the last point tried, by position, nearest first; valid until the next
    std::span<const std::size_t> nearest() const { return nearest_; }

    // cost of the cheapest witness, rounded up; infinite where none is known
    double scaled_length() const { return scaled_length_; }
    double length() const { return length_; }  // in the caller's units
    std::int32_t adversarial_label() const { return adversarial_label_; }
    std::span<const double> step() const { return step_; }  // zeros where none is known

private:
    void place(std::span<const double> step);
    double length_of(std::span<const double> point) const;
    double cost_of(std::span<const double> point, double length) const;
    int answer(std::span<const double> point, double length);
    bool survives(int found, double& cost);

    const PreparedSet* training_;
    const CostSpace* space_;
    NeighborSearch neighbors_;
    const Query* query_ = nullptr;
    int label_ = 0, wanted_ = any_class;
    std::size_t k_ = 0;
    double scaled_length_ = 0.0, length_ = 0.0;
    std::int32_t adversarial_label_ = -1;
    std::vector<double> step_, point_, confined_, rounded_;
    WitnessRounding rounding_;
    std::span<const std::size_t> nearest_;
};

}  // namespace robust_metric
