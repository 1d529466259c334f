// One query against the training points by a cascade: distances in full only of points that the codes of both stages
// leave. To searches it looks like a LeafQuery.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "data/cascade.hpp"
#include "data/leaf_pass.hpp"
#include "data/leaf_query.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

class CascadeQuery {
public:
    using Found = LeafQuery::Found;

    explicit CascadeQuery(const PreparedSet& training);

    // Starts a query; all pointers must stay in place. row: as the filter has it, with its numbers; code: of it, with
    // what a pass over its leaves found. All blurs are finite.
    void start(const double* point, const Embedding& embedding, const FilterNumbers& numbers, const float* row,
               const Codes::Code& code, const float* minima, const float* values);

    const double* point() const { return codes_.point(); }
    const Embedding& embedding() const { return codes_.embedding(); }
    Interval squared_norm() const { return codes_.squared_norm(); }
    const FilterNumbers& numbers() const { return numbers_; }

    bool open_next(double limit) { return codes_.open_next(limit); }
    void open_all(double limit) { codes_.open_all(limit); }
    std::size_t opened() const { return codes_.opened(); }

    template <class Limit, class Receive>
    void each_in(std::size_t slot, Limit limit, Receive receive) {
        codes_.each_in(slot, limit, [&](const Found& coarse) {
            if (const auto point = in_full_within(coarse, limit())) receive(*point);
        });
    }

    // The same with what their first codes tell: of S the value less the error is a lower bound, and no more.
    template <class Limit, class Receive>
    void each_by_code(std::size_t slot, Limit limit, Receive receive) const {
        codes_.each_in(slot, limit, receive);
    }
    // a lower bound of S by the second code of a point
    float lower_by_second_code(std::size_t index) const;
    // the point in full, unless S is above the limit
    std::optional<Found> in_full_within(const Found& coarse, double limit) {
        if (!knows(coarse.index) && !(coarse.lower() <= limit && lower_by_second_code(coarse.index) <= limit))
            return {};
        const Found point = in_full(coarse);
        if (point.lower() <= limit) return point;
        return {};
    }
    // the point in full, of which the index and the label are given
    Found in_full(const Found& coarse);

private:
    bool knows(std::size_t index) const { return known_[index] == known_[index]; }
    double second_errors() const { return training_->cascade().second_error() + code_->second.error; }

    const PreparedSet* training_;
    LeafQuery codes_;
    FilterNumbers numbers_;
    const float* row_ = nullptr;
    const Codes::Code* code_ = nullptr;
    std::vector<float> known_;  // values in full, NaN where they have not been asked for
    std::vector<std::uint32_t> asked_;
};

// A block of queries, with the pass over the codes of all points.
class CascadeBlock {
public:
    explicit CascadeBlock(const PreparedSet& training) : training_(&training), pass_(true), query_(training) {}

    static std::size_t block_size(const PreparedSet& training) { return LeafPass::block_size(training.size(), true); }

    // queries: at most block_size rows, in place until the next call.
    void compute(MatrixView queries);
    // Null where the query is so far away that the filter tells nothing. Valid until the next call.
    CascadeQuery* query(std::size_t i);

private:
    const PreparedSet* training_;
    MatrixView queries_;
    std::vector<Embedding> embeddings_;
    std::vector<FilterNumbers> numbers_;
    std::vector<float> rows_, code_rows_;
    std::vector<Codes::Code> codes_;
    LeafPass pass_;
    CascadeQuery query_;
};

// Calls worker(query, row) for every row of queries, as for_each_leaf_query does.
template <class MakeWorker>
void for_each_cascade_query(const PreparedSet& training, MatrixView queries, const Execution& execution,
                            MakeWorker make_worker) {
    for_each_in_blocks(
        queries, Chunk(CascadeBlock::block_size(training), leaf_queries), execution,
        [&] { return CascadeBlock(training); }, [](CascadeBlock& block, MatrixView some) { block.compute(some); },
        make_worker);
}

}  // namespace robust_metric
