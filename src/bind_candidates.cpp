#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "learn/arml/candidates.hpp"
#include "learn/arml/candidates_reference.hpp"

namespace robust_metric {

namespace {

pybind11::tuple to_tables(const Candidates& found, std::size_t k) {
    const std::vector<pybind11::ssize_t> shape{-1, static_cast<pybind11::ssize_t>(k)};
    return pybind11::make_tuple(to_array(found.own).reshape(shape), to_array(found.other).reshape(shape));
}

template <class Real>
pybind11::tuple candidates(const MatrixArray<Real>& embedded, const LabelArray& labels, const IndexArray& anchors,
                           std::size_t k, int num_threads, const pybind11::object& progress, std::size_t leading) {
    const auto points = matrix(embedded, "embedded");
    const auto classes = vector(labels, points.rows(), "labels");
    const auto rows = vector(anchors, static_cast<std::size_t>(anchors.size()), "anchors");
    const Execution execution = make_execution(num_threads, progress);
    Candidates found;
    {
        pybind11::gil_scoped_release release;
        found = find_candidates(points, classes, rows, k, execution, leading);
    }
    return to_tables(found, k);
}

pybind11::tuple candidates_reference(const DoubleArray& embedded, const LabelArray& labels, const IndexArray& anchors,
                                     std::size_t k) {
    const MatrixView points = matrix(embedded, "embedded");
    return to_tables(
        reference::find_candidates(points, vector(labels, points.rows(), "labels"),
                                   vector(anchors, static_cast<std::size_t>(anchors.size()), "anchors"), k),
        k);
}

}  // namespace

void bind_candidates(pybind11::module_& m) {
    using pybind11::arg;
    const auto define = [&](auto function) {
        m.def("find_candidates", function,
              "(own, other): for each anchor the k nearest rows of its own and of other classes.", arg("embedded"),
              arg("labels"), arg("anchors"), arg("k"), arg("num_threads") = 1, arg("progress") = pybind11::none(),
              arg("leading") = 0);
    };
    define(candidates<double>);
    define(candidates<float>);
    m.def("find_candidates_reference", candidates_reference, "Slow twin of find_candidates.", arg("embedded"),
          arg("labels"), arg("anchors"), arg("k"));
}

}  // namespace robust_metric
