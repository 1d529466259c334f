// Loss of a set of prototypes: what training points pay for their certified bound against them, with the gradient in
// the prototypes and in the metric. Derivation: docs/prototypes.md. Plain floating point: it trains, and nothing
// certified depends on it.
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

struct LabelledPoints {
    MatrixView points;
    std::span<const std::int32_t> labels;
};

struct PrototypeLossOptions {
    BoundLossOptions loss;
    // The q of the denominator: perturbations are measured by the p-norm with 1/p + 1/q = 1.
    Norm dual_norm = Norm::two;
    // The diagonal of W⁻¹ for perturbations of cost ‖Wδ‖_p, non-negative; none for W = I.
    std::span<const double> inverse_cost;
    // How many of the nearest prototypes of each side the deciding pair is looked for among, at least 1.
    std::size_t own_candidates = 5, other_candidates = 20;
    // The bound is the (other_rank + 1)-th smallest over x⁻ of the (own_rank + 1)-th largest over x⁺; a rank beyond
    // the candidates is lowered to the last one.
    std::size_t own_rank = 0, other_rank = 0;
    bool with_components_gradient = false;
};

struct PrototypeLoss {
    double loss = 0.0;                        // mean over the batch
    std::vector<double> prototypes_gradient;  // n × d
    std::vector<double> components_gradient;  // r × d; empty unless asked for
    std::vector<double> bounds;               // ε of every point of the batch, negative where misclassified
};

// ε(z; x⁺, x⁻) = (d(z, x⁻) − d(z, x⁺)) / (2 ‖W⁻¹ M (x⁺ − x⁻)‖_q) for the pair of prototypes that decides it.
// components: L, r × d, or no rows for the Euclidean metric. Pairs whose denominator vanishes are no half-space and
// are passed over; where there is no other, ε is 0 and adds nothing to a gradient. Ties go to the nearer prototype.
// Results have the same bits for every number of threads, provided that the BLAS runs on one. Throws
// std::invalid_argument if shapes disagree, the batch is empty, or one of its classes has no prototypes, or all.
PrototypeLoss prototype_loss(const LabelledPoints& batch, const LabelledPoints& prototypes, MatrixView components,
                             const PrototypeLossOptions& options, const Execution& execution);

}  // namespace robust_metric
