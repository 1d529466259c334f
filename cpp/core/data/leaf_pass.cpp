#include "data/leaf_pass.hpp"

#include "base/kernels.hpp"
#include "base/parallel.hpp"

namespace robust_metric {

namespace {

// leaves of one pass for all queries of a block: they stay in the nearest cache
constexpr std::size_t tile_bytes = std::size_t{1} << 15;

}  // namespace

void LeafPass::compute(const Leaves& leaves, FloatMatrixView rows) {
    const std::size_t width = leaves.width(), count = rows.rows();
    const std::size_t groups = (count + leaf_queries - 1) / leaf_queries;
    leaves_ = leaves.count();
    factors_.assign(groups * leaf_queries * width, 0.0f);
    for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < width; ++j)
            factors_[(i / leaf_queries * width + j) * leaf_queries + i % leaf_queries] = -2.0f * rows(i, j);
    minima_.resize(groups * leaf_queries * leaves_);
    const std::size_t needed = keep_values_ ? groups * leaf_queries * leaves_ * leaf_points : 0;
    if (values_size_ < needed) {
        values_ = std::make_unique_for_overwrite<float[]>(needed);
        values_size_ = needed;
    }
    const std::size_t tile = std::max<std::size_t>(tile_bytes / (4 * width * leaf_points), 1);
    for (std::size_t first = 0; first < leaves_; first += tile) {
        compute(leaves, first, std::min(tile, leaves_ - first), groups);
        checkpoint();
    }
}

void LeafPass::compute(const Leaves& leaves, std::size_t first, std::size_t count, std::size_t groups) {
    for (std::size_t group = 0; group < groups; ++group) {
        float *out[leaf_queries], *values[leaf_queries];
        for (std::size_t q = 0; q < leaf_queries; ++q) {
            const std::size_t at = (group * leaf_queries + q) * leaves_ + first;
            out[q] = minima_.data() + at;
            values[q] = values_.get() + (keep_values_ ? at * leaf_points : 0);
        }
        kernels().leaf_minima(leaves.coordinates(first), leaves.norms(first), count, leaves.width(),
                              factors_.data() + group * leaf_queries * leaves.width(), out,
                              keep_values_ ? values : nullptr);
    }
}

}  // namespace robust_metric
