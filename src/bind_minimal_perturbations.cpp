#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "evidence_columns.hpp"
#include "keep_going.hpp"
#include "robust_metric/minimal_perturbations.hpp"

namespace py = pybind11;

namespace robust_metric {

namespace {

// One array per field, for the structure-of-arrays result of the Python layer.
py::dict to_columns(const std::vector<MinimalPerturbation>& results) {
    auto lower = make_vector<double>(results.size()), upper = make_vector<double>(results.size());
    auto label = make_vector<std::int32_t>(results.size()), adversarial = make_vector<std::int32_t>(results.size()),
         status = make_vector<std::int32_t>(results.size());
    auto nodes = make_vector<std::int64_t>(results.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
        nodes.mutable_data()[i] = results[i].nodes;
        lower.mutable_data()[i] = results[i].lower;
        upper.mutable_data()[i] = results[i].upper;
        label.mutable_data()[i] = results[i].label;
        adversarial.mutable_data()[i] = results[i].adversarial_label;
        status.mutable_data()[i] = static_cast<std::int32_t>(results[i].status);
    }
    py::dict columns;
    columns["lower"] = lower;
    columns["upper"] = upper;
    columns["label"] = label;
    columns["adversarial_label"] = adversarial;
    columns["status"] = status;
    columns["nodes"] = nodes;
    return columns;
}

// None, "float32" or a number of decimal places
WitnessRounding to_rounding(const py::object& precision) {
    if (precision.is_none()) return {};
    if (py::isinstance<py::str>(precision)) return {WitnessRounding::Kind::float32, 0};
    return {WitnessRounding::Kind::decimals, precision.cast<int>()};
}

// Leaves out the queries that the work did not come to before it was stopped; returns the rows of the others.
py::array_t<std::int64_t> keep_reached(std::vector<MinimalPerturbation>& results, std::vector<Evidence>& evidence) {
    std::vector<std::int64_t> rows;
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (results[i].label < 0) continue;
        results[rows.size()] = results[i];
        if (!evidence.empty() && rows.size() != i) evidence[rows.size()] = std::move(evidence[i]);
        rows.push_back(static_cast<std::int64_t>(i));
    }
    results.resize(rows.size());
    if (!evidence.empty()) evidence.resize(rows.size());
    return py::array_t<std::int64_t>(static_cast<py::ssize_t>(rows.size()), rows.data());
}

}  // namespace

void bind_minimal_perturbations(py::module_& m) {
    m.def(
        "minimal_perturbations",
        [](const TrainingSet& training, const DoubleArray& X, const py::object& y, std::size_t k, double time_limit,
           int num_threads, bool with_evidence, const py::object& progress, const py::object& witness_precision,
           const py::object& targets, const py::object& lower, const py::object& upper) {
            const MatrixView queries = matrix(X, "X");
            const LabelArray truth = y.is_none() ? LabelArray() : y.cast<LabelArray>();
            const auto truth_span = vector(truth, y.is_none() ? 0 : queries.rows(), "y");
            DoubleArray perturbations = make_matrix(queries.rows(), queries.cols());
            const MutableMatrixView perturbation_view = matrix(perturbations);
            std::vector<MinimalPerturbation> results(queries.rows());
            std::vector<Evidence> evidence(with_evidence ? queries.rows() : 0);
            const Execution execution = make_execution(num_threads, progress);
            const WitnessRounding witness_rounding = to_rounding(witness_precision);
            const LabelArray wanted = targets.is_none() ? LabelArray() : targets.cast<LabelArray>();
            const DoubleArray low = to_box_side(lower), high = to_box_side(upper);
            const QueryWishes wishes{vector(wanted, targets.is_none() ? 0 : queries.rows(), "targets"),
                                     to_boxes(low, high)};
            py::object interrupt = py::none(), rows = py::none();
            try {
                py::gil_scoped_release unlocked;
                minimal_perturbations(training, queries, truth_span, k, time_limit, execution, results,
                                      perturbation_view, evidence, witness_rounding, wishes);
            } catch (const py::error_already_set& error) {
                if (!error.matches(PyExc_KeyboardInterrupt)) throw;
                interrupt = error.value();
                rows = keep_reached(results, evidence);
            }
            py::dict columns = to_columns(results);
            columns["interrupt"] = interrupt;
            columns["rows"] = rows;
            columns["perturbation"] = perturbations;
            columns["evidence"] = with_evidence ? to_columns(evidence) : py::none();
            return columns;
        },
        py::arg("training"), py::arg("X").noconvert(), py::arg("y"), py::arg("n_neighbors"), py::arg("time_limit"),
        py::arg("num_threads"), py::arg("with_evidence") = false, py::arg("progress") = py::none(),
        py::arg("witness_precision") = py::none(), py::arg("targets") = py::none(), py::arg("lower") = py::none(),
        py::arg("upper") = py::none());
}

}  // namespace robust_metric
