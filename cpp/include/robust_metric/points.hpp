// Points as the caller stores them, in float64 or float32: the core reads rows as float64, which both kinds of
// numbers are, and never copies the whole.
#pragma once

#include <algorithm>
#include <cstddef>

#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

class Points {
public:
    Points() = default;
    Points(MatrixView rows) : doubles_(rows) {}       // NOLINT(google-explicit-constructor): either kind is points
    Points(FloatMatrixView rows) : singles_(rows) {}  // NOLINT(google-explicit-constructor)
    Points(const double* data, std::size_t rows, std::size_t cols) : doubles_(data, rows, cols) {}
    Points(const float* data, std::size_t rows, std::size_t cols) : singles_(data, rows, cols) {}

    std::size_t rows() const { return is_single() ? singles_.rows() : doubles_.rows(); }
    std::size_t cols() const { return is_single() ? singles_.cols() : doubles_.cols(); }

    bool is_single() const { return singles_.data() != nullptr; }
    FloatMatrixView singles() const { return singles_; }
    MatrixView doubles() const { return doubles_; }

    // Row i: where it is stored, or, if that is in float32, in scratch (cols() values).
    const double* row(std::size_t i, double* scratch) const {
        if (!is_single()) return doubles_.row(i);
        std::copy_n(singles_.row(i), singles_.cols(), scratch);
        return scratch;
    }
    double operator()(std::size_t i, std::size_t j) const {
        return is_single() ? static_cast<double>(singles_(i, j)) : doubles_(i, j);
    }

private:
    MatrixView doubles_;
    FloatMatrixView singles_;
};

}  // namespace robust_metric
