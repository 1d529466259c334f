#include "data/cascade_query.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

namespace {

constexpr float unknown = std::numeric_limits<float>::quiet_NaN();

}  // namespace

CascadeQuery::CascadeQuery(const PreparedSet& training)
    : training_(&training), codes_(training, training.cascade().leaves()), known_(training.size(), unknown) {}

void CascadeQuery::start(const double* point, const Embedding& embedding, const FilterNumbers& numbers,
                         const float* row, const Codes::Code& code, const float* minima, const float* values) {
    codes_.start(point, embedding, code.first, code.first_row(), minima, values);
    numbers_ = numbers;
    row_ = row;
    code_ = &code;
    for (const std::uint32_t index : asked_) known_[index] = unknown;
    asked_.clear();
}

float CascadeQuery::lower_by_second_code(std::size_t index) const {
    const FilterRows& rows = training_->cascade().codes().second();
    const double square = kernels().squared_distance_single(rows.row(index), code_->second_row(), rows.rows().cols());
    const double length = std::sqrt(square) * (1.0 - static_cast<double>(rows.rows().cols() + 8) * 0x1p-24);
    const double distance = rounding::down(std::max(length - second_errors(), 0.0));
    return rounding::float_down(rounding::down(distance * distance) - squared_norm().upper);
}

auto CascadeQuery::in_full(const Found& coarse) -> Found {
    const FilterRows& rows = training_->mapped();
    float& value = known_[coarse.index];
    if (!knows(coarse.index)) {
        value =
            rows.norms()[coarse.index] - 2.0f * kernels().dot_single(rows.row(coarse.index), row_, rows.rows().cols());
        asked_.push_back(coarse.index);
    }
    return {value, filter_error(rows.blurs()[coarse.index], numbers_.blur), coarse.index, coarse.label};
}

void CascadeBlock::compute(MatrixView queries) {
    const PreparedSet& t = *training_;
    const Codes& codes = t.cascade().codes();
    const std::size_t r = t.metric().rank(), count = queries.rows(), width = codes.first().rows().cols();
    queries_ = queries;
    embeddings_.resize(std::max(embeddings_.size(), count));
    codes_.resize(std::max(codes_.size(), count));
    numbers_.resize(count);
    rows_.resize(count * r);
    code_rows_.resize(count * width);
    t.embed_mapped(queries, std::span(embeddings_).first(count));
    for (std::size_t i = 0; i < count; ++i) numbers_[i] = describe(t, embeddings_[i], rows_.data() + i * r);
    codes.encode({rows_.data(), count, r}, numbers_, std::span(codes_).first(count));
    for (std::size_t i = 0; i < count; ++i) std::copy_n(codes_[i].first_row(), width, code_rows_.data() + i * width);
    pass_.compute(t.cascade().leaves(), {code_rows_.data(), count, width});
}

CascadeQuery* CascadeBlock::query(std::size_t i) {
    const float largest = std::max({numbers_[i].blur, codes_[i].first.blur, codes_[i].second.blur});
    if (embeddings_[i].far != 0 || !(largest < std::numeric_limits<float>::infinity())) return nullptr;
    query_.start(queries_.row(i), embeddings_[i], numbers_[i], rows_.data() + i * training_->metric().rank(), codes_[i],
                 pass_.minima(i), pass_.values(i));
    return &query_;
}

}  // namespace robust_metric
