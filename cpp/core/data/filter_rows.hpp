// Vectors in float32 whose matrix products bound squared distances between the exact vectors they stand for:
// the filter of every search. Derivation of the error bounds: docs/rounding.md, section 4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/interval.hpp"
#include "base/rounding.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

// What the bounds need to know of one row a that stands for the exact vector ã.
struct FilterNumbers {
    float norm = 0.0f;   // ‖a‖², rounded to nearest
    float blur = 0.0f;   // see squared_distance below
    float error = 0.0f;  // at least ‖a - ã‖
};

class FilterRows {
public:
    FilterRows() = default;
    // absolute_error: the float64 values that set and describe get are off by at most this times the extent of the
    // point they were made of, beside one rounding each. Memory: 4 (width + 3) bytes a row.
    FilterRows(std::size_t count, std::size_t width, double absolute_error);
    // The same, the rows themselves in memory of the caller's. Memory: 12 bytes a row.
    FilterRows(MutableFloatMatrixView storage, double absolute_error);
    // Rows that lie elsewhere, and are exact. Memory: 12 bytes a row.
    explicit FilterRows(FloatMatrixView rows);

    // Some rows of others, as they are.
    FilterRows(const FilterRows& others, std::span<const std::uint32_t> which);

    // Makes row i of float64 values (width many) and the point's extent, an upper bound of ‖x̂‖.
    void set(std::size_t i, const double* values, double extent);
    // The same for a vector that is not one of the rows; writes it to row.
    FilterNumbers describe(const double* values, double extent, float* row) const;

    FloatMatrixView rows() const { return rows_; }
    const float* row(std::size_t i) const { return rows_.row(i); }
    const float* norms() const { return norms_.data(); }
    const float* blurs() const { return blurs_.data(); }
    double error(std::size_t i) const { return errors_[i]; }

    // holds ‖ã - b̃‖ of two rows
    Interval distance(std::size_t a, std::size_t b) const;
    // the same from ‖a - b‖², computed in float32 in whatever order
    Interval distance_from(float square, std::size_t a, std::size_t b) const;

    // From s = ‖a‖² - 2 a·b, computed in float32 in whatever order, an interval that holds ‖ã - b̃‖² - ‖b̃‖². The
    // blurs are those of a (row i) and of b.
    Interval relative_distance(std::size_t i, float computed, double blur_b) const {
        const double blur = blurs_[i], error = blur * (2.0 * blur_b + blur), value = computed;
        if (!(error <= 0x1p126)) return {-rounding::infinity, rounding::infinity};  // overflow: nothing is known
        return {value - error, value + error};
    }

    // What to add to a query's blur for an interval that also holds ‖b̃‖²-free distances from which any share of ‖ã‖² is
    // missing.
    double blur_without_squares() const;

private:
    FilterRows(std::unique_ptr<float[]> storage, std::size_t count, std::size_t width, double absolute_error);
    Interval distance_from(float square, double slack, std::size_t a, std::size_t b) const;
    FilterNumbers measure(const float* row, double extent, bool exact) const;

    FloatMatrixView rows_;
    MutableFloatMatrixView to_set_;     // the same, of no rows where they are exact
    std::unique_ptr<float[]> storage_;  // not a vector: filling it with zeros takes its time
    std::vector<float> norms_, blurs_, errors_;
    double absolute_error_ = 0.0;
    double any_order_ = 0.0, flushed_ = 0.0;  // of distances: relative, for sums in any order, and absolute
};

}  // namespace robust_metric
