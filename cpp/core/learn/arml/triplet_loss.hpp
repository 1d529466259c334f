// Loss of ARML (Wang, Liu, Yi, Jiang, Hsieh, "Provably Robust Metric Learning", NeurIPS 2020) over
// triplets of training points, and its gradient. Derivation: docs/arml.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "learn/bound_loss.hpp"
#include "robust_metric/matrix_view.hpp"
#include "robust_metric/threat.hpp"

namespace robust_metric {

// Triplet t: rows anchor[t] (x), near[t] (x⁺, same class), far[t] (x⁻, another class) of the
// points.
struct Triplets {
    std::span<const std::int64_t> anchor, near, far;
};

struct TripletLoss {
    double loss = 0.0;             // mean over the triplets
    std::vector<double> gradient;  // of the loss in L, r × d
    std::vector<double> bounds;    // ε of every triplet
};

// ε = (‖L(x − x⁻)‖² − ‖L(x − x⁺)‖²) / (2 ‖LᵀL (x⁺ − x⁻)‖_q), with q the dual norm, negative where x⁻ is nearer. Where
// the denominator vanishes (x⁺ = x⁻, or a difference that L maps to 0) there is no half-space: ε counts as 0 and adds
// nothing to the gradient. components: L, r × d; points: n × d. Results have the same bits for every number of threads,
// provided that the BLAS runs on one. Memory beyond the results is bounded whatever the number of triplets. Throws
// std::invalid_argument if shapes disagree, an index is out of range, or there is no triplet.
TripletLoss triplet_loss(MatrixView points, MatrixView components, const Triplets& triplets,
                         const BoundLossOptions& options, const Execution& execution, Norm dual_norm = Norm::two);
TripletLoss triplet_loss(FloatMatrixView points, FloatMatrixView components, const Triplets& triplets,
                         const BoundLossOptions& options, const Execution& execution, Norm dual_norm = Norm::two);

}  // namespace robust_metric
