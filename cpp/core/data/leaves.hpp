// The filter's mapped rows again, sorted so that near points lie together: in leaves of 64, coordinate by coordinate,
// with the boxes that hold them. A query need only look at leaves that may hold what it asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/kernels.hpp"
#include "base/parallel.hpp"
#include "data/filter_rows.hpp"

namespace robust_metric {

class Leaves {
public:
    static constexpr std::size_t children = 8;

    // How leaves are found: by a pass over all points, or through boxes, or as it seems best; none at all; or by codes
    // instead, see Cascade.
    enum class Kind { best, none, scan, tree, cascade };
    // What the environment variable ROBUST_METRIC_LEAVES says, for tests: "none", "scan", "tree" or "cascade".
    static Kind forced();
    // Whether the errors of most rows are not far below the largest: a leaf has that of its worst row, which would
    // leave everything near it in doubt.
    static bool are_even(const FilterRows& rows);
    // What the pair kernels assume of rows: squares far from overflow, roundings below 2^-13.
    static bool are_sound(const FilterRows& rows);

    Leaves() = default;  // not usable
    // Memory: 4 (width + 4) bytes a row, and a quarter of it more with boxes. Not usable, and without memory, where
    // rows are not sound, or, for the best, so few or so long that it would not pay.
    Leaves(const FilterRows& rows, std::span<const std::int32_t> labels, const Execution& execution,
           Kind kind = forced());

    bool usable() const { return !index_.empty(); }
    // Whether queries find their leaves through boxes; else by a pass over all points for the least of each leaf.
    bool has_boxes() const { return !boxes_.empty(); }
    // Whether the nearest points alone, without a certificate, are found sooner than by products with all points: those
    // are faster than a pass over long rows (USPS, 256 features: .6 times the time).
    bool pay_for_neighbors() const { return usable() && (has_boxes() || width_ <= 128); }
    // Whether exact searches are faster among the points near a query: few of them decide where there are many points
    // for each feature (bench/exact_on_tables.py: on Pendigits .8 times the time, at 10^5 x 8 .15, on USPS 1.6).
    bool pay_for_searches() const { return usable() && (forced_ || size() >= 256 * width_); }
    std::size_t count() const { return blurs_.size(); }
    std::size_t width() const { return width_; }

    // of the points in leaf l, at the places leaf_points l + ...; the last leaf is filled up with points infinitely far
    const float* coordinates(std::size_t leaf) const { return coordinates_.data() + leaf * width_ * leaf_points; }
    const float* norms(std::size_t leaf) const { return norms_.data() + leaf * leaf_points; }
    // the largest blur of its points
    float blur(std::size_t leaf) const { return blurs_[leaf]; }
    // of the point at a place: its row, and its label
    std::uint32_t index(std::size_t place) const { return index_[place]; }
    std::int32_t label(std::size_t place) const { return labels_[place]; }
    std::size_t size() const { return index_.size(); }

    // Nodes: the leaves, then groups of eight nodes each, up to one that holds all.
    std::size_t root() const { return count() + first_child_.size() - 1; }
    std::size_t first_child(std::size_t group) const { return first_child_[group - count()]; }
    std::size_t child_count(std::size_t group) const { return child_count_[group - count()]; }
    // squared distances of a row from the boxes of a group's nodes, as computed in float32
    void box_distances(std::size_t group, const float* row, float* out) const {
        const float* box = boxes_.data() + (group - count()) * 2 * children * width_;
        kernels().box_distances(box, box + children * width_, width_, row, out);
    }
    // an upper bound of ‖a - ã‖ over all rows
    double error() const { return error_; }

private:
    struct Keyed {
        float key;
        std::uint32_t index;
    };
    void sort(const FilterRows& rows, const Execution& execution);
    static std::size_t divide(const FilterRows& rows, std::span<Keyed> points);
    static void split(const FilterRows& rows, std::span<Keyed> points);
    void fill(const FilterRows& rows, std::span<const std::int32_t> labels, const Execution& execution);
    void make_boxes();
    bool boxes_pay(const FilterRows& rows) const;

    std::size_t width_ = 0;
    bool forced_ = false;
    std::vector<std::uint32_t> index_;
    std::vector<std::int32_t> labels_;
    std::vector<float> coordinates_, norms_, blurs_;
    std::vector<float> boxes_;  // lower and upper ends, eight nodes at a time
    std::vector<std::uint32_t> first_child_;
    std::vector<std::uint8_t> child_count_;
    double error_ = 0.0;
};

}  // namespace robust_metric
