#include "base/arguments.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace robust_metric {

namespace {

// no branch within the loop: it becomes SIMD
template <class Real>
bool all_within(const Real* values, std::size_t n) {
    constexpr auto limit = static_cast<Real>(std::min<double>(largest_value, std::numeric_limits<Real>::max()));
    bool within = true;
    for (std::size_t j = 0; j < n; ++j) within &= std::fabs(values[j]) <= limit;
    return within;
}

template <class Real>
void check_rows(const char* name, BasicMatrixView<const Real> rows) {
    for (std::size_t i = 0; i < rows.rows(); ++i) {
        if (all_within(rows.row(i), rows.cols())) continue;
        std::size_t j = 0;
        while (all_within(rows.row(i) + j, 1)) ++j;
        std::ostringstream got;
        got << rows(i, j) << " in row " << i << ", column " << j;
        refuse(name, "have finite entries of at most 1e300 in size", got.str());
    }
}

template <class Real>
void check_view(const char* name, BasicMatrixView<const Real> view, std::size_t columns) {
    if (view.cols() != columns)
        refuse(name, "have " + std::to_string(columns) + " columns, one per feature", std::to_string(view.cols()));
    if (view.rows() > 0 && columns > 0 && view.data() == nullptr) refuse(name, "point to its rows", "a null pointer");
    if (view.rows() > 1 && view.stride() < columns)
        refuse(name, "have a stride of at least its " + std::to_string(columns) + " columns",
               std::to_string(view.stride()));
}

}  // namespace

void refuse(const std::string& name, const std::string& wanted, const std::string& got) {
    throw std::invalid_argument(name + " must " + wanted + ", got " + got);
}

void check_length(const char* name, const void* data, std::size_t got, std::size_t count, std::size_t per_item,
                  const char* what) {
    const bool fits = per_item == 0 || count == 0 ? got == 0 : got % per_item == 0 && got / per_item == count;
    if (!fits) {
        std::string wanted = std::to_string(count);
        if (per_item != 1) wanted += " x " + std::to_string(per_item);
        refuse(name, "have " + wanted + " entries, " + what, std::to_string(got));
    }
    if (got > 0 && data == nullptr) refuse(name, "point to its entries", "a null pointer");
}

void check_columns(const char* name, MatrixView view, std::size_t columns) { check_view(name, view, columns); }

void check_values(const char* name, const Points& points) {
    if (points.is_single()) {
        check_view(name, points.singles(), points.cols());
        check_rows(name, points.singles());
    } else {
        check_view(name, points.doubles(), points.cols());
        check_rows(name, points.doubles());
    }
}

void check_execution(const Execution& execution) {
    if (execution.num_threads < 1)
        refuse("execution.num_threads", "be at least 1", std::to_string(execution.num_threads));
}

}  // namespace robust_metric
