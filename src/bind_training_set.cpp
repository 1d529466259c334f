#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "robust_metric/training_set.hpp"

namespace py = pybind11;

namespace robust_metric {

void bind_training_set(py::module_& m) {
    py::class_<TrainingSet>(
        m, "TrainingSet",
        "Training points prepared for searches; keeps X (float64 or float32, C order) alive, copies the rest.")
        .def(py::init([](const py::array& X, const LabelArray& y, int classes, const py::object& components,
                         int num_threads, const Threat* threat) {
                 const Points points = to_points(X, "X");
                 const auto labels = vector(y, points.rows(), "y");
                 const DoubleArray l = components.is_none() ? DoubleArray() : components.cast<DoubleArray>();
                 const MatrixView view = components.is_none() ? MatrixView() : matrix(l, "components");
                 const Execution execution = make_execution(num_threads, py::none());
                 Threat costs = threat ? *threat : Threat();
                 py::gil_scoped_release unlocked;
                 return std::make_unique<TrainingSet>(points, labels, classes, view, execution, std::move(costs));
             }),
             py::arg("X").noconvert(), py::arg("y").noconvert(), py::arg("n_classes"),
             py::arg("components") = py::none(), py::arg("num_threads") = 1, py::arg("threat") = py::none(),
             py::keep_alive<1, 2>())
        .def_property_readonly("n_points", &TrainingSet::size)
        .def_property_readonly("n_features", &TrainingSet::dimension);
}

}  // namespace robust_metric
