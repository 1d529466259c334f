// Slow, obvious twin of deciding_pairs: every pair's bound by its definition, then sorted.
#pragma once

#include "learn/arml/deciding_pairs.hpp"

namespace robust_metric::reference {

Pairs deciding_pairs(MatrixView embedded, MatrixView normals, std::span<const std::int64_t> anchors,
                     const CandidateTables& candidates, const Ranks& ranks, Norm dual_norm = Norm::two);

}  // namespace robust_metric::reference
