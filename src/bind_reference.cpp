#include "arrays.hpp"
#include "bindings.hpp"
#include "certify/halfspace_bounds_reference.hpp"
#include "certify/neighbor_sets_reference.hpp"
#include "geometry/neighbors_reference.hpp"
#include "search/single/search_reference.hpp"
#include "search/vote/search_reference.hpp"

namespace py = pybind11;

namespace robust_metric {

namespace {

// Calls body(data, queries); components: None or r × d.
template <class Body>
auto with_data(const DoubleArray& X, const LabelArray& y, int classes, const py::object& components,
               const DoubleArray& Z, Body body) {
    const DoubleArray l = components.is_none() ? DoubleArray() : components.cast<DoubleArray>();
    const MatrixView points = matrix(X, "X");
    const reference::PlainData data{points, vector(y, points.rows(), "y"), classes,
                                    components.is_none() ? MatrixView() : matrix(l, "components")};
    return body(data, matrix(Z, "Z"));
}

py::array_t<std::int64_t> kneighbors_twin(const DoubleArray& X, const LabelArray& y, int classes,
                                          const py::object& components, const DoubleArray& Z, std::size_t k) {
    return with_data(X, y, classes, components, Z, [&](const reference::PlainData& data, MatrixView queries) {
        std::vector<std::int64_t> indices;
        for (std::size_t i = 0; i < queries.rows(); ++i)
            for (const std::size_t index : reference::nearest(data, queries.row(i), k))
                indices.push_back(static_cast<std::int64_t>(index));
        return to_array(indices).reshape({static_cast<py::ssize_t>(queries.rows()), static_cast<py::ssize_t>(k)});
    });
}

py::tuple certified_radii_twin(const DoubleArray& X, const LabelArray& y, int classes, const py::object& components,
                               const DoubleArray& Z, std::size_t k, const DataChanges& changes) {
    return with_data(X, y, classes, components, Z, [&](const reference::PlainData& data, MatrixView queries) {
        std::vector<double> radii;
        std::vector<std::int32_t> labels;
        for (std::size_t i = 0; i < queries.rows(); ++i) {
            labels.push_back(reference::predict(data, queries.row(i), k));
            radii.push_back(
                static_cast<double>(reference::certified_radius(data, queries.row(i), labels.back(), k, changes)));
        }
        return py::make_tuple(to_array(radii), to_array(labels));
    });
}

py::array_t<double> neighbor_radii_twin(const DoubleArray& X, const LabelArray& y, int classes,
                                        const py::object& components, const DoubleArray& Z, std::size_t k) {
    return with_data(X, y, classes, components, Z, [&](const reference::PlainData& data, MatrixView queries) {
        std::vector<double> radii;
        radii.reserve(queries.rows());
        for (std::size_t i = 0; i < queries.rows(); ++i)
            radii.push_back(static_cast<double>(reference::neighbor_radius(data, queries.row(i), k)));
        return to_array(radii);
    });
}

py::array_t<double> minimal_perturbations_twin(const DoubleArray& X, const LabelArray& y, int classes,
                                               const py::object& components, const DoubleArray& Z, std::size_t k) {
    return with_data(X, y, classes, components, Z, [&](const reference::PlainData& data, MatrixView queries) {
        std::vector<double> sizes;
        for (std::size_t i = 0; i < queries.rows(); ++i) {
            const double* z = queries.row(i);
            const std::int32_t label = reference::predict(data, z, k);
            sizes.push_back(static_cast<double>(k == 1 ? reference::minimal_perturbation(data, z, label)
                                                       : reference::minimal_perturbation(data, z, label, k)));
        }
        return to_array(sizes);
    });
}

}  // namespace

void bind_reference(py::module_& m) {
    const auto X = py::arg("X"), y = py::arg("y"), classes = py::arg("n_classes"), Z = py::arg("Z");
    m.def("kneighbors_reference", kneighbors_twin, "Slow twin of kneighbors: indices.", X, y, classes,
          py::arg("components"), Z, py::arg("n_neighbors"));
    m.def("certified_radii_reference", certified_radii_twin, "Slow twin of certified_radii: (radii, labels).", X, y,
          classes, py::arg("components"), Z, py::arg("n_neighbors"), py::arg("changes") = DataChanges());
    m.def("neighbor_radii_reference", neighbor_radii_twin, "Slow twin of neighbor_radii: radii.", X, y, classes,
          py::arg("components"), Z, py::arg("n_neighbors"));
    m.def("minimal_perturbations_reference", minimal_perturbations_twin,
          "Slow twin of minimal_perturbations: the infimum of each.", X, y, classes, py::arg("components"), Z,
          py::arg("n_neighbors") = 1);
}

}  // namespace robust_metric
