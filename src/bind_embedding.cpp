#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "learn/arml/embedding.hpp"

namespace robust_metric {

namespace {

template <class Real>
MatrixArray<Real> embed_points(const MatrixArray<Real>& points, const MatrixArray<Real>& components, int num_threads,
                               const pybind11::object& progress) {
    const auto data = matrix(points, "points"), metric = matrix(components, "components");
    const Execution execution = make_execution(num_threads, progress);
    auto embedded = make_matrix<Real>(data.rows(), metric.rows());
    const auto rows = matrix(embedded);
    {
        pybind11::gil_scoped_release release;
        embed(data, metric, rows, execution);
    }
    return embedded;
}

}  // namespace

void bind_embedding(pybind11::module_& m) {
    using pybind11::arg;
    const auto define = [&](auto function) {
        m.def("embed", function, "The rows X Lᵀ.", arg("points"), arg("components"), arg("num_threads") = 1,
              arg("progress") = pybind11::none());
    };
    define(embed_points<double>);
    define(embed_points<float>);
}

}  // namespace robust_metric
