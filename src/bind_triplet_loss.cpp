#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "learn/arml/triplet_loss.hpp"
#include "learn/arml/triplet_loss_reference.hpp"

namespace robust_metric {

namespace {

Triplets triplets(const IndexArray& anchor, const IndexArray& near, const IndexArray& far) {
    const auto size = static_cast<std::size_t>(anchor.size());
    return {vector(anchor, size, "anchor"), vector(near, size, "near"), vector(far, size, "far")};
}

pybind11::tuple to_tuple(const TripletLoss& result, std::size_t rows, std::size_t columns) {
    const std::vector<pybind11::ssize_t> shape{static_cast<pybind11::ssize_t>(rows),
                                               static_cast<pybind11::ssize_t>(columns)};
    return pybind11::make_tuple(result.loss, to_array(result.gradient).reshape(shape), to_array(result.bounds));
}

template <class Real>
pybind11::tuple triplet_loss_of(const MatrixArray<Real>& points, const MatrixArray<Real>& components,
                                const IndexArray& anchor, const IndexArray& near, const IndexArray& far, BoundLoss kind,
                                double target, Norm dual_norm, int num_threads, const pybind11::object& progress) {
    const auto data = matrix(points, "points"), metric = matrix(components, "components");
    const Triplets rows = triplets(anchor, near, far);
    const Execution execution = make_execution(num_threads, progress);
    TripletLoss result;
    {
        pybind11::gil_scoped_release release;
        result = triplet_loss(data, metric, rows, {kind, target}, execution, dual_norm);
    }
    return to_tuple(result, metric.rows(), metric.cols());
}

pybind11::tuple triplet_loss_twin(const DoubleArray& points, const DoubleArray& components, const IndexArray& anchor,
                                  const IndexArray& near, const IndexArray& far, BoundLoss kind, double target,
                                  Norm dual_norm) {
    const MatrixView metric = matrix(components, "components");
    return to_tuple(reference::triplet_loss(matrix(points, "points"), metric, triplets(anchor, near, far),
                                            {kind, target}, dual_norm),
                    metric.rows(), metric.cols());
}

}  // namespace

void bind_triplet_loss(pybind11::module_& m) {
    using pybind11::arg;
    pybind11::enum_<BoundLoss>(m, "BoundLoss", "What is paid for a bound.")
        .value("linear", BoundLoss::linear)
        .value("hinge", BoundLoss::hinge)
        .value("ramp", BoundLoss::ramp);
    const auto define = [&](auto function) {
        m.def("triplet_loss", function,
              "(loss, gradient, bounds): mean loss, its gradient in the components, each triplet's bound.",
              arg("points"), arg("components"), arg("anchor"), arg("near"), arg("far"), arg("kind") = BoundLoss::linear,
              arg("target") = 0.0, arg("dual_norm") = Norm::two, arg("num_threads") = 1,
              arg("progress") = pybind11::none());
    };
    define(triplet_loss_of<double>);
    define(triplet_loss_of<float>);
    m.def("triplet_loss_reference", triplet_loss_twin, "Slow twin of triplet_loss.", arg("points"), arg("components"),
          arg("anchor"), arg("near"), arg("far"), arg("kind") = BoundLoss::linear, arg("target") = 0.0,
          arg("dual_norm") = Norm::two);
}

}  // namespace robust_metric
