// Certificates with the library's own matrix products, and with those of OpenBLAS: they must be equal bits.
#include <cstdint>
#include <cstdio>
#include <random>
#include <robust_metric/robust_metric.hpp>
#include <vector>

extern "C" {  // as OpenBLAS exports them
void dgemm_(char*, char*, int*, int*, int*, double*, double*, int*, double*, int*, double*, double*, int*);
void sgemm_(char*, char*, int*, int*, int*, float*, float*, int*, float*, int*, float*, float*, int*);
void openblas_set_num_threads(int);
}

namespace {

int calls = 0;

void counted_sgemm(char* op_a, char* op_b, int* m, int* n, int* k, float* alpha, float* a, int* lda, float* b, int* ldb,
                   float* beta, float* c, int* ldc) {
    ++calls;
    sgemm_(op_a, op_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

}  // namespace

int main() {
    openblas_set_num_threads(1);  // products are made on the threads of the call
    const std::size_t n = 400, d = 48, m = 50;
    std::mt19937 random(1);
    std::normal_distribution<double> normal;
    std::vector<double> points(n * d), queries(m * d);
    std::vector<std::int32_t> classes(n);
    for (std::size_t i = 0; i < n; ++i) classes[i] = static_cast<std::int32_t>(i % 3);
    for (std::size_t i = 0; i < n * d; ++i) points[i] = normal(random) + classes[i / d];
    for (std::size_t i = 0; i < m * d; ++i) queries[i] = normal(random) + static_cast<double>(i / d % 3);
    const robust_metric::TrainingSet training({points.data(), n, d}, classes, 3, {});

    std::vector<double> radii(m), with_openblas(m);
    std::vector<std::int32_t> labels(m), labels_with_openblas(m);
    robust_metric::Execution execution;
    certified_radii(training, {queries.data(), m, d}, {}, 5, execution, radii, labels);
    execution.gemms = {dgemm_, counted_sgemm};
    certified_radii(training, {queries.data(), m, d}, {}, 5, execution, with_openblas, labels_with_openblas);
    const bool equal = radii == with_openblas && labels == labels_with_openblas;
    std::printf("%zu certificates, %d products by OpenBLAS, %s bits\n", m, calls, equal ? "equal" : "other");
    return equal && calls > 0 ? 0 : 1;
}
