#include "base/blas.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>

#include "base/kernels.hpp"
#include "base/panel_product.hpp"
#include "base/parallel.hpp"
#include "base/products.hpp"

namespace robust_metric::blas {

namespace {

// up to so many rows of A a product is made of dot products
constexpr std::size_t few_rows = 2;

std::atomic<Gemm<double>> dgemm_pointer{nullptr};
std::atomic<Gemm<float>> sgemm_pointer{nullptr};

void hold_once() {
    static std::once_flag held;
    std::call_once(held, hold_products_across_forks);
}

// What this call brought with it, or the process has.
Gemm<double> double_gemm() {
    if (const Gemm<double> own = gemms_of_this_work().dgemm) return hold_once(), own;
    return dgemm_pointer.load();
}
Gemm<float> single_gemm() {
    if (const Gemm<float> own = gemms_of_this_work().sgemm) return hold_once(), own;
    return sgemm_pointer.load();
}

int to_int(std::size_t value) {
    if (value > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        throw std::length_error("blas: a dimension of " + std::to_string(value) +
                                " does not fit the 32-bit integers of BLAS");
    return static_cast<int>(value);
}

template <class Real>
void scale(Real beta, BasicMatrixView<Real> c) {
    for (std::size_t i = 0; i < c.rows(); ++i) {
        if (beta == Real(0))
            std::fill_n(c.row(i), c.cols(), Real(0));  // not a product: NaN in C must not survive
        else if (beta != Real(1))
            for (std::size_t j = 0; j < c.cols(); ++j) c(i, j) *= beta;
    }
}

// Row-major C = op(A) op(B) is column-major Cᵀ = op(B)ᵀ op(A)ᵀ, and a row-major matrix read as
// column-major is its own transpose: so the operands swap and keep their transposition flags.
template <class Real>
void call(Gemm<Real> gemm, char op_a, char op_b, std::size_t k, Real alpha, BasicMatrixView<const Real> a,
          BasicMatrixView<const Real> b, Real beta, BasicMatrixView<Real> c) {
    int m = to_int(c.cols()), n = to_int(c.rows()), depth = to_int(k);
    int lda = to_int(b.stride()), ldb = to_int(a.stride()), ldc = to_int(c.stride());
    const Product product;
    gemm(&op_b, &op_a, &m, &n, &depth, &alpha, const_cast<Real*>(b.data()), &lda, const_cast<Real*>(a.data()), &ldb,
         &beta, c.data(), &ldc);
}

template <class Real>
void multiply_nt(Gemm<Real> gemm, Real alpha, BasicMatrixView<const Real> a, BasicMatrixView<const Real> b, Real beta,
                 BasicMatrixView<Real> c) {
    if (c.rows() == 0 || c.cols() == 0) return;
    if (gemm && a.cols() > 0) return call(gemm, 'N', 'T', a.cols(), alpha, a, b, beta, c);
    scale(beta, c);
    if (c.rows() <= few_rows) {  // packing would cost more than the products
        for (std::size_t j = 0; j < c.cols(); ++j)
            for (std::size_t i = 0; i < c.rows(); ++i) c(i, j) += alpha * dot(a.row(i), b.row(j), a.cols());
        return;
    }
    add_product<Real>(alpha, {a.data(), a.stride(), 1}, {b.data(), 1, b.stride()}, a.cols(), c);
}

template <class Real>
void multiply_nn(Gemm<Real> gemm, Real alpha, BasicMatrixView<const Real> a, BasicMatrixView<const Real> b, Real beta,
                 BasicMatrixView<Real> c) {
    if (c.rows() == 0 || c.cols() == 0) return;
    if (gemm && a.cols() > 0) return call(gemm, 'N', 'N', a.cols(), alpha, a, b, beta, c);
    scale(beta, c);
    add_product<Real>(alpha, {a.data(), a.stride(), 1}, {b.data(), b.stride(), 1}, a.cols(), c);
}

template <class Real>
void multiply_tn(Gemm<Real> gemm, Real alpha, BasicMatrixView<const Real> a, BasicMatrixView<const Real> b, Real beta,
                 BasicMatrixView<Real> c) {
    if (c.rows() == 0 || c.cols() == 0) return;
    if (gemm && a.rows() > 0) return call(gemm, 'T', 'N', a.rows(), alpha, a, b, beta, c);
    scale(beta, c);
    add_product<Real>(alpha, {a.data(), 1, a.stride()}, {b.data(), b.stride(), 1}, a.rows(), c);
}

}  // namespace

void use_gemm(Gemm<double> dgemm, Gemm<float> sgemm) noexcept {
    if (dgemm || sgemm) hold_products_across_forks();
    dgemm_pointer.store(dgemm);
    sgemm_pointer.store(sgemm);
}

void gemm_nt(double alpha, MatrixView a, MatrixView b, double beta, MutableMatrixView c) {
    multiply_nt(double_gemm(), alpha, a, b, beta, c);
}

void gemm_nt(float alpha, FloatMatrixView a, FloatMatrixView b, float beta, MutableFloatMatrixView c) {
    multiply_nt(single_gemm(), alpha, a, b, beta, c);
}

void gemm_nn(double alpha, MatrixView a, MatrixView b, double beta, MutableMatrixView c) {
    multiply_nn(double_gemm(), alpha, a, b, beta, c);
}

void gemm_nn(float alpha, FloatMatrixView a, FloatMatrixView b, float beta, MutableFloatMatrixView c) {
    multiply_nn(single_gemm(), alpha, a, b, beta, c);
}

void gemm_tn(double alpha, MatrixView a, MatrixView b, double beta, MutableMatrixView c) {
    multiply_tn(double_gemm(), alpha, a, b, beta, c);
}

void gemm_tn(float alpha, FloatMatrixView a, FloatMatrixView b, float beta, MutableFloatMatrixView c) {
    multiply_tn(single_gemm(), alpha, a, b, beta, c);
}

}  // namespace robust_metric::blas
