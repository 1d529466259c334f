// Slow twin of find_impostors: every pair, one by one.
#pragma once

#include "learn/lmnn/impostors.hpp"

namespace robust_metric::reference {

Impostors find_impostors(MatrixView points, MatrixView embedded, std::span<const std::int32_t> labels,
                         std::span<const std::int64_t> anchors, MatrixView thresholds);

}  // namespace robust_metric::reference
