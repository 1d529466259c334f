#include "arrays.hpp"
#include "bindings.hpp"
#include "robust_metric/threat.hpp"

namespace py = pybind11;

namespace robust_metric {

namespace {

using DoubleVector = py::array_t<double, py::array::c_style>;

std::span<const double> optional_vector(const py::object& values, std::size_t size, const char* name) {
    return values.is_none() ? std::span<const double>() : vector(values.cast<DoubleVector>(), size, name);
}

}  // namespace

void bind_threat(py::module_& m) {
    py::enum_<Norm>(m, "Norm").value("one", Norm::one).value("two", Norm::two).value("infinity", Norm::infinity);
    py::class_<Threat>(m, "Threat", "Cost of perturbations and the box they stay in.")
        .def(py::init([](Norm norm, std::size_t n_features, const py::object& cost, const py::object& lower,
                         const py::object& upper) {
                 return Threat(norm, n_features, optional_vector(cost, n_features, "cost"),
                               optional_vector(lower, n_features, "lower"),
                               optional_vector(upper, n_features, "upper"));
             }),
             py::arg("norm"), py::arg("n_features"), py::arg("cost") = py::none(), py::arg("lower") = py::none(),
             py::arg("upper") = py::none());
}

}  // namespace robust_metric
