// All points mapped by a metric at once, on several threads: what a learner searches. Like the
// candidate search it is plain floating point, and nothing certified may be built on it.
#pragma once

#include "base/parallel.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

// embedded = X Lᵀ (n × r), for points X (n × d) and components L (r × d). Bits do not depend on the number of threads,
// provided that the BLAS runs on one. Throws std::invalid_argument if the shapes disagree.
void embed(MatrixView points, MatrixView components, MutableMatrixView embedded, const Execution& execution);
void embed(FloatMatrixView points, FloatMatrixView components, MutableFloatMatrixView embedded,
           const Execution& execution);

}  // namespace robust_metric
