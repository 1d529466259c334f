#include "arrays.hpp"
#include "bindings.hpp"
#include "certify/neighbor_sets.hpp"
#include "keep_going.hpp"
#include "robust_metric/training_set.hpp"

namespace py = pybind11;

namespace robust_metric {

void bind_neighbor_sets(py::module_& m) {
    m.def(
        "neighbor_radii",
        [](const TrainingSet& training, const DoubleArray& X, std::size_t k, int num_threads,
           const py::object& progress) {
            const MatrixView queries = matrix(X, "X");
            auto radii = make_vector<double>(queries.rows());
            py::array_t<std::int64_t> indices({static_cast<py::ssize_t>(queries.rows()), static_cast<py::ssize_t>(k)});
            const auto radius_span = mutable_vector(radii);
            const auto index_span = mutable_vector(indices);
            const Execution execution = make_execution(num_threads, progress);
            {
                py::gil_scoped_release unlocked;
                neighbor_radii(training.prepared(), queries, k, execution, radius_span, index_span);
            }
            return py::make_tuple(radii, indices);
        },
        py::arg("training"), py::arg("X").noconvert(), py::arg("n_neighbors"), py::arg("num_threads"),
        py::arg("progress") = py::none());
}

}  // namespace robust_metric
