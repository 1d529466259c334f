#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "learn/prototypes/loss.hpp"
#include "learn/prototypes/loss_reference.hpp"

namespace py = pybind11;

namespace robust_metric {

namespace {

using DoubleVector = py::array_t<double, py::array::c_style>;

LabelledPoints labelled(const DoubleArray& points, const LabelArray& labels, const char* name) {
    const MatrixView view = matrix(points, name);
    return {view, vector(labels, view.rows(), (std::string(name) + "_labels").c_str())};
}

py::tuple to_tuple(const PrototypeLoss& result, std::size_t d) {
    const auto table = [d](const std::vector<double>& values) {
        return to_array(values).reshape({static_cast<py::ssize_t>(values.size() / d), static_cast<py::ssize_t>(d)});
    };
    const py::object of_components =
        result.components_gradient.empty() ? py::object(py::none()) : table(result.components_gradient);
    return py::make_tuple(result.loss, table(result.prototypes_gradient), of_components, to_array(result.bounds));
}

// Arrays that a call refers to, and the call's options; both loss functions take them.
struct Call {
    Call(const DoubleArray& points, const LabelArray& labels, const DoubleArray& prototypes,
         const LabelArray& prototype_labels, const py::object& metric, BoundLoss kind, double target, Norm dual_norm,
         const py::object& costs, std::pair<std::size_t, std::size_t> candidates,
         std::pair<std::size_t, std::size_t> ranks, bool with_components_gradient)
        : components(metric.is_none() ? DoubleArray() : metric.cast<DoubleArray>()),
          inverse_cost(costs.is_none() ? DoubleVector() : costs.cast<DoubleVector>()),
          batch(labelled(points, labels, "points")),
          model(labelled(prototypes, prototype_labels, "prototypes")),
          view(metric.is_none() ? MatrixView() : matrix(components, "components")) {
        options.loss = {kind, target};
        options.dual_norm = dual_norm;
        if (!costs.is_none()) options.inverse_cost = vector(inverse_cost, batch.points.cols(), "inverse_cost");
        options.own_candidates = candidates.first;
        options.other_candidates = candidates.second;
        options.own_rank = ranks.first;
        options.other_rank = ranks.second;
        options.with_components_gradient = with_components_gradient;
    }

    DoubleArray components;
    DoubleVector inverse_cost;
    LabelledPoints batch, model;
    MatrixView view;
    PrototypeLossOptions options;
};

using Sizes = std::pair<std::size_t, std::size_t>;

py::tuple prototype_loss_of(const DoubleArray& points, const LabelArray& labels, const DoubleArray& prototypes,
                            const LabelArray& prototype_labels, const py::object& components, BoundLoss kind,
                            double target, Norm dual_norm, const py::object& inverse_cost, const Sizes& candidates,
                            const Sizes& ranks, bool with_components_gradient, int num_threads,
                            const py::object& progress) {
    const Call call(points, labels, prototypes, prototype_labels, components, kind, target, dual_norm, inverse_cost,
                    candidates, ranks, with_components_gradient);
    const Execution execution = make_execution(num_threads, progress);
    PrototypeLoss result;
    {
        py::gil_scoped_release release;
        result = prototype_loss(call.batch, call.model, call.view, call.options, execution);
    }
    return to_tuple(result, call.batch.points.cols());
}

py::tuple prototype_loss_twin(const DoubleArray& points, const LabelArray& labels, const DoubleArray& prototypes,
                              const LabelArray& prototype_labels, const py::object& components, BoundLoss kind,
                              double target, Norm dual_norm, const py::object& inverse_cost, const Sizes& candidates,
                              const Sizes& ranks, bool with_components_gradient) {
    const Call call(points, labels, prototypes, prototype_labels, components, kind, target, dual_norm, inverse_cost,
                    candidates, ranks, with_components_gradient);
    return to_tuple(reference::prototype_loss(call.batch, call.model, call.view, call.options),
                    call.batch.points.cols());
}

}  // namespace

void bind_prototype_loss(py::module_& m) {
    using py::arg;
    m.def("prototype_loss", prototype_loss_of,
          "(loss, prototypes_gradient, components_gradient or None, bounds) of a batch against prototypes.",
          arg("points"), arg("labels"), arg("prototypes"), arg("prototype_labels"), arg("components") = py::none(),
          arg("kind") = BoundLoss::linear, arg("target") = 0.0, arg("dual_norm") = Norm::two,
          arg("inverse_cost") = py::none(), arg("candidates") = Sizes{5, 20}, arg("ranks") = Sizes{0, 0},
          arg("with_components_gradient") = false, arg("num_threads") = 1, arg("progress") = py::none());
    m.def("prototype_loss_reference", prototype_loss_twin, "Slow twin of prototype_loss.", arg("points"), arg("labels"),
          arg("prototypes"), arg("prototype_labels"), arg("components") = py::none(), arg("kind") = BoundLoss::linear,
          arg("target") = 0.0, arg("dual_norm") = Norm::two, arg("inverse_cost") = py::none(),
          arg("candidates") = Sizes{5, 20}, arg("ranks") = Sizes{0, 0}, arg("with_components_gradient") = false);
}

}  // namespace robust_metric
