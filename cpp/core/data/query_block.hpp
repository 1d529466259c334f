// A block of queries against all training points: one matrix product for each kind of the filter's distances.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "data/prepared_set.hpp"

namespace robust_metric {

// One kind of filter rows against one query.
struct FilterDistances {
    const FilterRows* rows;
    const float* values;  // computed ‖a‖² - 2 a·b for every row a and the query's b, see FilterRows
    FilterNumbers query;

    // holds ‖ã - b̃‖² - ‖b̃‖²: order and differences of distances need no more
    Interval relative(std::size_t i) const { return rows->relative_distance(i, values[i], query.blur); }
};

inline float reach_of(const FilterDistances& distances) { return rounding::float_up(2.0 * distances.query.blur); }

// A query's row of the filter for distances, and what its bounds need to know; of a far one the interval of ‖ã‖² - 2
// a·b holds 2^-far (d(z, x) - ‖L̂z̃‖²).
FilterNumbers describe(const PreparedSet& training, const Embedding& z, float* row);

// One query of a block as the searches see it.
struct Query {
    const double* point;  // the caller's coordinates
    const Embedding* embedding;
    FilterDistances mapped;  // scaled d(z, x) - ‖L̂z̃‖², 2^-far times it where the query is far
    FilterDistances twice_mapped;  // ‖M̂(z̃ - x̃)‖² - ‖M̂z̃‖² of z̃ as it is embedded; values are null unless asked for
};

class QueryBlock {
public:
    // Queries handled together: the matrix product packs the training set once a block, so as many as
    // 128 where 16 MB a thread and kind of rows allow it.
    static std::size_t block_size(const PreparedSet& training) {
        return std::clamp<std::size_t>((std::size_t{1} << 22) / training.size(), 4, 128);
    }

    // Threads share the last queries in blocks of at least this many: fewer pay more for packing than they even out.
    static constexpr std::size_t smallest_block = 16;

    explicit QueryBlock(const PreparedSet& training) : training_(&training) {}

    // queries: at most block_size rows, in place until the next call.
    void compute(MatrixView queries, bool with_twice_mapped);
    Query query(std::size_t i) const;

private:
    struct Product {
        std::vector<float> rows, values;  // rows of the queries; values for each of them
        std::vector<FilterNumbers> numbers;
    };
    void multiply(const FilterRows& training, Product& product) const;
    FilterDistances distances(const FilterRows& training, const Product& product, std::size_t i) const;

    const PreparedSet* training_;
    MatrixView queries_;
    bool with_twice_mapped_ = false;
    std::vector<Embedding> embeddings_;
    Product mapped_, twice_mapped_;
};

// Calls worker(query, row) for every row of queries, in parallel over chunks of them: compute(block, chunk) prepares
// what block.query tells of each. make_block() and make_worker(thread) make one of each for every thread, at its first
// chunk, so that work spaces are reused.
template <class MakeBlock, class Compute, class MakeWorker>
void for_each_in_blocks(MatrixView queries, const Chunk& chunk, const Execution& execution, MakeBlock make_block,
                        Compute compute, MakeWorker make_worker) {
    using Block = decltype(make_block());
    using Worker = decltype(make_worker(0));
    struct State {
        Block block;
        Worker worker;
    };
    // no more threads than queries get any
    std::vector<std::unique_ptr<State>> states(
        std::min(queries.rows(), static_cast<std::size_t>(std::max(execution.num_threads, 1))));
    parallel_for(queries.rows(), chunk, execution, [&](std::size_t first, std::size_t last, int thread) {
        auto& state = states[static_cast<std::size_t>(thread)];
        if (!state) state.reset(new State{make_block(), make_worker(thread)});
        compute(state->block, queries.slice(first, last));
        for (std::size_t i = first; i < last; ++i) {
            checkpoint();
            state->worker(state->block.query(i - first), i);
        }
    });
}

// The same with products of all training points.
template <class MakeWorker>
void for_each_query(const PreparedSet& training, MatrixView queries, const Execution& execution, bool with_twice_mapped,
                    MakeWorker make_worker) {
    for_each_in_blocks(
        queries, Chunk(QueryBlock::block_size(training), QueryBlock::smallest_block), execution,
        [&] { return QueryBlock(training); },
        [=](QueryBlock& block, MatrixView some) { block.compute(some, with_twice_mapped); }, make_worker);
}

}  // namespace robust_metric
