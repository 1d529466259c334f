#include "data/operator_norm.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

namespace {

using rounding::gamma;
using rounding::up;

// products that the Gram matrix may take: a second without a BLAS
constexpr double most_products = 4e9;

// steps of the power method, which begins to be slow where eigenvalues are too close for it to matter
constexpr int power_steps = 40;

// multiples of the power method's estimate that are tried, one after the other
constexpr double allowances[] = {1.01, 1.03, 1.1, 1.3};

// L Lᵀ or Lᵀ L, whichever is smaller; its lower triangle counts.
std::vector<double> gram_matrix(MatrixView l) {
    const std::size_t m = std::min(l.rows(), l.cols());
    std::vector<double> gram(m * m);
    const MutableMatrixView out(gram.data(), m, m);
    if (l.rows() <= l.cols())
        blas::gemm_nt(1.0, l, l, 0.0, out);
    else
        blas::gemm_tn(1.0, l, l, 0.0, out);
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < i; ++j) gram[j * m + i] = gram[i * m + j];
    return gram;
}

// About the largest eigenvalue of a symmetric matrix.
double estimate_eigenvalue(MatrixView gram) {
    const std::size_t m = gram.rows();
    std::vector<double> vector(m), product(m);
    for (std::size_t i = 0; i < m; ++i) vector[i] = 1.0 + static_cast<double>(i * 7919 % 1009) / 1009.0;
    double length = 0.0;
    for (int step = 0; step < power_steps; ++step) {
        const double squares = kernels().dot(vector.data(), vector.data(), m);
        if (!(squares > 0.0)) return 0.0;
        const double factor = 1.0 / std::sqrt(squares);
        for (double& x : vector) x *= factor;
        for (std::size_t i = 0; i < m; ++i) product[i] = kernels().dot(gram.row(i), vector.data(), m);
        length = std::sqrt(kernels().dot(product.data(), product.data(), m));
        vector.swap(product);
    }
    return length;
}

// Whether Cholesky's factorisation of `value` I - gram comes to its end; row by row into `factor`.
bool is_above_spectrum(double value, MatrixView gram, std::vector<double>& factor) {
    const std::size_t m = gram.rows();
    factor.resize(m * m);
    for (std::size_t i = 0; i < m; ++i) {
        double* row = factor.data() + i * m;
        for (std::size_t j = 0; j < i; ++j)
            row[j] = (-gram(i, j) - kernels().dot(row, factor.data() + j * m, j)) / factor[j * m + j];
        const double pivot = (value - gram(i, i)) - kernels().dot(row, row, i);
        if (!(pivot > 0.0)) return false;
        row[i] = std::sqrt(pivot);
    }
    return true;
}

}  // namespace

double bound_operator_norm(MatrixView l, double known) {
    const std::size_t m = std::min(l.rows(), l.cols()), terms = std::max(l.rows(), l.cols());
    const double size = static_cast<double>(m);
    if (size * size * static_cast<double>(terms) > most_products) return known;
    const std::vector<double> gram = gram_matrix(l);
    const MatrixView view(gram.data(), m, m);
    const double estimate = estimate_eigenvalue(view);
    std::vector<double> factor;
    for (const double allowance : allowances) {
        const double value = allowance * estimate;
        if (!(value < known * known)) break;
        if (!is_above_spectrum(value, view, factor)) continue;
        const double square = value + value * (rounding::unit + 1.01 * size * gamma(m + 2)) +
                              gamma(terms) * known * known + rounding::underflow;
        return std::min(known, up(std::sqrt(up(square))));
    }
    return known;
}

}  // namespace robust_metric
