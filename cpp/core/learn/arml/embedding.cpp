#include "learn/arml/embedding.hpp"

#include <stdexcept>
#include <string>

#include "base/blas.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t rows_per_block = 512;  // fixed: bits must not depend on the number of threads

template <class Real>
void embed_rows(BasicMatrixView<const Real> points, BasicMatrixView<const Real> components,
                BasicMatrixView<Real> embedded, const Execution& execution) {
    if (components.cols() != points.cols())
        throw std::invalid_argument("components must have as many columns as points, " + std::to_string(points.cols()) +
                                    ", got " + std::to_string(components.cols()));
    if (embedded.rows() != points.rows() || embedded.cols() != components.rows())
        throw std::invalid_argument("embedded must be " + std::to_string(points.rows()) + " x " +
                                    std::to_string(components.rows()) + ", got " + std::to_string(embedded.rows()) +
                                    " x " + std::to_string(embedded.cols()));
    const auto work = static_cast<double>(points.rows() * points.cols() * components.rows());
    parallel_for(
        points.rows(), rows_per_block, for_work(execution, work), [&](std::size_t first, std::size_t last, int) {
            blas::gemm_nt(Real(1), points.slice(first, last), components, Real(0), embedded.slice(first, last));
        });
}

}  // namespace

void embed(MatrixView points, MatrixView components, MutableMatrixView embedded, const Execution& execution) {
    embed_rows(points, components, embedded, execution);
}

void embed(FloatMatrixView points, FloatMatrixView components, MutableFloatMatrixView embedded,
           const Execution& execution) {
    embed_rows(points, components, embedded, execution);
}

}  // namespace robust_metric
