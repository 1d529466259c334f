#include "data/directions.hpp"

#include <algorithm>
#include <cmath>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "base/parallel.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t sample_size = 2048, lanes = 32;

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

}  // namespace

std::vector<double> principal_directions(const FilterRows& rows, std::size_t directions_count, int iterations) {
    const std::size_t n = rows.rows().rows(), width = rows.rows().cols(), count = std::min(n, sample_size);
    std::vector<double> sample(count * width), directions(directions_count * width), products(count * directions_count);
    for (std::size_t i = 0; i < count; ++i) std::copy_n(rows.row(i * n / count), width, sample.data() + i * width);
    for (std::size_t i = 0; i < directions_count; ++i)
        std::copy_n(sample.data() + (i * count / directions_count) * width, width, directions.data() + i * width);
    orthonormalize(directions, width);
    const MatrixView points(sample.data(), count, width);
    const MutableMatrixView basis(directions.data(), directions_count, width);
    const MutableMatrixView along(products.data(), count, directions_count);
    for (int iteration = 0; iteration < iterations; ++iteration) {
        checkpoint();
        blas::gemm_nt(1.0, points, basis, 0.0, along);
        blas::gemm_tn(1.0, along, points, 0.0, basis);
        orthonormalize(directions, width);
    }
    return directions;
}

double deviation_from_orthonormal(const std::vector<double>& directions, std::size_t width) {
    double squares = 0.0;
    const std::size_t count = directions.size() / width;
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j <= i; ++j) {
            const double product = kernels().dot(directions.data() + i * width, directions.data() + j * width, width);
            const double error = i != j ? product : product == 0.0 ? 0.0 : product - 1.0;
            // the kernel adds width / 32 terms to each of its lanes
            const double size = std::fabs(error) + rounding::gamma(width / lanes + 16) * 1.01;
            squares += (i == j ? 1.0 : 2.0) * size * size;
        }
    return rounding::up(std::sqrt(rounding::up(squares * (1.0 + rounding::gamma(count * width + count * count)))));
}

}  // namespace robust_metric
