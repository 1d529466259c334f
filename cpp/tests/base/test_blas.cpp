#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/blas.hpp"
#include "base/parallel.hpp"
#include "robust_metric/instruction_set.hpp"

using namespace robust_metric;

namespace {

int calls = 0;

// A gemm of one's own, column-major with leading dimensions, as the Fortran one.
template <class Real>
void plain_gemm(char* transa, char* transb, int* m, int* n, int* k, Real* alpha, Real* a, int* lda, Real* b, int* ldb,
                Real* beta, Real* c, int* ldc) {
    ++calls;
    for (int j = 0; j < *n; ++j)
        for (int i = 0; i < *m; ++i) {
            Real sum = 0;
            for (int l = 0; l < *k; ++l)
                sum += (*transa == 'N' ? a[i + l * *lda] : a[l + i * *lda]) *
                       (*transb == 'N' ? b[l + j * *ldb] : b[j + l * *ldb]);
            Real& out = c[i + j * *ldc];
            out = *alpha * sum + (*beta == Real(0) ? Real(0) : *beta * out);
        }
}

template <class Real>
using Product = void (*)(Real, BasicMatrixView<const Real>, BasicMatrixView<const Real>, Real, BasicMatrixView<Real>);

template <class Real>
void check(Product<Real> product, bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k) {
    const std::size_t stride = 9;
    using View = BasicMatrixView<const Real>;
    std::vector<Real> a(81), b(81), c(81, 5);
    for (std::size_t i = 0; i < 81; ++i) {
        a[i] = static_cast<Real>(i % 7) - 3;
        b[i] = static_cast<Real>(i % 5) - 2;
    }
    for (const Real beta : {Real(0), Real(1), Real(-2)}) {
        const Real start = beta == Real(0) ? std::numeric_limits<Real>::quiet_NaN() : Real(5);
        c.assign(81, 5);
        const BasicMatrixView<Real> out(c.data(), m, n, stride);
        for (std::size_t i = 0; i < m; ++i)
            for (std::size_t j = 0; j < n; ++j) out(i, j) = start;
        product(2, transpose_a ? View(a.data(), k, m, stride) : View(a.data(), m, k, stride),
                transpose_b ? View(b.data(), n, k, stride) : View(b.data(), k, n, stride), beta, out);
        for (std::size_t i = 0; i < 9; ++i)
            for (std::size_t j = 0; j < 9; ++j) {
                Real expected = 5;  // what lies outside is not touched
                if (i < m && j < n) {
                    expected = beta * 5;
                    for (std::size_t l = 0; l < k; ++l)
                        expected += 2 * (transpose_a ? a[l * stride + i] : a[i * stride + l]) *
                                    (transpose_b ? b[j * stride + l] : b[l * stride + j]);
                }
                REQUIRE(c[i * stride + j] == expected);
            }
    }
}

}  // namespace

TEST_CASE("products without a BLAS and through one are the same") {
    for (const bool through_blas : {false, true}) {
        calls = 0;
        if (through_blas)
            blas::use_gemm(plain_gemm<double>, plain_gemm<float>);
        else
            blas::use_gemm(nullptr, nullptr);
        for (std::size_t m = 0; m <= 4; ++m)
            for (std::size_t n = 0; n <= 4; ++n)
                for (std::size_t k = 0; k <= 8; k += 2) {
                    check<double>(blas::gemm_nt, false, true, m, n, k);
                    check<float>(blas::gemm_nt, false, true, m, n, k);
                    check<double>(blas::gemm_nn, false, false, m, n, k);
                    check<float>(blas::gemm_nn, false, false, m, n, k);
                    check<double>(blas::gemm_tn, true, false, m, n, k);
                    check<float>(blas::gemm_tn, true, false, m, n, k);
                }
        CHECK((calls > 0) == through_blas);
    }
    blas::use_gemm(nullptr, nullptr);
}

TEST_CASE("products that a call brought with it are used by that call, and by no other") {
    Execution execution;
    execution.gemms = {plain_gemm<double>, plain_gemm<float>};
    for (const bool brought : {true, false}) {
        calls = 0;
        parallel_for(1, 1, brought ? execution : Execution(), [](std::size_t, std::size_t, int) {
            check<double>(blas::gemm_nt, false, true, 2, 3, 4);
            check<float>(blas::gemm_nt, false, true, 2, 3, 4);
        });
        CHECK((calls > 0) == brought);
    }
    calls = 0;
    check<double>(blas::gemm_nt, false, true, 2, 3, 4);
    CHECK(calls == 0);
}

namespace {

// Whole numbers, so that every order of summation gives the same; of views into wider matrices.
template <class Real>
void check_large(Product<Real> product, bool transpose_a, bool transpose_b, std::size_t m, std::size_t n,
                 std::size_t k) {
    const std::size_t a_rows = transpose_a ? k : m, a_cols = transpose_a ? m : k;
    const std::size_t b_rows = transpose_b ? n : k, b_cols = transpose_b ? k : n;
    std::vector<Real> a(a_rows * (a_cols + 3)), b(b_rows * (b_cols + 1)), c(m * (n + 2), Real(1));
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<Real>(i % 7) - 3;
    for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<Real>(i % 5) - 2;
    product(2, {a.data(), a_rows, a_cols, a_cols + 3}, {b.data(), b_rows, b_cols, b_cols + 1}, -1,
            {c.data(), m, n, n + 2});
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < n + 2; ++j) {
            Real expected = j < n ? -1 : 1;  // what lies beside is not touched
            for (std::size_t l = 0; j < n && l < k; ++l)
                expected += 2 * a[transpose_a ? l * (a_cols + 3) + i : i * (a_cols + 3) + l] *
                            b[transpose_b ? j * (b_cols + 1) + l : l * (b_cols + 1) + j];
            REQUIRE(c[i * (n + 2) + j] == expected);
        }
}

}  // namespace

TEST_CASE("our own products: whole panels and parts of them, on every instruction set") {
    blas::use_gemm(nullptr, nullptr);
    const std::string before = instruction_set();
    for (const std::string& name : available_instruction_sets()) {
        force_instruction_set(name);
        for (const std::size_t m : {1, 3, 6, 7, 13})
            for (const std::size_t n : {1, 17, 64, 130})
                for (const std::size_t k : {1, 255, 257, 300}) {
                    check_large<double>(blas::gemm_nt, false, true, m, n, k);
                    check_large<float>(blas::gemm_nt, false, true, m, n, k);
                    check_large<double>(blas::gemm_nn, false, false, m, n, k);
                    check_large<float>(blas::gemm_nn, false, false, m, n, k);
                    check_large<double>(blas::gemm_tn, true, false, m, n, k);
                    check_large<float>(blas::gemm_tn, true, false, m, n, k);
                }
    }
    force_instruction_set(before);
}
