#include "data/query_block.hpp"

#include <string>

#include "base/blas.hpp"
#include "base/kernels.hpp"

namespace robust_metric {

namespace {

// training points of one product, so that Ctrl-C need not wait for all of a large set
constexpr std::size_t tile = 8192;

// up to this many queries the product costs less row by row than what a matrix product would spend on packing
constexpr std::size_t few_queries = 3;

}  // namespace

FilterNumbers describe(const PreparedSet& training, const Embedding& z, float* row) {
    const FilterRows& rows = training.mapped();
    FilterNumbers numbers = rows.describe(z.mapped_row().data(), rounding::up(std::sqrt(z.extent)), row);
    if (z.far != 0) numbers.blur = rounding::float_up(numbers.blur + rows.blur_without_squares());
    return numbers;
}

void QueryBlock::compute(MatrixView queries, bool with_twice_mapped) {
    const PreparedSet& t = *training_;
    const std::size_t d = t.dimension(), r = t.metric().rank(), count = queries.rows();
    queries_ = queries;
    with_twice_mapped_ = with_twice_mapped && !t.has_one_map();
    embeddings_.resize(std::max(embeddings_.size(), count));
    mapped_.rows.resize(count * r);
    mapped_.numbers.resize(count);
    if (with_twice_mapped_) {
        twice_mapped_.rows.resize(count * d);
        twice_mapped_.numbers.resize(count);
    }
    t.embed(queries, std::span(embeddings_).first(count));
    for (std::size_t i = 0; i < count; ++i) {
        const Embedding& z = embeddings_[i];
        const double length = rounding::up(std::sqrt(z.extent));
        mapped_.numbers[i] = describe(t, z, mapped_.rows.data() + i * r);
        if (with_twice_mapped_)
            twice_mapped_.numbers[i] =
                t.twice_mapped().describe(z.twice_mapped_row().data(), length, twice_mapped_.rows.data() + i * d);
    }
    multiply(t.mapped(), mapped_);
    if (with_twice_mapped_) multiply(t.twice_mapped(), twice_mapped_);
}

void QueryBlock::multiply(const FilterRows& training, Product& product) const {
    const std::size_t count = queries_.rows(), n = training_->size(), width = training.rows().cols();
    product.values.resize(count * n);
    for (std::size_t first = 0; first < n; first += tile) {
        const std::size_t last = std::min(n, first + tile);
        if (count <= few_queries) {
            for (std::size_t x = first; x < last; ++x)
                for (std::size_t i = 0; i < count; ++i)
                    product.values[i * n + x] =
                        training.norms()[x] -
                        2.0f * kernels().dot_single(product.rows.data() + i * width, training.row(x), width);
        } else {
            for (std::size_t i = 0; i < count; ++i)
                std::copy(training.norms() + first, training.norms() + last, product.values.data() + i * n + first);
            blas::gemm_nt(-2.0f, {product.rows.data(), count, width}, training.rows().slice(first, last), 1.0f,
                          {product.values.data() + first, count, last - first, n});
        }
        checkpoint();
    }
}

FilterDistances QueryBlock::distances(const FilterRows& training, const Product& product, std::size_t i) const {
    return {&training, product.values.data() + i * training_->size(), product.numbers[i]};
}

Query QueryBlock::query(std::size_t i) const {
    const FilterDistances mapped = distances(training_->mapped(), mapped_, i);
    return {queries_.row(i), &embeddings_[i], mapped,
            with_twice_mapped_ ? distances(training_->twice_mapped(), twice_mapped_, i) : mapped};
}

}  // namespace robust_metric
