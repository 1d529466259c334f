#include "robust_metric/training_set.hpp"

#include <utility>

#include "data/prepared_set.hpp"

namespace robust_metric {

TrainingSet::TrainingSet(Points points, std::span<const std::int32_t> labels, int classes, MatrixView components,
                         const Execution& execution, Threat threat)
    : prepared_(
          std::make_unique<const PreparedSet>(points, labels, classes, components, execution, std::move(threat))) {}

TrainingSet::~TrainingSet() = default;
TrainingSet::TrainingSet(TrainingSet&&) noexcept = default;
TrainingSet& TrainingSet::operator=(TrainingSet&&) noexcept = default;

std::size_t TrainingSet::size() const { return prepared_->size(); }
std::size_t TrainingSet::dimension() const { return prepared_->dimension(); }
int TrainingSet::classes() const { return prepared_->classes(); }

}  // namespace robust_metric
