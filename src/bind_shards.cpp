#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "robust_metric/certify.hpp"

namespace py = pybind11;

namespace robust_metric {

void bind_shards(py::module_& m) {
    m.def(
        "radius_support",
        [](const TrainingSet& training, const DoubleArray& X, const LabelArray& labels, std::size_t k, int num_threads,
           const py::object& progress) {
            const MatrixView queries = matrix(X, "X");
            const auto label_span = vector(labels, queries.rows(), "labels");
            auto radii = make_vector<double>(queries.rows());
            const auto radius_span = mutable_vector(radii);
            std::vector<std::vector<std::int64_t>> support(queries.rows());
            const Execution execution = make_execution(num_threads, progress);
            std::vector<std::int64_t> points, offsets{0};
            {
                py::gil_scoped_release unlocked;
                radius_support(training, queries, label_span, k, execution, radius_span, support);
                for (const auto& of_query : support) {
                    points.insert(points.end(), of_query.begin(), of_query.end());
                    offsets.push_back(static_cast<std::int64_t>(points.size()));
                }
            }
            return py::make_tuple(radii, to_array(points), to_array(offsets));
        },
        py::arg("training"), py::arg("X").noconvert(), py::arg("labels").noconvert(), py::arg("n_neighbors"),
        py::arg("num_threads"), py::arg("progress") = py::none());
}

}  // namespace robust_metric
