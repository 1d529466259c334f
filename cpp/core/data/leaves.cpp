#include "data/leaves.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>
#include <queue>
#include <stdexcept>
#include <string>
#include <utility>

namespace robust_metric {

namespace {

// fewer points are multiplied with a query before leaves could be found
constexpr std::size_t fewest = 512;

// longer rows are better served by a matrix product, and by sketches
constexpr std::size_t longest = 320;

// boxes tell little in more dimensions
constexpr std::size_t most_dimensions = 16;

// of the points of a range, for the dimension of largest variance
constexpr std::size_t sample_size = 256;

// of sound rows
constexpr float largest_norm = 0x1p20f;
constexpr std::size_t longest_sound = 1024;

constexpr float infinite = std::numeric_limits<float>::infinity();

// A row, i.e. a dimension, in which the points of a range differ most; judged by a sample.
std::size_t widest_dimension(const FilterRows& rows, std::size_t count, auto index_of) {
    const std::size_t width = rows.rows().cols(), taken = std::min(count, sample_size);
    std::vector<double> sums(width, 0.0), squares(width, 0.0);
    for (std::size_t i = 0; i < taken; ++i) {
        const float* row = rows.row(index_of(i * count / taken));
        for (std::size_t j = 0; j < width; ++j) {
            const double value = row[j];
            sums[j] += value;
            squares[j] += value * value;
        }
    }
    std::size_t widest = 0;
    double largest = -1.0;
    for (std::size_t j = 0; j < width; ++j) {
        const double variance = squares[j] - sums[j] * sums[j] / static_cast<double>(taken);
        if (variance > largest) {
            largest = variance;
            widest = j;
        }
    }
    return widest;
}

// Where a range is cut: the left part is full, a power of two of leaves, so that groups of eight are parts of the tree.
std::size_t cut(std::size_t count) {
    const std::size_t leaves = (count + leaf_points - 1) / leaf_points;
    return std::bit_ceil(leaves) / 2 * leaf_points;
}

}  // namespace

auto Leaves::forced() -> Kind {
    const char* name = std::getenv("ROBUST_METRIC_LEAVES");
    const std::string kind = name ? name : "";
    if (kind.empty()) return Kind::best;
    if (kind == "none") return Kind::none;
    if (kind == "scan") return Kind::scan;
    if (kind == "tree") return Kind::tree;
    if (kind == "cascade") return Kind::cascade;
    throw std::invalid_argument("ROBUST_METRIC_LEAVES must be none, scan, tree or cascade, got '" + kind + "'");
}

bool Leaves::are_sound(const FilterRows& rows) {
    const std::size_t n = rows.rows().rows();
    if (rows.rows().cols() > longest_sound) return false;
    for (std::size_t i = 0; i < n; ++i)
        if (!(rows.norms()[i] <= largest_norm) || !(rows.blurs()[i] <= largest_norm)) return false;
    return true;
}

bool Leaves::are_even(const FilterRows& rows) {
    std::vector<float> blurs(rows.blurs(), rows.blurs() + rows.rows().rows());
    const auto middle = blurs.begin() + static_cast<std::ptrdiff_t>(blurs.size() / 2);
    std::nth_element(blurs.begin(), middle, blurs.end());
    return *std::max_element(middle, blurs.end()) <= 16.0f * *middle;
}

Leaves::Leaves(const FilterRows& rows, std::span<const std::int32_t> labels, const Execution& execution, Kind kind)
    : width_(rows.rows().cols()), forced_(kind == Kind::scan || kind == Kind::tree) {
    const bool pays = rows.rows().rows() >= fewest && width_ <= longest && are_even(rows);
    if (kind == Kind::none || kind == Kind::cascade || (kind == Kind::best && !pays)) return;
    if (width_ == 0 || !are_sound(rows)) return;
    sort(rows, execution);
    fill(rows, labels, execution);
    for (std::size_t i = 0; i < size(); ++i) error_ = std::max(error_, rows.error(i));
    if (kind == Kind::scan || (kind == Kind::best && width_ > most_dimensions)) return;
    make_boxes();
    if (kind == Kind::best && !boxes_pay(rows)) boxes_ = {};
}

void Leaves::sort(const FilterRows& rows, const Execution& execution) {
    const std::size_t n = rows.rows().rows();
    std::vector<Keyed> points(n);
    for (std::size_t i = 0; i < n; ++i) points[i].index = static_cast<std::uint32_t>(i);
    // the first few cuts one after the other, their parts in parallel: the same cuts whatever the threads
    std::vector<std::span<Keyed>> parts{points};
    const std::size_t largest = std::max(n / 16, leaf_points);
    for (std::size_t i = 0; i < parts.size();) {
        if (parts[i].size() <= largest) {
            ++i;
            continue;
        }
        parallel_for(1, 1, execution, [&](std::size_t, std::size_t, int) {
            const std::span<Keyed> part = parts[i];
            const std::size_t middle = divide(rows, part);
            parts[i] = part.first(middle);
            parts.push_back(part.subspan(middle));
        });
    }
    parallel_for(parts.size(), 1, execution, [&](std::size_t first, std::size_t, int) { split(rows, parts[first]); });
    index_.resize(n);
    for (std::size_t i = 0; i < n; ++i) index_[i] = points[i].index;
}

// Sorts the points on either side of the cut; returns where it is.
std::size_t Leaves::divide(const FilterRows& rows, std::span<Keyed> points) {
    const std::size_t middle = cut(points.size());
    const std::size_t j = widest_dimension(rows, points.size(), [&](std::size_t i) { return points[i].index; });
    for (Keyed& point : points) point.key = rows.row(point.index)[j];
    std::nth_element(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(middle), points.end(),
                     [](const Keyed& a, const Keyed& b) { return a.key != b.key ? a.key < b.key : a.index < b.index; });
    return middle;
}

void Leaves::split(const FilterRows& rows, std::span<Keyed> points) {
    if (points.size() <= leaf_points) return;
    checkpoint();
    const std::size_t middle = divide(rows, points);
    split(rows, points.first(middle));
    split(rows, points.subspan(middle));
}

void Leaves::fill(const FilterRows& rows, std::span<const std::int32_t> labels, const Execution& execution) {
    const std::size_t leaves = (size() + leaf_points - 1) / leaf_points;
    coordinates_.resize(leaves * width_ * leaf_points);
    norms_.assign(leaves * leaf_points, infinite);
    blurs_.assign(leaves, 0.0f);
    labels_.resize(size());
    parallel_for(leaves, 64, execution, [&](std::size_t first, std::size_t last, int) {
        for (std::size_t leaf = first; leaf < last; ++leaf) {
            const std::size_t begin = leaf * leaf_points, count = std::min(leaf_points, size() - begin);
            float* out = coordinates_.data() + leaf * width_ * leaf_points;
            for (std::size_t k = 0; k < count; ++k) {
                const std::uint32_t i = index_[begin + k];
                for (std::size_t j = 0; j < width_; ++j) out[j * leaf_points + k] = rows.row(i)[j];
                norms_[begin + k] = rows.norms()[i];
                blurs_[leaf] = std::max(blurs_[leaf], rows.blurs()[i]);
                labels_[begin + k] = labels[i];
            }
        }
    });
}

void Leaves::make_boxes() {
    std::vector<float> lower(count() * width_, infinite), upper(count() * width_, -infinite);
    for (std::size_t place = 0; place < size(); ++place) {
        const std::size_t leaf = place / leaf_points;
        for (std::size_t j = 0; j < width_; ++j) {
            const float value = coordinates(leaf)[j * leaf_points + place % leaf_points];
            float &low = lower[leaf * width_ + j], &high = upper[leaf * width_ + j];
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    std::size_t first_node = 0;
    for (std::size_t nodes = count();;) {
        const std::size_t groups = (nodes + children - 1) / children, begin = boxes_.size();
        boxes_.resize(begin + groups * 2 * children * width_, infinite);
        std::vector<float> group_lower(groups * width_, infinite), group_upper(groups * width_, -infinite);
        for (std::size_t g = 0; g < groups; ++g) {
            first_child_.push_back(static_cast<std::uint32_t>(first_node + g * children));
            child_count_.push_back(static_cast<std::uint8_t>(std::min(children, nodes - g * children)));
        }
        for (std::size_t node = 0; node < nodes; ++node)
            for (std::size_t j = 0; j < width_; ++j) {
                const std::size_t g = node / children;
                float* box = boxes_.data() + begin + g * 2 * children * width_ + j * children + node % children;
                box[0] = lower[node * width_ + j];
                box[children * width_] = upper[node * width_ + j];
                group_lower[g * width_ + j] = std::min(group_lower[g * width_ + j], box[0]);
                group_upper[g * width_ + j] = std::max(group_upper[g * width_ + j], box[children * width_]);
            }
        first_node += nodes;
        if (groups == 1) return;
        lower = std::move(group_lower);
        upper = std::move(group_upper);
        nodes = groups;
    }
}

// A probe: the share of leaves that some training points look into for their nearest ones.
bool Leaves::boxes_pay(const FilterRows& rows) const {
    constexpr std::size_t probes = 24, nearest = 11;
    std::size_t opened = 0;
    for (std::size_t p = 0; p < probes; ++p) {
        const std::size_t i = p * size() / probes;
        std::vector<float> factors(width_);
        for (std::size_t j = 0; j < width_; ++j) factors[j] = -2.0f * rows.row(i)[j];
        std::priority_queue<float> best;
        std::priority_queue<std::pair<float, std::size_t>, std::vector<std::pair<float, std::size_t>>, std::greater<>>
            nodes;
        nodes.emplace(0.0f, root());
        while (!nodes.empty() && (best.size() < nearest || nodes.top().first <= best.top() + rows.norms()[i])) {
            const std::size_t node = nodes.top().second;
            nodes.pop();
            if (node < count()) {
                ++opened;
                float values[leaf_points];
                kernels().leaf_values(coordinates(node), norms(node), width_, factors.data(), values);
                for (const float value : values) {
                    best.push(value);
                    if (best.size() > nearest) best.pop();
                }
                continue;
            }
            float distances[children];
            box_distances(node, rows.row(i), distances);
            for (std::size_t c = 0; c < child_count(node); ++c) nodes.emplace(distances[c], first_child(node) + c);
        }
    }
    return static_cast<double>(opened) < 0.15 * static_cast<double>(probes * count());
}

}  // namespace robust_metric
