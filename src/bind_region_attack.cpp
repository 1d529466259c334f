#include "arrays.hpp"
#include "attack/region.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "robust_metric/training_set.hpp"

namespace py = pybind11;

namespace robust_metric {

void bind_region_attack(py::module_& m) {
    m.def(
        "region_attacks",
        [](const TrainingSet& training, const DoubleArray& X, std::size_t k, const Threat* threat, std::size_t regions,
           int num_threads, const py::object& progress) {
            const MatrixView queries = matrix(X, "X");
            const Threat costs = threat ? *threat : Threat();
            DoubleArray perturbations = make_matrix(queries.rows(), queries.cols());
            const MutableMatrixView view = matrix(perturbations);
            const Execution execution = make_execution(num_threads, progress);
            {
                py::gil_scoped_release unlocked;
                region_attacks(training.prepared(), queries, k, costs, regions, execution, view);
            }
            return perturbations;
        },
        "Perturbations (m, d) that change the class, zeros where none was found. threat: None for the default.",
        py::arg("training"), py::arg("X").noconvert(), py::arg("n_neighbors"), py::arg("threat"), py::arg("n_regions"),
        py::arg("num_threads"), py::arg("progress") = py::none());
}

}  // namespace robust_metric
