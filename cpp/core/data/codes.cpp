#include "data/codes.hpp"

#include <algorithm>
#include <cmath>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "base/rounding.hpp"
#include "data/directions.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t rows_per_block = 256;
constexpr int iterations = 4;

// pairs of rows that tell how much of distances the first stage holds, and the share that is little
constexpr std::size_t pairs = 256;
constexpr double little = 0.5;

}  // namespace

Codes::Codes(const FilterRows& rows, bool forced, const Execution& execution)
    : count_(std::min(rows.rows().cols(), most_coordinates)), width_(rows.rows().cols()) {
    const std::size_t n = rows.rows().rows();
    first_count_ = (count_ + 1) / 2;
    bool good = false;
    parallel_for(1, 1, execution, [&](std::size_t, std::size_t, int) {
        directions_ = principal_directions(rows, count_, iterations);
        deviation_ = deviation_from_orthonormal(directions_, width_);
        good = deviation_ <= nearly_orthonormal && (forced || hold_most(rows));
    });
    if (!good) return;
    const std::size_t stride = count_ + 2;
    codes_ = std::make_unique_for_overwrite<float[]>(n * stride);
    first_ = FilterRows({codes_.get(), n, first_count_ + 1, stride}, 1.0);
    second_ = FilterRows({codes_.get() + 1, n, count_ + 1, stride}, 1.0);
    parallel_for(n, rows_per_block, execution, [&](std::size_t begin, std::size_t end, int) {
        encode_each(
            rows.rows().slice(begin, end), [&](std::size_t i) { return rows.error(begin + i); },
            [&](std::size_t i, const double* values, const double* errors) {
                first_.set(begin + i, values, errors[0]);
                second_.set(begin + i, values + 1, errors[1]);
            });
    });
}

// Whether the first directions hold most of the distances between rows: a guess.
bool Codes::hold_most(const FilterRows& rows) const {
    const std::size_t n = rows.rows().rows();
    double all = 0.0, held = 0.0;
    std::vector<double> difference(width_);
    for (std::size_t p = 0; p < pairs; ++p) {
        const float *a = rows.row(p * n / pairs), *b = rows.row((p * 61 + 29) % pairs * n / pairs);
        for (std::size_t j = 0; j < width_; ++j) difference[j] = static_cast<double>(a[j]) - static_cast<double>(b[j]);
        all += kernels().dot(difference.data(), difference.data(), width_);
        for (std::size_t k = 0; k < first_count_; ++k) {
            const double along = kernels().dot(directions_.data() + k * width_, difference.data(), width_);
            held += along * along;
        }
    }
    return held >= little * all;
}

template <class ErrorOf, class Set>
void Codes::encode_each(FloatMatrixView rows, ErrorOf error_of, Set set) const {
    const std::size_t count = rows.rows();
    const Kernels& k = kernels();
    std::vector<double> block(count * width_), along(count * count_), values(count_ + 2);
    for (std::size_t i = 0; i < count; ++i) std::copy_n(rows.row(i), width_, block.data() + i * width_);
    blas::gemm_nt(1.0, {block.data(), count, width_}, {directions_.data(), count_, width_}, 0.0,
                  {along.data(), count, count_});
    const double of_coordinates = deviation_ + 12.0 * rounding::gamma(width_),
                 of_squares = 2.0 * deviation_ + 28.0 * rounding::gamma(width_ + 40);
    for (std::size_t i = 0; i < count; ++i) {
        const double* row = block.data() + i * width_;
        const double* coordinates = along.data() + i * count_;
        const double square = k.dot(row, row, width_), length = rounding::up(std::sqrt(rounding::up(square)));
        double errors[2];
        const auto rest = [&](std::size_t held, double& error) {
            const double left = std::sqrt(std::max(square - k.dot(coordinates, coordinates, held), 0.0));
            // two roots differ by no more than the root of the difference, nor than that divided by one of them
            const double at_most = std::sqrt(of_squares) * length;
            const double off = left > at_most ? of_squares * length * (length / left) : at_most;
            error = rounding::up(of_coordinates * length + off + error_of(i));
            return left;
        };
        values.front() = rest(first_count_, errors[0]);
        std::copy_n(coordinates, count_, values.begin() + 1);
        values.back() = rest(count_, errors[1]);
        set(i, values.data(), errors);
    }
}

void Codes::encode(FloatMatrixView rows, std::span<const FilterNumbers> numbers, std::span<Code> out) const {
    encode_each(
        rows, [&](std::size_t i) { return static_cast<double>(numbers[i].error); },
        [&](std::size_t i, const double* values, const double* errors) {
            std::vector<float>& row = out[i].row;
            row.resize(count_ + 2);
            out[i].first = first_.describe(values, errors[0], row.data());
            out[i].second = second_.describe(values + 1, errors[1], row.data() + 1);
        });
}

}  // namespace robust_metric
