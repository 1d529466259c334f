#include "robust_metric/training_set.hpp"

#include <utility>

#include "data/request.hpp"

namespace robust_metric {

TrainingSet::TrainingSet(Points points, std::span<const std::int32_t> labels, int classes, MatrixView components,
                         const Execution& execution, Threat threat) {
    check_training(points, labels, classes, components, execution);
    threat.check_fits(points.cols());
    prepared_ = std::make_unique<const PreparedSet>(points, labels, classes, components, execution, std::move(threat));
}

TrainingSet::~TrainingSet() = default;
TrainingSet::TrainingSet(TrainingSet&&) noexcept = default;
TrainingSet& TrainingSet::operator=(TrainingSet&&) noexcept = default;

std::size_t TrainingSet::size() const { return prepared().size(); }
std::size_t TrainingSet::dimension() const { return prepared().dimension(); }
int TrainingSet::classes() const { return prepared().classes(); }

const PreparedSet& TrainingSet::prepared() const {
    if (!prepared_) refuse("training", "hold points", "a training set that was moved from");
    return *prepared_;
}

}  // namespace robust_metric
