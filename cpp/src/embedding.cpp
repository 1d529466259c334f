#include "robust_metric/embedding.hpp"

#include <stdexcept>
#include <string>

#include "robust_metric/blas.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t rows_per_block = 512;  // fixed: bits must not depend on the number of threads

void check(const char* name, MutableMatrixView out, std::size_t rows, std::size_t cols) {
    if (out.rows() != rows || out.cols() != cols)
        throw std::invalid_argument(std::string(name) + " must be " + std::to_string(rows) + " x " +
                                    std::to_string(cols) + ", got " + std::to_string(out.rows()) + " x " +
                                    std::to_string(out.cols()));
}

}  // namespace

void embed(MatrixView points, MatrixView components, MutableMatrixView embedded, MutableMatrixView normals,
           const Execution& execution) {
    if (components.cols() != points.cols())
        throw std::invalid_argument("components must have as many columns as points, " + std::to_string(points.cols()) +
                                    ", got " + std::to_string(components.cols()));
    check("embedded", embedded, points.rows(), components.rows());
    check("normals", normals, points.rows(), points.cols());
    parallel_for(points.rows(), rows_per_block, execution, [&](std::size_t first, std::size_t last, int) {
        blas::gemm_nt(1.0, points.slice(first, last), components, 0.0, embedded.slice(first, last));
        blas::gemm_nn(1.0, embedded.slice(first, last), components, 0.0, normals.slice(first, last));
    });
}

}  // namespace robust_metric
