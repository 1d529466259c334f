// Slow, obvious twin of prototype_loss: one point at a time, every pair of candidates, gradients as outer products.
#pragma once

#include "learn/prototypes/loss.hpp"

namespace robust_metric::reference {

PrototypeLoss prototype_loss(const LabelledPoints& batch, const LabelledPoints& prototypes, MatrixView components,
                             const PrototypeLossOptions& options);

}  // namespace robust_metric::reference
