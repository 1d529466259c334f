// The K nearest training points and the class that they vote for, as definite functions of the stored arrays: the
// order over the real numbers they denote, ties to the smaller index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "robust_metric/execution.hpp"
#include "robust_metric/export.hpp"
#include "robust_metric/matrix_view.hpp"
#include "robust_metric/training_set.hpp"

namespace robust_metric {

// indices: m × k row numbers of the training set, nearest first. distances: m × k values of
// ‖L(z - x)‖, correctly rounded up to a few units in the last place; empty to leave out.
ROBUST_METRIC_EXPORT void kneighbors(const TrainingSet& training, MatrixView queries, std::size_t k,
                                     const Execution& execution, std::span<std::int64_t> indices,
                                     std::span<double> distances);

// Class of each query by majority of its k nearest.
ROBUST_METRIC_EXPORT void predict(const TrainingSet& training, MatrixView queries, std::size_t k,
                                  const Execution& execution, std::span<std::int32_t> labels);

}  // namespace robust_metric
