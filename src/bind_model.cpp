#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "robust_metric/model.hpp"

namespace py = pybind11;

namespace robust_metric {

// For tests: that C++ reads and writes what Python does, and answers with the same bits.
void bind_model(py::module_& m) {
    py::class_<Model>(m, "Model", "A model file as the C++ library has it.")
        .def_static(
            "load", [](const std::string& path) { return std::make_unique<Model>(Model::load(path)); }, py::arg("path"))
        .def(
            "save", [](const Model& model, const std::string& path) { model.save(path); }, py::arg("path"))
        .def(
            "certified_radii",
            [](const Model& model, const DoubleArray& X) {
                const MatrixView queries = matrix(X, "X");
                auto radii = make_vector<double>(queries.rows());
                auto labels = make_vector<std::int32_t>(queries.rows());
                model.certified_radii(queries, {}, mutable_vector(radii), mutable_vector(labels));
                return py::make_tuple(radii, labels);
            },
            py::arg("X").noconvert())
        .def(
            "apply_scaling",
            [](const Model& model, const DoubleArray& X) {
                const MatrixView queries = matrix(X, "X");
                auto scaled = make_matrix(queries.rows(), queries.cols());
                model.apply_scaling(queries, matrix(scaled));
                return scaled;
            },
            py::arg("X").noconvert());
}

}  // namespace robust_metric
