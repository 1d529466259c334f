#include <memory>

#include "arrays.hpp"
#include "bindings.hpp"
#include "robust_metric/cost_space.hpp"
#include "robust_metric/projection.hpp"
#include "robust_metric/threat.hpp"

namespace py = pybind11;

namespace robust_metric {

namespace {

using DoubleVector = py::array_t<double, py::array::c_style>;

std::span<const double> optional_vector(const py::object& values, std::size_t size, const char* name) {
    return values.is_none() ? std::span<const double>() : vector(values.cast<DoubleVector>(), size, name);
}

// One query's cost space, and a projection in it, kept together for the tests.
struct ProjectionProblem {
    ProjectionProblem(const Threat& threat, const DoubleVector& point, int exponent)
        : space(threat, static_cast<std::size_t>(point.size())), projection(space) {
        space.start(vector(point, space.dimension(), "point").data(), exponent);
        projection.reset();
    }

    CostSpace space;
    Projection projection;
};

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
    py::class_<ProjectionProblem>(m, "ProjectionProblem", "For tests: half-spaces in the cost space of a query.")
        .def(py::init<const Threat&, const DoubleVector&, int>(), py::arg("threat"), py::arg("point"),
             py::arg("exponent") = 0, py::keep_alive<1, 2>())
        .def("distance",
             [](const ProjectionProblem& self, const DoubleVector& normal, double normal_error, double offset_lower,
                double offset_upper) {
                 const auto values = vector(normal, self.space.dimension(), "normal");
                 const Interval bounds = self.space.distance({values, normal_error, offset_lower, offset_upper});
                 return py::make_tuple(bounds.lower, bounds.upper);
             })
        .def("add",
             [](ProjectionProblem& self, const DoubleVector& normal, double offset, std::size_t id) {
                 return self.projection.add(vector(normal, self.space.dimension(), "normal").data(), offset, id);
             })
        .def_property_readonly("norm", [](const ProjectionProblem& self) { return self.projection.norm(); })
        .def_property_readonly("solution",
                               [](const ProjectionProblem& self) {
                                   const auto values = self.projection.solution();
                                   return to_array(std::vector<double>(values.begin(), values.end()));
                               })
        .def_property_readonly("active",
                               [](const ProjectionProblem& self) {
                                   const auto ids = self.projection.active();
                                   return to_array(std::vector<std::int64_t>(ids.begin(), ids.end()));
                               })
        .def_property_readonly("multipliers", [](const ProjectionProblem& self) {
            const auto values = self.projection.multipliers();
            return to_array(std::vector<double>(values.begin(), values.end()));
        });
}

}  // namespace robust_metric
