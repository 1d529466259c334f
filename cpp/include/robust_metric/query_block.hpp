// A block of queries against all training points: one matrix product each for the filter's distances.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "robust_metric/parallel.hpp"
#include "robust_metric/training_set.hpp"

namespace robust_metric {

// One query of a block as the searches see it; all arrays by position.
struct Query {
    const double* point;                   // the caller's coordinates
    const double* mapped;                  // L̂ẑ
    const double* twice_mapped;            // L̂ᵀL̂ẑ
    double extent;                         // upper bound of ‖ẑ‖²
    const double* distances;               // computed scaled d(z, x), see TrainingSet::distance_interval
    const double* twice_mapped_distances;  // computed ‖M(z - x)‖²; null unless asked for
};

class QueryBlock {
public:
    // Queries handled together: the matrix product packs the training set once a block, so as many as
    // 64 where 32 MB a thread allow it.
    static std::size_t block_size(const TrainingSet& training) {
        return std::clamp<std::size_t>((std::size_t{1} << 22) / training.size(), 4, 64);
    }

    explicit QueryBlock(const TrainingSet& training) : training_(&training) {}

    // queries: at most block_size rows, in place until the next call.
    void compute(MatrixView queries, bool with_twice_mapped);
    Query query(std::size_t i) const;

private:
    void distances(const std::vector<double>& rows, MatrixView against, const std::vector<double>& norms,
                   std::vector<double>& out);

    const TrainingSet* training_;
    MatrixView queries_;
    bool with_twice_mapped_ = false;
    std::vector<double> centred_, mapped_, twice_mapped_, extents_, distances_, twice_mapped_distances_;
};

// Throws std::invalid_argument where queries have another dimension than the training points, k is not in
// [1, n], or truth is neither empty nor one label a query.
void check_request(const TrainingSet& training, MatrixView queries, std::size_t k,
                   std::span<const std::int32_t> truth = {});

// Calls worker(query, row) for every row of queries, in parallel over blocks; make_worker(thread) makes one worker
// for each thread, at its first block, so that work spaces are reused.
template <class MakeWorker>
void for_each_query(const TrainingSet& training, MatrixView queries, const Execution& execution, bool with_twice_mapped,
                    MakeWorker make_worker) {
    using Worker = decltype(make_worker(0));
    struct State {
        QueryBlock block;
        Worker worker;
    };
    std::vector<std::unique_ptr<State>> states(static_cast<std::size_t>(std::max(execution.num_threads, 1)));
    // small batches are cut finer, so that every thread has work
    const std::size_t share = queries.rows() / states.size() + 1;
    const std::size_t chunk = std::min(QueryBlock::block_size(training), share);
    parallel_for(queries.rows(), chunk, execution, [&](std::size_t first, std::size_t last, int thread) {
        auto& state = states[static_cast<std::size_t>(thread)];
        if (!state) state.reset(new State{QueryBlock(training), make_worker(thread)});
        state->block.compute(queries.slice(first, last), with_twice_mapped);
        for (std::size_t i = first; i < last; ++i) {
            checkpoint();
            state->worker(state->block.query(i - first), i);
        }
    });
}

}  // namespace robust_metric
