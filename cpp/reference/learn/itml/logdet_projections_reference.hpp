// Slow twin of logdet_projections: the metric is updated after every projection.
#pragma once

#include "learn/itml/logdet_projections.hpp"

namespace robust_metric::reference {

LogDetResult logdet_projections(MatrixView differences, std::size_t shorts, const LogDetSettings& settings,
                                MutableMatrixView metric);

}  // namespace robust_metric::reference
