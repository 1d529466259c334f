// Which pair of candidates decides the certified bound of an anchor, for given ranks. Like the
// candidate search it only chooses training triplets: plain floating point, nothing certified
// depends on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "robust_metric/matrix_view.hpp"
#include "robust_metric/threat.hpp"

namespace robust_metric {

// anchors × draws tables; -1 where an anchor has no candidates on one side.
struct Pairs {
    std::vector<std::int64_t> near, far;
};

// Tables of candidates, anchors × k as find_candidates gives them: -1 fills up.
struct CandidateTables {
    std::span<const std::int64_t> own, other;
    std::size_t k;
};

// Tables of 0-based ranks, anchors × draws; a rank beyond the candidates is lowered to the last one.
struct Ranks {
    std::span<const std::int64_t> near;  // how many own-class points are passed over
    std::span<const std::int64_t> far;   // how many other-class points are passed over
    std::size_t draws;
};

// The K-nearest-neighbour bound is the t-th smallest over x⁻ of the u-th largest over x⁺ of ε(x;
// x⁺, x⁻). Finds the pair that attains it among the candidates, with u − 1 and t − 1 the given
// ranks and ε signed as in triplet_loss. Pairs without a half-space (L maps their difference to 0)
// are last in both orders; ties go to the earlier candidate. embedded: L x_i, n × r; normals: LᵀL
// x_i, n × d.
Pairs deciding_pairs(MatrixView embedded, MatrixView normals, std::span<const std::int64_t> anchors,
                     const CandidateTables& candidates, const Ranks& ranks, const Execution& execution,
                     Norm dual_norm = Norm::two);
Pairs deciding_pairs(FloatMatrixView embedded, FloatMatrixView normals, std::span<const std::int64_t> anchors,
                     const CandidateTables& candidates, const Ranks& ranks, const Execution& execution,
                     Norm dual_norm = Norm::two);

}  // namespace robust_metric
