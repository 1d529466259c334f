// Slow, obvious twin of find_candidates: sorts all points by distance for every anchor.
#pragma once

#include "learn/arml/candidates.hpp"

namespace robust_metric::reference {

Candidates find_candidates(MatrixView embedded, std::span<const std::int32_t> labels,
                           std::span<const std::int64_t> anchors, std::size_t k);

}  // namespace robust_metric::reference
