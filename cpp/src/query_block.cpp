#include "robust_metric/query_block.hpp"

#include <stdexcept>
#include <string>

#include "robust_metric/blas.hpp"
#include "robust_metric/kernels.hpp"

namespace robust_metric {

namespace {

// training points of one product, so that Ctrl-C need not wait for all of a large set
constexpr std::size_t tile = 8192;

}  // namespace

void QueryBlock::compute(MatrixView queries, bool with_twice_mapped) {
    const std::size_t d = training_->dimension(), r = training_->metric().rank(), count = queries.rows();
    queries_ = queries;
    with_twice_mapped_ = with_twice_mapped;
    centred_.resize(d);
    mapped_.resize(count * r);
    twice_mapped_.resize(count * d);
    extents_.resize(count);
    for (std::size_t i = 0; i < count; ++i)
        extents_[i] =
            training_->embed(queries.row(i), centred_.data(), mapped_.data() + i * r, twice_mapped_.data() + i * d);
    distances(mapped_, training_->mapped(), training_->mapped_norms(), distances_);
    if (with_twice_mapped && !training_->metric().is_identity())
        distances(twice_mapped_, training_->twice_mapped(), training_->twice_mapped_norms(), twice_mapped_distances_);
}

void QueryBlock::distances(const std::vector<double>& rows, MatrixView against, const std::vector<double>& norms,
                           std::vector<double>& out) {
    const std::size_t count = queries_.rows(), n = training_->size(), width = against.cols();
    out.resize(count * n);
    for (std::size_t first = 0; first < n; first += tile) {
        const std::size_t last = std::min(n, first + tile);
        blas::gemm_nt(-2.0, {rows.data(), count, width}, against.slice(first, last), 0.0,
                      {out.data() + first, count, last - first, n});
        checkpoint();
    }
    for (std::size_t i = 0; i < count; ++i) {
        const double* row = rows.data() + i * width;
        const double own = kernels().dot(row, row, width);
        double* result = out.data() + i * n;
        for (std::size_t j = 0; j < n; ++j) result[j] = (result[j] + own) + norms[j];
    }
}

Query QueryBlock::query(std::size_t i) const {
    const std::size_t d = training_->dimension(), n = training_->size();
    const double* distances = distances_.data() + i * n;
    const double* twice = !with_twice_mapped_                 ? nullptr
                          : training_->metric().is_identity() ? distances
                                                              : twice_mapped_distances_.data() + i * n;
    return {queries_.row(i),
            mapped_.data() + i * training_->metric().rank(),
            twice_mapped_.data() + i * d,
            extents_[i],
            distances,
            twice};
}

void check_request(const TrainingSet& training, MatrixView queries, std::size_t k,
                   std::span<const std::int32_t> truth) {
    if (queries.cols() != training.dimension())
        throw std::invalid_argument("queries must have " + std::to_string(training.dimension()) +
                                    " columns, one per feature, got " + std::to_string(queries.cols()));
    if (k < 1 || k > training.size())
        throw std::invalid_argument("k must be from 1 to the number of training points, " +
                                    std::to_string(training.size()) + ", got " + std::to_string(k));
    if (!truth.empty() && truth.size() != queries.rows())
        throw std::invalid_argument("truth must have one label per query, got " + std::to_string(truth.size()) +
                                    " for " + std::to_string(queries.rows()));
}

}  // namespace robust_metric
