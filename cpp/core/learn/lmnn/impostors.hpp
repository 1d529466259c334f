// Impostors of large-margin nearest neighbours (Weinberger & Saul, JMLR 2009): points of another class that come
// nearer to an anchor than its target neighbours plus a margin. Their sums are all that a gradient needs, so memory is
// linear in the number of points however many impostors there are. Plain floating point: nothing certified
// may be built on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

// For anchor a: rows[offsets[a] .. offsets[a + 1]) of the point set, ascending.
struct ImpostorLists {
    std::vector<std::int64_t> offsets, rows;
};

// Over all pairs of an anchor a and a point l of another class, c(a, l) of the anchor's thresholds being above their
// squared distance:
struct Impostors {
    std::vector<std::int64_t> by_target;  // anchors × k: pairs below each threshold
    std::vector<std::int64_t> by_point;   // n: sum over a of c(a, l)
    std::vector<double> sums;             // anchors × d: sum over l of c(a, l) x_l
};

// points: n × d; embedded: n × r, the points under the metric; anchors: rows of them; thresholds: anchors × k, squared
// distances. The answer does not depend on the number of threads. Throws std::invalid_argument if the shapes disagree
// or an anchor is out of range.
Impostors find_impostors(MatrixView points, MatrixView embedded, std::span<const std::int32_t> labels,
                         std::span<const std::int64_t> anchors, MatrixView thresholds, const Execution& execution);

// The points of other classes whose squared distance from the anchor is below its reach; nothing if there are more
// than `limit` in all.
std::optional<ImpostorLists> list_impostors(MatrixView embedded, std::span<const std::int32_t> labels,
                                            std::span<const std::int64_t> anchors, std::span<const double> reach,
                                            std::size_t limit, const Execution& execution);

}  // namespace robust_metric
