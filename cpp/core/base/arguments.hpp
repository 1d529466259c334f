// What public functions ask of arguments before they touch them. Each check throws std::invalid_argument that names the
// argument, what was wanted and what was got.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "robust_metric/execution.hpp"
#include "robust_metric/matrix_view.hpp"
#include "robust_metric/points.hpp"

namespace robust_metric {

// Coordinates are at most of this size, so that differences of them do not overflow.
constexpr double largest_value = 1e300;

[[noreturn]] void refuse(const std::string& name, const std::string& wanted, const std::string& got);

// what: of how many entries, as "one per query"; per_item: how many there are for each of count items
void check_length(const char* name, const void* data, std::size_t got, std::size_t count, std::size_t per_item,
                  const char* what);

template <class T>
void check_length(const char* name, std::span<T> values, std::size_t count, const char* what) {
    check_length(name, values.data(), values.size(), count, 1, what);
}

// the same where no entries at all stand for an argument that was left out
template <class T>
void check_optional_length(const char* name, std::span<T> values, std::size_t count, const char* what) {
    if (!values.empty()) check_length(name, values, count, what);
}

// That a view has so many columns, and rows that are somewhere and do not overlap.
void check_columns(const char* name, MatrixView view, std::size_t columns);
// That all numbers are finite and at most largest_value in size.
void check_values(const char* name, const Points& points);

void check_execution(const Execution& execution);

}  // namespace robust_metric
