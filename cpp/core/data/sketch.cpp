#include "data/sketch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t directions_count = Sketch::width - 1, sample_size = 2048, rows_per_block = 256, lanes = 32;

// rows from which on a code is much cheaper than they are
constexpr std::size_t shortest = 4 * Sketch::width;

// directions that are further from orthonormal than that are not used
constexpr double orthonormal = 0x1p-36;

// Modified Gram-Schmidt, twice over: rows become orthonormal, or 0 where they depend on those before.
void orthonormalize(std::vector<double>& rows, std::size_t width) {
    const Kernels& k = kernels();
    for (std::size_t i = 0; i < rows.size() / width; ++i) {
        double* row = rows.data() + i * width;
        for (int pass = 0; pass < 2; ++pass) {
            const double before = std::sqrt(k.dot(row, row, width));
            for (std::size_t j = 0; j < i; ++j) {
                const double* other = rows.data() + j * width;
                k.axpy(-k.dot(row, other, width), other, row, width);
            }
            const double norm = std::sqrt(k.dot(row, row, width));
            const double factor = norm > 1e-8 * before && norm > 0x1p-400 ? 1.0 / norm : 0.0;
            for (std::size_t j = 0; j < width; ++j) row[j] *= factor;
        }
    }
}

// an upper bound of ‖P Pᵀ - I‖ for the rows that are not 0
double deviation(const std::vector<double>& rows, std::size_t width) {
    double squares = 0.0;
    for (std::size_t i = 0; i < rows.size() / width; ++i)
        for (std::size_t j = 0; j <= i; ++j) {
            const double product = kernels().dot(rows.data() + i * width, rows.data() + j * width, width);
            const double error = i != j ? product : product == 0.0 ? 0.0 : product - 1.0;
            // the kernel adds width / 32 terms to each of its lanes
            const double size = std::fabs(error) + rounding::gamma(width / lanes + 16) * 1.01;
            squares += (i == j ? 1.0 : 2.0) * size * size;
        }
    return rounding::up(std::sqrt(rounding::up(squares * (1.0 + rounding::gamma(directions_count * width)))));
}

// Directions of largest variance of a sample, by subspace iteration. Any others would be sound.
std::vector<double> principal_directions(const FilterRows& rows) {
    const std::size_t n = rows.rows().rows(), width = rows.rows().cols(), count = std::min(n, sample_size);
    std::vector<double> sample(count * width), directions(directions_count * width), products(count * directions_count);
    for (std::size_t i = 0; i < count; ++i) std::copy_n(rows.row(i * n / count), width, sample.data() + i * width);
    for (std::size_t i = 0; i < directions_count; ++i)
        std::copy_n(sample.data() + (i * count / directions_count) * width, width, directions.data() + i * width);
    orthonormalize(directions, width);
    const MatrixView points(sample.data(), count, width);
    const MutableMatrixView basis(directions.data(), directions_count, width);
    const MutableMatrixView along(products.data(), count, directions_count);
    for (int iteration = 0; iteration < 6; ++iteration) {
        checkpoint();
        blas::gemm_nt(1.0, points, basis, 0.0, along);
        blas::gemm_tn(1.0, along, points, 0.0, basis);
        orthonormalize(directions, width);
    }
    return directions;
}

}  // namespace

Sketch::Sketch(const FilterRows& rows, const Execution& execution) : rows_(&rows) {
    if (rows.rows().cols() < shortest) return;
    std::vector<double> directions;
    parallel_for(1, 1, execution, [&](std::size_t, std::size_t, int) { directions = principal_directions(rows); });
    const double off = deviation(directions, rows.rows().cols());
    if (off <= orthonormal) encode(directions, off, execution);
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
