// Radii together with the training points they rest on: what the shards of a training set exchange until no shard has
// anything to add. Why the radii are then those of the whole set: docs/distributed.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "robust_metric/parallel.hpp"
#include "robust_metric/training_set.hpp"

namespace robust_metric {

// radii: that of labels[i] being the prediction at query i, which the caller has established, rounded down.
// support: rows of the training set, in increasing order: the own-class points and the pairs that the radius was read
// off, and all that had to be looked at to exclude the other points. Empty where nothing can change the prediction.
void radius_support(const TrainingSet& training, MatrixView queries, std::span<const std::int32_t> labels,
                    std::size_t k, const Execution& execution, std::span<double> radii,
                    std::span<std::vector<std::int64_t>> support);

}  // namespace robust_metric
