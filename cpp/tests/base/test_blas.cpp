#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "base/blas.hpp"
#include "base/parallel.hpp"

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

TEST_CASE("our own products on long rows and many of them") {
    blas::use_gemm(nullptr, nullptr);
    const std::size_t m = 3, n = 700, k = 131;
    std::vector<float> a(m * k), b(n * k), c(m * n, 1.0f);
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 7) - 3.0f;
    for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i % 5) - 2.0f;
    blas::gemm_nt(2.0f, {a.data(), m, k}, {b.data(), n, k}, -1.0f, {c.data(), m, n});
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            float expected = -1.0f;
            for (std::size_t l = 0; l < k; ++l) expected += 2.0f * a[i * k + l] * b[j * k + l];
            REQUIRE(c[i * n + j] == expected);
        }
}
