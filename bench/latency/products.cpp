// Matrix products of our own beside OpenBLAS's, on one thread: CPU time, and the quotient, in one run.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <random>
#include <vector>

#include "base/blas.hpp"

extern "C" {
void sgemm_(char*, char*, int*, int*, int*, float*, float*, int*, float*, int*, float*, float*, int*);
void openblas_set_num_threads(int);
}

namespace {

constexpr int rounds = 9;

double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double least(const std::vector<float>& a, const std::vector<float>& b, std::size_t d, std::vector<float>& c) {
    const std::size_t m = a.size() / d, n = b.size() / d;
    double best = 1e9;
    for (int round = 0; round < rounds; ++round) {
        const double start = seconds();
        robust_metric::blas::gemm_nt(-2.0f, {a.data(), m, d}, {b.data(), n, d}, 0.0f, {c.data(), m, n});
        best = std::min(best, seconds() - start);
    }
    return best;
}

}  // namespace

int main() {
    openblas_set_num_threads(1);
    std::mt19937 random(0);
    std::normal_distribution<float> normal;
    using Shape = std::array<std::size_t, 3>;
    for (const auto& [m, n, d] : {Shape{128, 2000, 16}, {128, 10000, 64}, {1, 10000, 64}, {128, 10000, 784}}) {
        std::vector<float> a(m * d), b(n * d), c(m * n);
        for (auto* values : {&a, &b})
            for (float& x : *values) x = normal(random);
        robust_metric::blas::use_gemm(nullptr, nullptr);
        const double own = least(a, b, d, c);
        robust_metric::blas::use_gemm(nullptr, sgemm_);
        const double other = least(a, b, d, c);
        std::printf("%zu x %zu of %zu features: own %.2f ms, OpenBLAS %.2f ms, quotient %.2f\n", m, n, d, 1e3 * own,
                    1e3 * other, own / other);
    }
}
