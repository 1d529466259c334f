#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "learn/lmnn/impostors.hpp"

namespace robust_metric {

namespace {

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
}

}  // namespace robust_metric
