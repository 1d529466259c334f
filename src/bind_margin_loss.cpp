#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "learn/lmnn/margin_loss.hpp"
#include "learn/lmnn/margin_loss_reference.hpp"

namespace py = pybind11;

namespace robust_metric {

namespace {

// Views of arrays that the caller keeps alive.
MarginProblem problem(const DoubleArray& points, const LabelArray& labels, const IndexArray& anchors,
                      const IndexArray& targets, double pull_weight) {
    const MatrixView data = matrix(points, "points");
    const auto rows = vector(anchors, static_cast<std::size_t>(anchors.size()), "anchors");
    if (targets.ndim() != 2 || static_cast<std::size_t>(targets.shape(0)) != rows.size())
        throw std::invalid_argument("targets must have a row for each of the " + std::to_string(rows.size()) +
                                    " anchors");
    const auto k = static_cast<std::size_t>(targets.shape(1));
    return {data, vector(labels, data.rows(), "labels"), rows, {targets.data(), rows.size() * k}, k, pull_weight};
}

py::tuple evaluate(MarginLoss& self, const DoubleArray& components, int num_threads) {
    const MatrixView l = matrix(components, "components");
    DoubleArray gradient = make_matrix(l.rows(), l.cols());
    const MutableMatrixView out = matrix(gradient);
    const Execution execution = make_execution(num_threads, py::none());
    double value = 0.0;
    {
        py::gil_scoped_release release;
        value = self.evaluate(l, execution, out);
    }
    return py::make_tuple(value, gradient);
}

py::tuple margin_loss_reference(const DoubleArray& points, const LabelArray& labels, const IndexArray& anchors,
                                const IndexArray& targets, double pull_weight, const DoubleArray& components) {
    const MatrixView l = matrix(components, "components");
    DoubleArray gradient = make_matrix(l.rows(), l.cols());
    const double value =
        reference::margin_loss(problem(points, labels, anchors, targets, pull_weight), l, matrix(gradient));
    return py::make_tuple(value, gradient);
}

}  // namespace

void bind_margin_loss(py::module_& m) {
    using py::arg;
    py::class_<MarginLoss>(m, "MarginLoss",
                           "Objective of large-margin nearest neighbours; keeps its arrays alive, copies none.")
        .def(py::init([](const DoubleArray& points, const LabelArray& labels, const IndexArray& anchors,
                         const IndexArray& targets, double pull_weight) {
                 return MarginLoss(problem(points, labels, anchors, targets, pull_weight));
             }),
             arg("points").noconvert(), arg("labels").noconvert(), arg("anchors").noconvert(),
             arg("targets").noconvert(), arg("pull_weight"), py::keep_alive<1, 2>(), py::keep_alive<1, 3>(),
             py::keep_alive<1, 4>(), py::keep_alive<1, 5>())
        .def("evaluate", evaluate, "(value, gradient) at these components.", arg("components"), arg("num_threads") = 1);
    m.def("margin_loss_reference", margin_loss_reference, "Slow twin of MarginLoss.evaluate.", arg("points"),
          arg("labels"), arg("anchors"), arg("targets"), arg("pull_weight"), arg("components"));
}

}  // namespace robust_metric
