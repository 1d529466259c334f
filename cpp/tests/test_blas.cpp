#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "robust_metric/blas.hpp"

using namespace robust_metric;

namespace {

int calls = 0;

// A dgemm of one's own, column-major with leading dimensions, as the Fortran one.
void plain_dgemm(char* transa, char* transb, int* m, int* n, int* k, double* alpha, double* a, int* lda, double* b,
                 int* ldb, double* beta, double* c, int* ldc) {
    ++calls;
    for (int j = 0; j < *n; ++j)
        for (int i = 0; i < *m; ++i) {
            double sum = 0.0;
            for (int l = 0; l < *k; ++l)
                sum += (*transa == 'N' ? a[i + l * *lda] : a[l + i * *lda]) *
                       (*transb == 'N' ? b[l + j * *ldb] : b[j + l * *ldb]);
            double& out = c[i + j * *ldc];
            out = *alpha * sum + (*beta == 0.0 ? 0.0 : *beta * out);
        }
}

using Product = void (*)(double, MatrixView, MatrixView, double, MutableMatrixView);

void check(Product product, bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k) {
    const std::size_t stride = 9;
    std::vector<double> a(81), b(81), c(81, 5.0);
    for (std::size_t i = 0; i < 81; ++i) {
        a[i] = static_cast<double>(i % 7) - 3;
        b[i] = static_cast<double>(i % 5) - 2;
    }
    for (const double beta : {0.0, 1.0, -2.0}) {
        const double start = beta == 0.0 ? std::numeric_limits<double>::quiet_NaN() : 5.0;
        c.assign(81, 5.0);
        const MutableMatrixView out(c.data(), m, n, stride);
        for (std::size_t i = 0; i < m; ++i)
            for (std::size_t j = 0; j < n; ++j) out(i, j) = start;
        product(2.0, transpose_a ? MatrixView(a.data(), k, m, stride) : MatrixView(a.data(), m, k, stride),
                transpose_b ? MatrixView(b.data(), n, k, stride) : MatrixView(b.data(), k, n, stride), beta, out);
        for (std::size_t i = 0; i < 9; ++i)
            for (std::size_t j = 0; j < 9; ++j) {
                double expected = 5.0;  // what lies outside is not touched
                if (i < m && j < n) {
                    expected = beta * 5.0;
                    for (std::size_t l = 0; l < k; ++l)
                        expected += 2.0 * (transpose_a ? a[l * stride + i] : a[i * stride + l]) *
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
        blas::use_dgemm(through_blas ? plain_dgemm : nullptr);
        for (std::size_t m = 0; m <= 4; ++m)
            for (std::size_t n = 0; n <= 4; ++n)
                for (std::size_t k = 0; k <= 8; k += 2) {
                    check(blas::gemm_nt, false, true, m, n, k);
                    check(blas::gemm_nn, false, false, m, n, k);
                    check(blas::gemm_tn, true, false, m, n, k);
                }
        CHECK((calls > 0) == through_blas);
    }
    blas::use_dgemm(nullptr);
}
