// One query against the training points in leaves: those are opened that may hold points within a limit, and their
// distances stay for what is asked next. Values are those of FilterRows, s = ‖a‖² - 2 a·b with an error bound.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/kernels.hpp"
#include "base/parallel.hpp"
#include "base/rounding.hpp"
#include "data/leaf_pass.hpp"
#include "data/leaves.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

// The error of S as FilterRows computes it, rounded up a little, from the blurs of a row and of the query: at most
// 2^60.
inline float filter_error(float blur, float query_blur) { return blur * (rounding::float_up(2.0 * query_blur) + blur); }

class LeafQuery {
public:
    // A training point found: S = ‖ã - b̃‖² - ‖b̃‖² is within error of value.
    struct Found {
        float value, error;
        std::uint32_t index;
        std::int32_t label;

        float lower() const { return value - error; }
        float upper() const { return value + error; }
    };

    explicit LeafQuery(const PreparedSet& training) : LeafQuery(training, training.leaves()) {}
    LeafQuery(const PreparedSet& training, const Leaves& leaves) : training_(&training), leaves_(&leaves) {}

    // Starts a query; all pointers must stay in place. row: as the filter has it, with its numbers, whose blur is
    // finite. minima: the least value of each leaf, null where boxes find the leaves; values: all values, leaf by leaf,
    // or null.
    void start(const double* point, const Embedding& embedding, const FilterNumbers& numbers, const float* row,
               const float* minima, const float* values);

    const double* point() const { return point_; }
    const Embedding& embedding() const { return *embedding_; }
    // holds ‖b̃‖²
    Interval squared_norm() const { return squared_norm_; }
    const FilterNumbers& numbers() const { return numbers_; }

    // Opens the leaf that seems nearest of those not yet opened, if one of them may hold a point with S <= limit.
    bool open_next(double limit);
    // Opens all that may.
    void open_all(double limit);
    std::size_t opened() const { return slots_.size(); }

    // Calls found(Found) for the points of a slot, a leaf in the order of opening, whose lower end of S is at most
    // limit(), asked again after every point; what it returns must not grow.
    template <class Limit, class Receive>
    void each_in(std::size_t slot, Limit limit, Receive receive) const {
        const Slot& s = slots_[slot];
        if (!(s.minimum - s.error <= limit())) return;
        const std::size_t begin = s.leaf * leaf_points, count = leaves_->size() - begin;
        const float* values = values_of(slot);
        // enough above for the roundings of the limit and of the sum
        const auto at = static_cast<float>(std::min<double>(limit(), 0x1p126));
        const float highest = at + s.error + (std::fabs(at) + s.error) * 0x1p-21f;
        for (std::uint64_t bits = kernels().leaf_at_most(values, highest); bits != 0; bits &= bits - 1) {
            const auto i = static_cast<std::size_t>(std::countr_zero(bits));
            if (i >= count) return;
            const Found point{values[i], s.error, leaves_->index(begin + i), leaves_->label(begin + i)};
            if (point.lower() <= limit()) receive(point);
        }
    }

private:
    struct Node {
        float key;  // S or, with boxes, a squared distance, as computed; less its error bound without boxes
        std::uint32_t node;
    };
    struct Slot {
        std::uint32_t leaf;
        float minimum, error;
    };
    static bool later(const Node& a, const Node& b) { return a.key != b.key ? a.key > b.key : a.node > b.node; }
    float error_of(std::size_t leaf) const {
        const float blur = leaves_->blur(leaf);
        return blur * (reach_ + blur);
    }
    float key_limit(double limit);
    const float* values_of(std::size_t slot) const {
        return stored_ ? stored_ + slots_[slot].leaf * leaf_points : values_.data() + slot * leaf_points;
    }
    void open(std::size_t leaf);
    void expand(std::size_t group);

    const PreparedSet* training_;
    const Leaves* leaves_;
    const double* point_ = nullptr;
    const Embedding* embedding_ = nullptr;
    FilterNumbers numbers_;
    const float *row_ = nullptr, *stored_ = nullptr;
    Interval squared_norm_{0.0, 0.0};
    float reach_ = 0.0f;
    double last_limit_ = 0.0;
    float last_key_limit_ = 0.0f;
    std::vector<Node> heap_, inside_;
    std::vector<Slot> slots_;
    std::vector<float> values_, factors_;
};

// A block of queries, with the pass over all points where there are no boxes.
class LeafBlock {
public:
    // Queries handled together.
    static std::size_t block_size(const PreparedSet& training, bool keep_values) {
        return LeafPass::block_size(training.size(), keep_values && !training.leaves().has_boxes());
    }

    LeafBlock(const PreparedSet& training, bool keep_values)
        : training_(&training), pass_(keep_values), query_(training) {}

    // queries: at most block_size rows, in place until the next call.
    void compute(MatrixView queries);
    // Null where the query is so far away that the filter tells nothing. Valid until the next call.
    LeafQuery* query(std::size_t i);

private:
    const PreparedSet* training_;
    LeafPass pass_;
    MatrixView queries_;
    std::vector<Embedding> embeddings_;
    std::vector<FilterNumbers> numbers_;
    std::vector<float> rows_;
    LeafQuery query_;
};

// Queries that leaves are not for, collected for the products that answer them together.
class QueriesApart {
public:
    explicit QueriesApart(MatrixView queries) : all_(queries), apart_(queries.rows(), 0) {}

    // may be called from several threads, for different rows
    void add(std::size_t row) { apart_[row] = 1; }
    // to be called once, after all were added: which rows they are
    const std::vector<std::size_t>& collect();
    MatrixView queries() const { return {points_.data(), rows_.size(), all_.cols()}; }

private:
    MatrixView all_;
    std::vector<char> apart_;
    std::vector<std::size_t> rows_;
    std::vector<double> points_;
};

// Calls worker(query, row) for every row of queries, as for_each_query does; query is null where LeafBlock says so.
// keep_values: whether most workers look at many points.
template <class MakeWorker>
void for_each_leaf_query(const PreparedSet& training, MatrixView queries, const Execution& execution, bool keep_values,
                         MakeWorker make_worker) {
    for_each_in_blocks(
        queries, Chunk(LeafBlock::block_size(training, keep_values), leaf_queries), execution,
        [&] { return LeafBlock(training, keep_values); },
        [](LeafBlock& block, MatrixView some) { block.compute(some); }, make_worker);
}

}  // namespace robust_metric
