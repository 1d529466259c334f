// Points as the pair kernels want them: eight together, coordinate by coordinate, and lists of rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "base/kernels.hpp"
#include "base/rounding.hpp"
#include "data/filter_rows.hpp"
#include "data/leaf_query.hpp"

namespace robust_metric {

// what the kernels want of a row's error
inline float extra_of(const FilterRows& rows, std::size_t index) {
    const double error = rows.error(index);
    return rounding::float_up(error * error * 0x1p14 + 0x1p-100);
}

// 4 b² for the kernels, of a bound b >= 0: rounded down and up
inline float four_squares_below(double bound) {
    return std::max(rounding::float_down(4.0 * bound * bound * (1.0 - 0x1p-40)), 0.0f);
}
inline float four_squares_above(double bound) { return rounding::float_up(rounding::up(4.0 * bound * bound)); }

// Brings a row near, or the beginning of a long one, whose rest then follows by itself.
inline void prefetch_row(const float* row, std::size_t width) {
    constexpr std::size_t line = 16, most = 9 * line;
    for (std::size_t j = 0; j < std::min(width + line, most); j += line) __builtin_prefetch(row + j);
}

class PairPack {
public:
    static constexpr std::size_t size = 8;

    // points: at most eight, in place of others one that no pair kernel finds anything for. end: of S for a point.
    template <class End>
    void fill(const FilterRows& rows, std::span<const LeafQuery::Found> points, float none, End end) {
        width_ = rows.rows().cols();
        coordinates_.resize(size * width_);
        for (std::size_t k = 0; k < size; ++k) {
            const LeafQuery::Found& point = points[k < points.size() ? k : 0];
            const float* row = rows.row(point.index);
            for (std::size_t j = 0; j < width_; ++j) coordinates_[size * j + k] = row[j];
            values_[k] = k < points.size() ? end(point) : none;
            extra_[k] = extra_of(rows, point.index);
        }
    }
    LeafPack view() const { return {coordinates_.data(), values_, extra_, width_}; }
    // the points mirrored in a coordinate
    void mirror(std::size_t coordinate) {
        for (std::size_t k = 0; k < size; ++k) coordinates_[size * coordinate + k] *= -1.0f;
    }

private:
    std::vector<float> coordinates_;
    float values_[size] = {}, extra_[size] = {};
    std::size_t width_ = 0;
};

class PairList {
public:
    void clear() {
        rows_.clear();
        values_.clear();
        extra_.clear();
    }
    std::size_t size() const { return rows_.size(); }
    void push(const FilterRows& rows, std::size_t index, float value) {
        rows_.push_back(rows.row(index));
        values_.push_back(value);
        extra_.push_back(extra_of(rows, index));
        prefetch_row(rows_.back(), rows.rows().cols());
    }
    // keeps the i-th as number `to`
    void move(std::size_t i, std::size_t to) {
        rows_[to] = rows_[i];
        values_[to] = values_[i];
        extra_[to] = extra_[i];
    }
    LeafRows view(std::size_t first, std::size_t count) const {
        return {rows_.data() + first, values_.data() + first, extra_.data() + first, count};
    }

private:
    std::vector<const float*> rows_;
    std::vector<float> values_, extra_;
};

}  // namespace robust_metric
