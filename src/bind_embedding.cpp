#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "learn/arml/embedding.hpp"

namespace robust_metric {

namespace {

DoubleArray embed_points(const DoubleArray& points, const DoubleArray& components, int num_threads,
                         const pybind11::object& progress) {
    const MatrixView data = matrix(points, "points"), metric = matrix(components, "components");
    const Execution execution = make_execution(num_threads, progress);
    DoubleArray embedded = make_matrix(data.rows(), metric.rows());
    const MutableMatrixView rows = matrix(embedded);
    {
        pybind11::gil_scoped_release release;
        embed(data, metric, rows, execution);
    }
    return embedded;
}

}  // namespace

void bind_embedding(pybind11::module_& m) {
    using pybind11::arg;
    m.def("embed", embed_points, "The rows X Lᵀ.", arg("points"), arg("components"), arg("num_threads") = 1,
          arg("progress") = pybind11::none());
}

}  // namespace robust_metric
