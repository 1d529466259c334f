// What the public functions ask of a request before any work is done, in one place; all throw std::invalid_argument.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/arguments.hpp"
#include "data/prepared_set.hpp"
#include "robust_metric/execution.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

// Points, labels and components fit together, all numbers are finite, and no class is out of range.
void check_training(const Points& points, std::span<const std::int32_t> labels, int classes, MatrixView components,
                    const Execution& execution);
// Queries are finite rows of the training points' dimension, k is in [1, n], truth is empty or one label a query.
void check_request(const PreparedSet& training, MatrixView queries, std::size_t k, const Execution& execution,
                   std::span<const std::int32_t> truth = {});
// Queries are in the box of the threat model.
void check_inside(const PreparedSet& training, MatrixView queries);
// There is a box for each query, which is in it.
void check_boxes(const PreparedSet& training, MatrixView queries, const QueryBoxes& boxes);
// One class of the training set for each query.
void check_classes(const PreparedSet& training, MatrixView queries, std::span<const std::int32_t> labels);
// What is written has room for every query; evidence and the like may be empty.
template <class T>
void check_output(const char* name, std::span<T> values, MatrixView queries) {
    check_length(name, values, queries.rows(), "one per query");
}
template <class T>
void check_optional_output(const char* name, std::span<T> values, MatrixView queries) {
    check_optional_length(name, values, queries.rows(), "one per query, or none");
}

}  // namespace robust_metric
