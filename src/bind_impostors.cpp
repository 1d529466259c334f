#include "arrays.hpp"
#include "bindings.hpp"
#include "impostors_reference.hpp"
#include "keep_going.hpp"
#include "robust_metric/impostors.hpp"

namespace robust_metric {

namespace {

pybind11::tuple to_tuple(const Impostors& found, std::size_t anchors) {
    const std::vector<pybind11::ssize_t> shape{static_cast<pybind11::ssize_t>(anchors), -1};
    return pybind11::make_tuple(found.loss, to_array(found.by_target).reshape(shape), to_array(found.by_point),
                                to_array(found.sums).reshape(shape));
}

pybind11::tuple impostors(const DoubleArray& points, const DoubleArray& embedded, const LabelArray& labels,
                          const IndexArray& anchors, const DoubleArray& thresholds, const ImpostorLists* lists,
                          int num_threads, const pybind11::object& progress) {
    const MatrixView data = matrix(points, "points"), images = matrix(embedded, "embedded");
    const MatrixView limits = matrix(thresholds, "thresholds");
    const auto classes = vector(labels, data.rows(), "labels");
    const auto rows = vector(anchors, static_cast<std::size_t>(anchors.size()), "anchors");
    const Execution execution = make_execution(num_threads, progress);
    Impostors found;
    {
        pybind11::gil_scoped_release release;
        found = find_impostors(data, images, classes, rows, limits, lists, execution);
    }
    return to_tuple(found, rows.size());
}

pybind11::object lists(const DoubleArray& embedded, const LabelArray& labels, const IndexArray& anchors,
                       const DoubleArray& reach, std::size_t limit, int num_threads, const pybind11::object& progress) {
    const MatrixView images = matrix(embedded, "embedded");
    const auto classes = vector(labels, images.rows(), "labels");
    const auto rows = vector(anchors, static_cast<std::size_t>(anchors.size()), "anchors");
    const auto limits = vector(reach, rows.size(), "reach");
    const Execution execution = make_execution(num_threads, progress);
    std::optional<ImpostorLists> found;
    {
        pybind11::gil_scoped_release release;
        found = list_impostors(images, classes, rows, limits, limit, execution);
    }
    return found ? pybind11::cast(std::move(*found)) : pybind11::none();
}

pybind11::tuple impostors_reference(const DoubleArray& points, const DoubleArray& embedded, const LabelArray& labels,
                                    const IndexArray& anchors, const DoubleArray& thresholds) {
    const MatrixView data = matrix(points, "points");
    const auto rows = vector(anchors, static_cast<std::size_t>(anchors.size()), "anchors");
    return to_tuple(reference::find_impostors(data, matrix(embedded, "embedded"), vector(labels, data.rows(), "labels"),
                                              rows, matrix(thresholds, "thresholds")),
                    rows.size());
}

}  // namespace

void bind_impostors(pybind11::module_& m) {
    using pybind11::arg;
    pybind11::class_<ImpostorLists>(m, "ImpostorLists", "Points of other classes near each anchor.")
        .def_property_readonly("offsets", [](const ImpostorLists& self) { return to_array(self.offsets); })
        .def_property_readonly("rows", [](const ImpostorLists& self) { return to_array(self.rows); });
    m.def("list_impostors", lists,
          "Points of other classes within each anchor's squared reach, or None if there are more than `limit`.",
          arg("embedded"), arg("labels"), arg("anchors"), arg("reach"), arg("limit"), arg("num_threads") = 1,
          arg("progress") = pybind11::none());
    m.def("impostors", impostors,
          "(loss, by_target, by_point, sums) of the points of other classes below each anchor's thresholds.",
          arg("points"), arg("embedded"), arg("labels"), arg("anchors"), arg("thresholds"),
          arg("lists") = pybind11::none(), arg("num_threads") = 1, arg("progress") = pybind11::none());
    m.def("impostors_reference", impostors_reference, "Slow twin of impostors.", arg("points"), arg("embedded"),
          arg("labels"), arg("anchors"), arg("thresholds"));
}

}  // namespace robust_metric
