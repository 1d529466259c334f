#include "base/panel_product.hpp"

#include <algorithm>
#include <vector>

#include "base/kernels.hpp"

namespace robust_metric::blas {

namespace {

// terms of a sum that are added before C is: a panel of so many rows stays in the second cache
constexpr std::size_t depth_at_once = 256;

// columns that are read side by side where they are rows in memory
constexpr std::size_t packed_at_once = 8;

void multiply_panel(const float* const* rows, std::size_t step, const float* panel, std::size_t depth, float* out) {
    kernels().panel_single(rows, step, panel, depth, out);
}
void multiply_panel(const double* const* rows, std::size_t step, const double* panel, std::size_t depth, double* out) {
    kernels().panel_double(rows, step, panel, depth, out);
}

// Columns of B side by side, zeros for those beyond the last.
template <class Real>
void pack(Strided<Real> b, std::size_t depth, std::size_t columns, std::size_t width, Real* panel) {
    if (b.column == 1) {
        for (std::size_t l = 0; l < depth; ++l) {
            std::copy_n(b.data + l * b.row, columns, panel + l * width);
            std::fill(panel + l * width + columns, panel + (l + 1) * width, Real(0));
        }
        return;
    }
    if (columns < width) std::fill_n(panel, depth * width, Real(0));
    for (std::size_t first = 0; first < columns; first += packed_at_once)
        for (std::size_t l = 0; l < depth; ++l)
            for (std::size_t w = first; w < std::min(first + packed_at_once, columns); ++w)
                panel[l * width + w] = b.data[l * b.row + w * b.column];
}

}  // namespace

template <class Real>
void add_product(Real alpha, Strided<Real> a, Strided<Real> b, std::size_t k, BasicMatrixView<Real> c) {
    const std::size_t width = kernels().panel_bytes / sizeof(Real), m = c.rows(), n = c.cols();
    std::vector<Real> panel(std::min(k, depth_at_once) * width), out(panel_rows * width);
    for (std::size_t first = 0; first < k; first += depth_at_once) {
        const std::size_t depth = std::min(k - first, depth_at_once);
        for (std::size_t j = 0; j < n; j += width) {
            const std::size_t columns = std::min(n - j, width);
            pack<Real>({b.data + first * b.row + j * b.column, b.row, b.column}, depth, columns, width, panel.data());
            for (std::size_t i = 0; i < m; i += panel_rows) {
                const Real* rows[panel_rows];
                for (std::size_t r = 0; r < panel_rows; ++r)  // the last ones again where there are fewer
                    rows[r] = a.data + std::min(i + r, m - 1) * a.row + first * a.column;
                multiply_panel(rows, a.column, panel.data(), depth, out.data());
                for (std::size_t r = 0; r < std::min(panel_rows, m - i); ++r) {
                    Real* to = c.row(i + r) + j;
                    for (std::size_t w = 0; w < columns; ++w) to[w] += alpha * out[r * width + w];
                }
            }
        }
    }
}

template void add_product<float>(float, Strided<float>, Strided<float>, std::size_t, MutableFloatMatrixView);
template void add_product<double>(double, Strided<double>, Strided<double>, std::size_t, MutableMatrixView);

}  // namespace robust_metric::blas
