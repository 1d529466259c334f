// The training points as every search of the library wants them: sorted by class, centred, scaled by a
// power of two and mapped through L and LᵀL, with what the error bounds of a filter need.
//
// Units: "scaled" squared distances are d(z, x) · 4^-(exponent + metric exponent), scaled lengths of the
// input space are ‖δ‖ · 2^-exponent. Positions are indices into the order sorted by class.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "robust_metric/matrix_view.hpp"
#include "robust_metric/metric.hpp"
#include "robust_metric/parallel.hpp"
#include "robust_metric/rounding.hpp"

namespace robust_metric {

struct Interval {
    double lower, upper;
};

class TrainingSet {
public:
    // points: n × d, finite, not copied: must outlive this object. labels: n values in
    // [0, classes). components: r × d, copied, or empty for the Euclidean metric.
    // Memory: 8 n (d + r + 4) bytes beside the points, half of it for the Euclidean metric.
    TrainingSet(MatrixView points, std::span<const std::int32_t> labels, int classes, MatrixView components,
                const Execution& execution = {});

    std::size_t size() const { return order_.size(); }
    std::size_t dimension() const { return points_.cols(); }
    int classes() const { return static_cast<int>(class_begin_.size()) - 1; }
    const Metric& metric() const { return metric_; }

    // position -> the caller's row number, label, and stored coordinates
    std::size_t index(std::size_t position) const { return order_[position]; }
    int label(std::size_t position) const { return labels_[order_[position]]; }
    const double* point(std::size_t position) const { return points_.row(order_[position]); }
    // positions of class c are [class_begin(c), class_begin(c + 1))
    std::size_t class_begin(int c) const { return class_begin_[static_cast<std::size_t>(c)]; }
    std::size_t class_size(int c) const { return class_begin(c + 1) - class_begin(c); }
    // true where an equal point has a smaller index: such a point is never the nearest one
    bool shadowed(std::size_t position) const { return shadowed_[position] != 0; }

    int exponent() const { return exponent_; }
    // scaled and centred copy x̂ of a point in the caller's units; L̂x̂ and L̂ᵀL̂x̂ of it. Returns its
    // extent, an upper bound of ‖x̂‖²
    double embed(const double* point, double* centred, double* mapped, double* twice_mapped) const;
    MatrixView mapped() const { return {mapped_.get(), size(), metric_.rank()}; }
    MatrixView twice_mapped() const {
        return metric_.is_identity() ? mapped() : MatrixView(twice_mapped_.get(), size(), dimension());
    }
    // squared norms of the rows of the above, as computed, and an upper bound of ‖x̂‖²
    const std::vector<double>& mapped_norms() const { return mapped_norms_; }
    const std::vector<double>& twice_mapped_norms() const {
        return metric_.is_identity() ? mapped_norms_ : twice_mapped_norms_;
    }
    double extent(std::size_t position) const { return extents_[position]; }

    // The filter's bounds: from a squared distance computed by the expanded formula
    // ‖a‖² + ‖b‖² - 2a·b of mapped (twice mapped) rows, in whatever order, and the sum of both
    // extents, an interval that holds the exact scaled d(z, x) (the exact ‖M(z - x)‖²).
    Interval distance_interval(double computed, double extents) const {
        return interval(computed, distance_error_ * extents + rounding::underflow);
    }
    Interval twice_mapped_interval(double computed, double extents) const {
        return interval(computed, twice_mapped_error_ * extents + rounding::underflow);
    }
    // half the width of the first interval, where the computed value is finite
    double distance_error(double extents) const { return distance_error_ * extents + rounding::underflow; }
    // ‖M(a - b)‖ differs from the norm of the difference of twice mapped rows by at most this
    double twice_mapped_norm_error(double extent_a, double extent_b) const;

    // a length of the input space in the caller's units, from a scaled one; rounded down / up
    double unscale_down(double length) const;
    double unscale_up(double length) const;

private:
    static Interval interval(double computed, double error) {
        if (!(error <= 0x1p900)) return {0.0, rounding::infinity};  // overflow or NaN: nothing is known
        const double lower = computed - error;
        return {lower > 0.0 ? lower : 0.0, computed + error};
    }
    void choose_frame();
    double centre(const double* point, double* centred) const;  // fills x̂, returns its extent
    void map_points(const Execution& execution);
    void mark_shadowed();

    MatrixView points_;
    Metric metric_;
    std::vector<std::int32_t> labels_;
    std::vector<std::size_t> order_, class_begin_;
    std::vector<char> shadowed_;
    std::vector<double> center_;
    int exponent_ = 0;
    std::unique_ptr<double[]> mapped_, twice_mapped_;  // not vectors: filling them with zeros takes its time
    std::vector<double> mapped_norms_, twice_mapped_norms_, extents_;
    double distance_error_ = 0.0, twice_mapped_error_ = 0.0, row_error_ = 0.0;
};

}  // namespace robust_metric
