// Points near a query that the classifier answers differently: the upper end of an interval is the length of the
// shortest that predict was run on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "robust_metric/neighbors.hpp"
#include "robust_metric/query_block.hpp"
#include "robust_metric/training_set.hpp"

namespace robust_metric {

class Witness {
public:
    explicit Witness(const TrainingSet& training) : training_(&training), neighbors_(training) {}

    // Starts a query without a witness. query must stay in place; label: its prediction by k neighbours.
    void start(const Query& query, int label, std::size_t k);

    // Runs the classifier on query + step, computed in float64, and keeps it where it is the shortest of those
    // whose class differs. step: d values in the caller's units. True where the class differs.
    bool try_step(std::span<const double> step);

    // the k nearest of the last point tried, by position, nearest first; valid until the next
    std::span<const std::size_t> nearest() const { return nearest_; }

    // length of the shortest witness, rounded up; infinite where none is known
    double scaled_length() const { return scaled_length_; }
    double length() const { return length_; }  // in the caller's units
    std::int32_t adversarial_label() const { return adversarial_label_; }
    std::span<const double> step() const { return step_; }  // zeros where none is known

private:
    const TrainingSet* training_;
    NeighborSearch neighbors_;
    const Query* query_ = nullptr;
    int label_ = 0;
    std::size_t k_ = 0;
    double scaled_length_ = 0.0, length_ = 0.0;
    std::int32_t adversarial_label_ = -1;
    std::vector<double> step_, point_;
    std::span<const std::size_t> nearest_;
};

}  // namespace robust_metric
