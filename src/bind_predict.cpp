#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "robust_metric/predict.hpp"

namespace py = pybind11;

namespace robust_metric {

void bind_predict(py::module_& m) {
    m.def(
        "kneighbors",
        [](const TrainingSet& training, const DoubleArray& X, std::size_t k, bool with_distances, int num_threads,
           const py::object& progress) {
            const MatrixView queries = matrix(X, "X");
            const auto rows = static_cast<py::ssize_t>(queries.rows()), columns = static_cast<py::ssize_t>(k);
            py::array_t<std::int64_t> indices({rows, columns});
            py::array_t<double> distances({with_distances ? rows : 0, columns});
            const auto index_span = mutable_vector(indices);
            const auto distance_span = mutable_vector(distances);
            const Execution execution = make_execution(num_threads, progress);
            {
                py::gil_scoped_release unlocked;
                kneighbors(training, queries, k, execution, index_span, distance_span);
            }
            return py::make_tuple(distances, indices);
        },
        py::arg("training"), py::arg("X").noconvert(), py::arg("n_neighbors"), py::arg("with_distances"),
        py::arg("num_threads"), py::arg("progress") = py::none());
    m.def(
        "predict",
        [](const TrainingSet& training, const DoubleArray& X, std::size_t k, int num_threads,
           const py::object& progress) {
            const MatrixView queries = matrix(X, "X");
            auto labels = make_vector<std::int32_t>(queries.rows());
            const auto label_span = mutable_vector(labels);
            const Execution execution = make_execution(num_threads, progress);
            {
                py::gil_scoped_release unlocked;
                predict(training, queries, k, execution, label_span);
            }
            return labels;
        },
        py::arg("training"), py::arg("X").noconvert(), py::arg("n_neighbors"), py::arg("num_threads"),
        py::arg("progress") = py::none());
}

}  // namespace robust_metric
