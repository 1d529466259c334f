// Certified radii of K-nearest-neighbour predictions, for every K and any number of classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "robust_metric/data_changes.hpp"
#include "robust_metric/evidence.hpp"
#include "robust_metric/execution.hpp"
#include "robust_metric/export.hpp"
#include "robust_metric/matrix_view.hpp"
#include "robust_metric/threat.hpp"
#include "robust_metric/training_set.hpp"

namespace robust_metric {

// Certified radius and class of each query. labels: predicted class. truth: class of each query, or empty;
// where it differs from the prediction the radius is 0. radii: caller's units, rounded down.
// Radii and labels do not depend on the number of threads. evidence: one entry a query, or empty to leave
// it out; nothing is filled in for radii that are 0 or infinite.
// at: where it is finite, the answer is no more than whether the radius is at least that: `at` if it is, else 0, which
// is known earlier. boxes: what each query may become, beside the threat model. changes: what the radii hold for as
// well, whoever makes them (docs/data_changes.md). All three without evidence.
ROBUST_METRIC_EXPORT void certified_radii(const TrainingSet& training, MatrixView queries,
                                          std::span<const std::int32_t> truth, std::size_t k,
                                          const Execution& execution, std::span<double> radii,
                                          std::span<std::int32_t> labels, std::span<Evidence> evidence = {},
                                          double at = std::numeric_limits<double>::infinity(),
                                          const QueryBoxes& boxes = {}, const DataChanges& changes = {});

// The same for each of several k, in one pass over the points that all of them share: a column of radii and of labels
// for each, the bits of certified_radii. Throws std::invalid_argument where there is no k, or a matrix has another
// shape.
ROBUST_METRIC_EXPORT void certified_radii_of_each(const TrainingSet& training, MatrixView queries,
                                                  std::span<const std::int32_t> truth, std::span<const std::size_t> ks,
                                                  const Execution& execution, MutableMatrixView radii,
                                                  BasicMatrixView<std::int32_t> labels);

// Radii together with the training points they rest on: what the shards of a training set exchange until no shard has
// anything to add. Why the radii are then those of the whole set: docs/distributed.md.
// radii: that of labels[i] being the prediction at query i, which the caller has established, rounded down.
// support: rows of the training set, in increasing order: the own-class points and the pairs that the radius was read
// off, and all that had to be looked at to exclude the other points. Empty where nothing can change the prediction.
ROBUST_METRIC_EXPORT void radius_support(const TrainingSet& training, MatrixView queries,
                                         std::span<const std::int32_t> labels, std::size_t k,
                                         const Execution& execution, std::span<double> radii,
                                         std::span<std::vector<std::int64_t>> support);

}  // namespace robust_metric
