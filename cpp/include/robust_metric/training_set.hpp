// The training points, prepared once for everything that is asked of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "robust_metric/execution.hpp"
#include "robust_metric/export.hpp"
#include "robust_metric/matrix_view.hpp"
#include "robust_metric/points.hpp"
#include "robust_metric/threat.hpp"

namespace robust_metric {

class PreparedSet;

// May be used from several threads at a time. Moving it is cheap, and leaves nothing behind: what is asked of a set
// that was moved from throws std::invalid_argument.
class ROBUST_METRIC_EXPORT TrainingSet {
public:
    // points: n × d, finite, not copied: must outlive this object. labels: n values in
    // [0, classes). components: r × d, copied, or empty for the Euclidean metric.
    // Memory beside the points: 4 n (d + r + 11) bytes; for the Euclidean metric 4 n (d + 8), and where points in
    // float32 serve as they are, 32 n. From 128 features on, 132 n more.
    // Throws std::invalid_argument where sizes or labels disagree, or numbers are not finite or beyond 1e300 in size.
    TrainingSet(Points points, std::span<const std::int32_t> labels, int classes, MatrixView components,
                const Execution& execution = {}, Threat threat = {});
    ~TrainingSet();
    TrainingSet(TrainingSet&&) noexcept;
    TrainingSet& operator=(TrainingSet&&) noexcept;

    std::size_t size() const;
    std::size_t dimension() const;
    int classes() const;

    // What the library works with; of no use to a program.
    const PreparedSet& prepared() const;

private:
    std::unique_ptr<const PreparedSet> prepared_;
};

}  // namespace robust_metric
