// Slow, obvious twin of triplet_loss: one triplet at a time, the gradient as outer products.
#pragma once

#include "learn/arml/triplet_loss.hpp"

namespace robust_metric::reference {

TripletLoss triplet_loss(MatrixView points, MatrixView components, const Triplets& triplets,
                         const BoundLossOptions& options, Norm dual_norm = Norm::two);

}  // namespace robust_metric::reference
