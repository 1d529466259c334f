#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "learn/itml/logdet_projections.hpp"
#include "learn/itml/logdet_projections_reference.hpp"

namespace robust_metric {

namespace {

// The answer is a copy: the prior stays the caller's.
DoubleArray copy_of(const DoubleArray& array) {
    const MatrixView from = matrix(array, "prior");
    DoubleArray to = make_matrix(from.rows(), from.cols());
    std::copy_n(from.data(), from.rows() * from.cols(), to.mutable_data());
    return to;
}

LogDetSettings settings(double short_bound, double long_bound, double gamma, std::size_t max_sweeps, double tolerance) {
    return {short_bound, long_bound, gamma, max_sweeps, tolerance};
}

pybind11::tuple projections(const DoubleArray& differences, std::size_t shorts, const DoubleArray& prior,
                            double short_bound, double long_bound, double gamma, std::size_t max_sweeps,
                            double tolerance, const pybind11::object& progress) {
    const MatrixView rows = matrix(differences, "differences");
    DoubleArray metric = copy_of(prior);
    const MutableMatrixView answer = matrix(metric);
    const Execution execution = make_execution(1, progress);
    LogDetResult result;
    {
        pybind11::gil_scoped_release release;
        result = logdet_projections(rows, shorts, settings(short_bound, long_bound, gamma, max_sweeps, tolerance),
                                    execution, answer);
    }
    return pybind11::make_tuple(metric, result.sweeps, result.change);
}

pybind11::tuple projections_reference(const DoubleArray& differences, std::size_t shorts, const DoubleArray& prior,
                                      double short_bound, double long_bound, double gamma, std::size_t max_sweeps,
                                      double tolerance) {
    DoubleArray metric = copy_of(prior);
    const LogDetResult result =
        reference::logdet_projections(matrix(differences, "differences"), shorts,
                                      settings(short_bound, long_bound, gamma, max_sweeps, tolerance), matrix(metric));
    return pybind11::make_tuple(metric, result.sweeps, result.change);
}

}  // namespace

void bind_logdet_projections(pybind11::module_& m) {
    using pybind11::arg;
    m.def("logdet_projections", projections,
          "(metric, sweeps, change): the metric nearest to the prior whose first `shorts` differences are short and "
          "whose others are long.",
          arg("differences"), arg("shorts"), arg("prior"), arg("short_bound"), arg("long_bound"), arg("gamma"),
          arg("max_sweeps"), arg("tolerance"), arg("progress") = pybind11::none());
    m.def("logdet_projections_reference", projections_reference, "Slow twin of logdet_projections.", arg("differences"),
          arg("shorts"), arg("prior"), arg("short_bound"), arg("long_bound"), arg("gamma"), arg("max_sweeps"),
          arg("tolerance"));
}

}  // namespace robust_metric
