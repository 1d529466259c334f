#include "attack/moving_query.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

namespace {

// rows that one product maps: bits must not depend on the number of threads, so it is fixed
constexpr std::size_t rows_per_block = 256;

}  // namespace

MappedRows::MappedRows(const PreparedSet& training, const Execution& execution)
    : training_(&training), width_(training.metric().rank()), center_(training.dimension(), 0.0) {
    const std::size_t n = training.size(), d = training.dimension();
    std::vector<double> scratch(d);
    for (std::size_t i = 0; i < n; ++i)
        kernels().axpy(1.0 / static_cast<double>(n), training.points().row(i, scratch.data()), center_.data(), d);
    rows_.resize(n * width_);
    parallel_for(n, rows_per_block, execution, [&](std::size_t first, std::size_t last, int) {
        const bool identity = training.metric().is_identity();
        std::vector<double> stored(d), centred(identity ? 0 : (last - first) * d);
        double* out = identity ? rows_.data() + first * width_ : centred.data();
        for (std::size_t i = first; i < last; ++i)
            centre(training.points().row(i, stored.data()), out + (i - first) * d);
        if (identity) return;
        blas::gemm_nt(1.0, {centred.data(), last - first, d}, training.metric().scaled_components(), 0.0,
                      {rows_.data() + first * width_, last - first, width_});
    });
}

void MappedRows::centre(const double* point, double* out) const {
    for (std::size_t j = 0; j < center_.size(); ++j) out[j] = std::ldexp(point[j] - center_[j], -training_->exponent());
}

void MappedRows::map(const double* point, std::vector<double>& out) const {
    std::vector<double> centred(center_.size());
    centre(point, centred.data());
    map_step(centred, out);
}

void MappedRows::map_step(std::span<const double> step, std::vector<double>& out) const {
    out.resize(width_);
    if (training_->metric().is_identity())
        std::copy(step.begin(), step.end(), out.begin());
    else
        multiply(training_->metric().scaled_components(), step.data(), out.data());
}

void MappedRows::normal(std::size_t a, std::size_t b, std::vector<double>& out) const {
    const bool identity = training_->metric().is_identity();
    std::vector<double> difference(width_);
    for (std::size_t j = 0; j < width_; ++j) difference[j] = row(a)[j] - row(b)[j];
    if (identity)
        out = std::move(difference);
    else
        multiply_transposed(training_->metric().scaled_components(), difference.data(), out.data());
}

void MovingQuery::start(const double* point, int label) {
    const PreparedSet& t = rows_->training();
    rows_->map(point, start_);
    at_ = start_;
    moved_ = 0.0;
    start_distance_.resize(t.size());
    own_.clear();
    others_.clear();
    for (std::size_t i = 0; i < t.size(); ++i) {
        start_distance_[i] = distance(i);
        (t.label(i) == label ? own_ : others_).push_back(i);
    }
    const auto nearer = [this](std::size_t a, std::size_t b) {
        return start_distance_[a] != start_distance_[b] ? start_distance_[a] < start_distance_[b] : a < b;
    };
    std::sort(own_.begin(), own_.end(), nearer);
    std::sort(others_.begin(), others_.end(), nearer);
    of_class_.assign(static_cast<std::size_t>(t.classes()), {});
    for (const std::size_t other : others_) of_class_[static_cast<std::size_t>(t.label(other))].push_back(other);
}

void MovingQuery::move(std::span<const double> step) {
    rows_->map_step(step, at_);
    moved_ = std::sqrt(kernels().dot(at_.data(), at_.data(), at_.size()));
    for (std::size_t j = 0; j < at_.size(); ++j) at_[j] += start_[j];
}

void MovingQuery::move_halfway_to(std::size_t position) {
    const double* target = rows_->row(position);
    for (std::size_t j = 0; j < at_.size(); ++j) at_[j] = 0.5 * (start_[j] + target[j]);
    moved_ = 0.5 * std::sqrt(start_distance_[position]);
}

double MovingQuery::distance(std::size_t position) const {
    return kernels().squared_distance(at_.data(), rows_->row(position), at_.size());
}

// A list ends where the triangle inequality says that nothing nearer follows.
auto MovingQuery::nearest(const Positions& sorted, std::size_t count) const -> Positions {
    std::vector<std::pair<double, std::size_t>> heap;
    for (const std::size_t x : sorted) {
        if (count == 0) break;
        const bool full = heap.size() == count;
        if (full && std::sqrt(start_distance_[x]) - moved_ > std::sqrt(heap.front().first)) break;
        const std::pair<double, std::size_t> entry(distance(x), x);
        if (full && !(entry < heap.front())) continue;
        if (full) {
            std::pop_heap(heap.begin(), heap.end());
            heap.pop_back();
        }
        heap.push_back(entry);
        std::push_heap(heap.begin(), heap.end());
    }
    std::sort_heap(heap.begin(), heap.end());
    Positions result;
    for (const auto& entry : heap) result.push_back(entry.second);
    return result;
}

auto MovingQuery::nearest_outside(const Positions& sorted, std::span<const std::size_t> excluded, int skipped) const
    -> Nearest {
    Nearest closest{none, rounding::infinity};
    for (const std::size_t x : sorted) {
        if (std::sqrt(start_distance_[x]) - moved_ > std::sqrt(closest.distance)) break;
        if (rows_->training().label(x) == skipped || contains(excluded, x)) continue;
        const double value = distance(x);
        if (value < closest.distance) closest = {x, value};
    }
    return closest;
}

}  // namespace robust_metric
