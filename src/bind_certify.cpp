#include "arrays.hpp"
#include "bindings.hpp"
#include "evidence_columns.hpp"
#include "keep_going.hpp"
#include "robust_metric/certify.hpp"

namespace py = pybind11;

namespace robust_metric {

void bind_certify(py::module_& m) {
    py::class_<DataChanges>(m, "DataChanges", "Changes of the training data that radii are to survive.")
        .def(py::init([](std::size_t inserted, std::size_t deleted, std::size_t relabelled) {
                 return DataChanges{inserted, deleted, relabelled};
             }),
             py::arg("inserted") = 0, py::arg("deleted") = 0, py::arg("relabelled") = 0);
    m.def(
        "certified_radii",
        [](const TrainingSet& training, const DoubleArray& X, const py::object& y, std::size_t k, int num_threads,
           bool with_evidence, const py::object& progress, double at, const py::object& lower, const py::object& upper,
           const DataChanges& changes) {
            const MatrixView queries = matrix(X, "X");
            const LabelArray truth = y.is_none() ? LabelArray() : y.cast<LabelArray>();
            const auto truth_span = vector(truth, y.is_none() ? 0 : queries.rows(), "y");
            auto radii = make_vector<double>(queries.rows());
            auto labels = make_vector<std::int32_t>(queries.rows());
            const auto radius_span = mutable_vector(radii);
            const auto label_span = mutable_vector(labels);
            const DoubleArray low = to_box_side(lower), high = to_box_side(upper);
            const QueryBoxes boxes = to_boxes(low, high);
            std::vector<Evidence> evidence(with_evidence ? queries.rows() : 0);
            const Execution execution = make_execution(num_threads, progress);
            {
                py::gil_scoped_release unlocked;
                certified_radii(training, queries, truth_span, k, execution, radius_span, label_span, evidence, at,
                                boxes, changes);
            }
            return py::make_tuple(radii, labels, with_evidence ? to_columns(evidence) : py::none());
        },
        py::arg("training"), py::arg("X").noconvert(), py::arg("y"), py::arg("n_neighbors"), py::arg("num_threads"),
        py::arg("with_evidence") = false, py::arg("progress") = py::none(),
        py::arg("at") = std::numeric_limits<double>::infinity(), py::arg("lower") = py::none(),
        py::arg("upper") = py::none(), py::arg("changes") = DataChanges());
    m.def(
        "certified_radii_of_each",
        [](const TrainingSet& training, const DoubleArray& X, const py::object& y, const py::sequence& n_neighbors,
           int num_threads, const py::object& progress) {
            const MatrixView queries = matrix(X, "X");
            const LabelArray truth = y.is_none() ? LabelArray() : y.cast<LabelArray>();
            const auto truth_span = vector(truth, y.is_none() ? 0 : queries.rows(), "y");
            std::vector<std::size_t> ks;
            for (const py::handle& k : n_neighbors) ks.push_back(k.cast<std::size_t>());
            auto radii = make_matrix<double>(queries.rows(), ks.size());
            auto labels = make_matrix<std::int32_t>(queries.rows(), ks.size());
            const auto radius_view = matrix(radii);
            const auto label_view = matrix(labels);
            const Execution execution = make_execution(num_threads, progress);
            {
                py::gil_scoped_release unlocked;
                certified_radii_of_each(training, queries, truth_span, ks, execution, radius_view, label_view);
            }
            return py::make_tuple(radii, labels);
        },
        py::arg("training"), py::arg("X").noconvert(), py::arg("y"), py::arg("n_neighbors"), py::arg("num_threads"),
        py::arg("progress") = py::none());
}

}  // namespace robust_metric
