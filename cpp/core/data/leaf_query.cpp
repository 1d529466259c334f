#include "data/leaf_query.hpp"

#include <cmath>
#include <limits>

namespace robust_metric {

void LeafQuery::start(const double* point, const Embedding& embedding, const FilterNumbers& numbers, const float* row,
                      const float* minima, const float* values) {
    stored_ = values;
    point_ = point;
    embedding_ = &embedding;
    numbers_ = numbers;
    row_ = row;
    squared_norm_ = training_->squared_norm(embedding);
    reach_ = rounding::float_up(2.0 * numbers.blur);
    last_limit_ = -rounding::infinity;
    last_key_limit_ = -std::numeric_limits<float>::infinity();
    slots_.clear();
    heap_.clear();
    factors_.resize(leaves_->width());
    for (std::size_t j = 0; j < factors_.size(); ++j) factors_[j] = -2.0f * row[j];
    if (leaves_->has_boxes()) {
        heap_.push_back({0.0f, static_cast<std::uint32_t>(leaves_->root())});
        return;
    }
    heap_.resize(leaves_->count());
    for (std::size_t leaf = 0; leaf < heap_.size(); ++leaf)
        heap_[leaf] = {minima[leaf] - error_of(leaf), static_cast<std::uint32_t>(leaf)};
    std::make_heap(heap_.begin(), heap_.end(), later);
}

// What the key of a node that holds a point with S <= limit cannot exceed.
float LeafQuery::key_limit(double limit) {
    if (limit == last_limit_) return last_key_limit_;
    double key = limit;
    if (leaves_->has_boxes()) {
        // ‖a - b‖ <= ‖ã - b̃‖ + the errors of both; the distance as computed has width + 3 roundings
        const double distance = std::sqrt(rounding::up(std::max(limit + squared_norm_.upper, 0.0))) + leaves_->error() +
                                static_cast<double>(numbers_.error);
        key = rounding::up(distance * distance) * (1.0 + static_cast<double>(leaves_->width() + 8) * 0x1p-24);
    }
    last_limit_ = limit;
    last_key_limit_ = rounding::float_up(key);
    return last_key_limit_;
}

bool LeafQuery::open_next(double limit) {
    const float highest = key_limit(limit);
    while (!heap_.empty() && heap_.front().key <= highest) {
        const std::size_t node = heap_.front().node;
        std::pop_heap(heap_.begin(), heap_.end(), later);
        heap_.pop_back();
        if (node < leaves_->count()) {
            open(node);
            return true;
        }
        const std::size_t before = heap_.size();
        expand(node);
        for (std::size_t i = before; i < heap_.size(); ++i)
            std::push_heap(heap_.begin(), heap_.begin() + static_cast<std::ptrdiff_t>(i) + 1, later);
    }
    return false;
}

void LeafQuery::open_all(double limit) {
    const float highest = key_limit(limit);
    if (heap_.empty() || !(heap_.front().key <= highest)) return;
    // not in order: what is inside is taken out, what is not stays
    std::size_t kept = 0;
    std::size_t next = 0;
    while (next < heap_.size()) {  // grows
        const Node node = heap_[next++];
        if (!(node.key <= highest))
            heap_[kept++] = node;
        else if (node.node < leaves_->count())
            open(node.node);
        else
            expand(node.node);
    }
    heap_.resize(kept);
    std::make_heap(heap_.begin(), heap_.end(), later);
}

void LeafQuery::expand(std::size_t group) {
    float distances[Leaves::children];
    leaves_->box_distances(group, row_, distances);
    const std::size_t first = leaves_->first_child(group);
    for (std::size_t c = 0; c < leaves_->child_count(group); ++c)
        heap_.push_back({distances[c], static_cast<std::uint32_t>(first + c)});
}

void LeafQuery::open(std::size_t leaf) {
    const std::size_t begin = slots_.size() * leaf_points;
    slots_.push_back({static_cast<std::uint32_t>(leaf), 0.0f, error_of(leaf)});
    if (!stored_) {
        if (values_.size() < begin + leaf_points) values_.resize(2 * begin + 16 * leaf_points);
        kernels().leaf_values(leaves_->coordinates(leaf), leaves_->norms(leaf), leaves_->width(), factors_.data(),
                              values_.data() + begin);
    }
    slots_.back().minimum = kernels().leaf_minimum(values_of(slots_.size() - 1));
}

void LeafBlock::compute(MatrixView queries) {
    const PreparedSet& t = *training_;
    const std::size_t r = t.metric().rank(), count = queries.rows();
    queries_ = queries;
    embeddings_.resize(std::max(embeddings_.size(), count));
    numbers_.resize(count);
    rows_.resize(count * r);
    t.embed_mapped(queries, std::span(embeddings_).first(count));  // of gradients nothing is asked
    for (std::size_t i = 0; i < count; ++i) numbers_[i] = describe(t, embeddings_[i], rows_.data() + i * r);
    if (!t.leaves().has_boxes()) pass_.compute(t.leaves(), {rows_.data(), count, r});
}

LeafQuery* LeafBlock::query(std::size_t i) {
    // leaves are found by distances, which the embedding of a far query knows nothing of
    const bool near = embeddings_[i].far == 0 && numbers_[i].blur < std::numeric_limits<float>::infinity();
    if (!near) return nullptr;
    const bool by_pass = !training_->leaves().has_boxes();
    query_.start(queries_.row(i), embeddings_[i], numbers_[i], rows_.data() + i * training_->leaves().width(),
                 by_pass ? pass_.minima(i) : nullptr, by_pass ? pass_.values(i) : nullptr);
    return &query_;
}

const std::vector<std::size_t>& QueriesApart::collect() {
    for (std::size_t row = 0; row < apart_.size(); ++row) {
        if (!apart_[row]) continue;
        rows_.push_back(row);
        points_.insert(points_.end(), all_.row(row), all_.row(row) + all_.cols());
    }
    return rows_;
}

}  // namespace robust_metric
