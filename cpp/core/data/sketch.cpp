#include "data/sketch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "base/rounding.hpp"
#include "data/directions.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t directions_count = Sketch::width - 1, rows_per_block = 256;
constexpr int iterations = 6;

// rows from which on a code is much cheaper than they are
constexpr std::size_t shortest = 4 * Sketch::width;

}  // namespace

Sketch::Sketch(const FilterRows& rows, const Execution& execution) : rows_(&rows) {
    if (rows.rows().cols() < shortest) return;
    std::vector<double> directions;
    parallel_for(1, 1, execution, [&](std::size_t, std::size_t, int) {
        directions = principal_directions(rows, directions_count, iterations);
    });
    const double off = deviation_from_orthonormal(directions, rows.rows().cols());
    if (off <= nearly_orthonormal) encode(directions, off, execution);
}

void Sketch::encode(const std::vector<double>& directions, double deviation, const Execution& execution) {
    const std::size_t n = rows_->rows().rows(), long_width = rows_->rows().cols();
    codes_ = std::make_unique_for_overwrite<float[]>(n * width);
    errors_.resize(n);
    const MatrixView basis(directions.data(), directions_count, long_width);
    // rounding of the code, and what is left of ‖a‖² - ‖P a‖² when all of it is rounding
    const double relative = 0x1p-23 + std::sqrt(2.0 * deviation + 14.0 * rounding::gamma(long_width + 40));
    parallel_for(n, rows_per_block, execution, [&](std::size_t first, std::size_t last, int) {
        const std::size_t count = last - first;
        std::vector<double> block(count * long_width), along(count * directions_count);
        for (std::size_t i = 0; i < count; ++i)
            std::copy_n(rows_->row(first + i), long_width, block.data() + i * long_width);
        const MatrixView points(block.data(), count, long_width);
        blas::gemm_nt(1.0, points, basis, 0.0, {along.data(), count, directions_count});
        for (std::size_t i = 0; i < count; ++i) {
            const double* coordinates = along.data() + i * directions_count;
            const double square = kernels().dot(points.row(i), points.row(i), long_width);
            const double held = kernels().dot(coordinates, coordinates, directions_count);
            float* code = codes_.get() + (first + i) * width;
            std::copy_n(coordinates, directions_count, code);
            code[directions_count] = static_cast<float>(std::sqrt(std::max(square - held, 0.0)));
            const double error = rounding::up(relative * std::sqrt(square) + 0x1p-120 + rows_->error(first + i));
            errors_[first + i] = rounding::float_up(error);
        }
    });
}

Interval Sketch::distance(std::size_t a, std::size_t b) const {
    const float *code_a = codes_.get() + a * width, *code_b = codes_.get() + b * width;
    const double square = kernels().squared_distance_single(code_a, code_b, width);
    const double rests = 4.0 * static_cast<double>(code_a[directions_count]) * code_b[directions_count];
    const double error = static_cast<double>(errors_[a]) + errors_[b];
    // one term a lane: ten roundings of float32, halved by the root; flushed squares
    constexpr double slack = 0x1p-20, flushed = 0x1p-60;
    return {rounding::down(std::sqrt(square) * (1.0 - slack) - error - flushed),
            rounding::up(std::sqrt(square * (1.0 + slack) + rests) + error + flushed)};
}

}  // namespace robust_metric
