#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "robust_metric/region_attack.hpp"

namespace py = pybind11;

namespace robust_metric {

void bind_region_attack(py::module_& m) {
    m.def(
        "region_attacks",
        [](const TrainingSet& training, const DoubleArray& X, std::size_t k, double norm, const DoubleArray& cost,
           const DoubleArray& lower, const DoubleArray& upper, std::size_t regions, int num_threads,
           const py::object& progress) {
            const MatrixView queries = matrix(X, "X");
            const auto values = [](const DoubleArray& array, const char* name) {
                return vector(array, static_cast<std::size_t>(array.size()), name);
            };
            const AttackCost threat{norm, values(cost, "feature_cost"), values(lower, "lower"), values(upper, "upper")};
            DoubleArray perturbations = make_matrix(queries.rows(), queries.cols());
            const MutableMatrixView view = matrix(perturbations);
            const Execution execution = make_execution(num_threads, progress);
            {
                py::gil_scoped_release unlocked;
                region_attacks(training, queries, k, threat, regions, execution, view);
            }
            return perturbations;
        },
        "Perturbations (m, d) that change the class, zeros where none was found. cost, lower, upper: (d,) or empty.",
        py::arg("training"), py::arg("X").noconvert(), py::arg("n_neighbors"), py::arg("norm"), py::arg("feature_cost"),
        py::arg("lower"), py::arg("upper"), py::arg("n_regions"), py::arg("num_threads"),
        py::arg("progress") = py::none());
}

}  // namespace robust_metric
