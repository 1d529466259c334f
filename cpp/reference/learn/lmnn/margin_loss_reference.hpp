// Slow twin of MarginLoss: every triplet, one by one.
#pragma once

#include "learn/lmnn/margin_loss.hpp"

namespace robust_metric::reference {

double margin_loss(const MarginProblem& problem, MatrixView components, MutableMatrixView gradient);

}  // namespace robust_metric::reference
