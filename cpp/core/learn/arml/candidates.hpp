// Candidate search for metric learning: the nearest points of an anchor's own class and of the
// other classes. It only chooses what a learner looks at: scores are plain floating point, so two
// points whose distances agree to rounding may come in either order. Nothing certified may be built
// on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

// Two anchors × k tables of rows of the point set, nearest first, ties by the smaller index; -1
// fills up where there are fewer than k such points.
struct Candidates {
    std::vector<std::int64_t> own;    // same class as the anchor, the anchor itself excluded
    std::vector<std::int64_t> other;  // all other classes
};

// embedded: the points under the current metric, n × r (row i is L x_i); anchors: rows of it.
// leading: where at least 1 and below r, points are left out by their first so many coordinates and the length of the
// others, and only what is left is looked at in full; it pays where these have most of the variance.
// Memory beyond the answer is linear in n. The answer does not depend on the number of threads.
// Throws std::invalid_argument if the shapes disagree, k is 0, or an anchor is out of range.
Candidates find_candidates(MatrixView embedded, std::span<const std::int32_t> labels,
                           std::span<const std::int64_t> anchors, std::size_t k, const Execution& execution,
                           std::size_t leading = 0);
Candidates find_candidates(FloatMatrixView embedded, std::span<const std::int32_t> labels,
                           std::span<const std::int64_t> anchors, std::size_t k, const Execution& execution,
                           std::size_t leading = 0);

}  // namespace robust_metric
