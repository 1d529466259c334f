// A pass over all points in leaves for a block of queries together: the least value of each leaf, and all values where
// they are kept, as it pays for those who ask for many of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "data/leaves.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

class LeafPass {
public:
    // Queries of a pass: leaves stay in the cache for so many; all values are at most 16 MB, if that allows six
    // queries.
    static std::size_t block_size(std::size_t points, bool keep_values) {
        const std::size_t groups = std::size_t{1} << 22, most = 8;
        return (keep_values ? std::clamp<std::size_t>(groups / (points * leaf_queries), 1, most) : most) * leaf_queries;
    }

    explicit LeafPass(bool keep_values) : keep_values_(keep_values) {}

    // rows: of at most block_size queries, as the filter of the leaves has them
    void compute(const Leaves& leaves, FloatMatrixView rows);
    // of query i: for each leaf; for each point, leaf by leaf, or null
    const float* minima(std::size_t i) const { return minima_.data() + i * leaves_; }
    const float* values(std::size_t i) const {
        return keep_values_ ? values_.get() + i * leaves_ * leaf_points : nullptr;
    }

private:
    void compute(const Leaves& leaves, std::size_t first, std::size_t count, std::size_t groups);

    bool keep_values_;
    std::size_t leaves_ = 0;
    std::vector<float> factors_, minima_;
    std::unique_ptr<float[]> values_;
    std::size_t values_size_ = 0;
};

}  // namespace robust_metric
