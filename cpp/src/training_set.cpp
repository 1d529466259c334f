#include "robust_metric/training_set.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "robust_metric/blas.hpp"
#include "robust_metric/kernels.hpp"

namespace robust_metric {

namespace {

// rows that one product maps: bits must not depend on the number of threads, so it is fixed
constexpr std::size_t rows_per_block = 256;

std::vector<std::size_t> sort_by_class(std::span<const std::int32_t> labels, int classes,
                                       std::vector<std::size_t>& class_begin) {
    class_begin.assign(static_cast<std::size_t>(classes) + 1, 0);
    for (const std::int32_t label : labels) {
        if (label < 0 || label >= classes)
            throw std::invalid_argument("labels must lie in [0, " + std::to_string(classes) + "), got " +
                                        std::to_string(label));
        ++class_begin[static_cast<std::size_t>(label) + 1];
    }
    std::partial_sum(class_begin.begin(), class_begin.end(), class_begin.begin());
    std::vector<std::size_t> next(class_begin.begin(), class_begin.end() - 1), order(labels.size());
    for (std::size_t i = 0; i < labels.size(); ++i) order[next[static_cast<std::size_t>(labels[i])]++] = i;
    return order;
}

void row_norms(MatrixView rows, double* norms) {
    const Kernels& k = kernels();
    for (std::size_t i = 0; i < rows.rows(); ++i) norms[i] = k.dot(rows.row(i), rows.row(i), rows.cols());
}

// body() as the only item of a parallel_for, so that its checkpoints poll keep_going
template <class Body>
void interruptible(const Execution& execution, Body body) {
    parallel_for(1, 1, execution, [&](std::size_t, std::size_t, int) { body(); });
}

}  // namespace

TrainingSet::TrainingSet(MatrixView points, std::span<const std::int32_t> labels, int classes, MatrixView components,
                         const Execution& execution)
    : points_(points), metric_(components, points.cols()), labels_(labels.begin(), labels.end()) {
    if (points.rows() == 0 || points.rows() != labels.size())
        throw std::invalid_argument("points and labels must have one entry per training point, got " +
                                    std::to_string(points.rows()) + " and " + std::to_string(labels.size()));
    order_ = sort_by_class(labels, classes, class_begin_);
    interruptible(execution, [&] { choose_frame(); });
    map_points(execution);
    interruptible(execution, [&] { mark_shadowed(); });
}

// Centre by the mean, which keeps the error of large offsets out of the filter, and scale the
// largest coordinate to about 1. Any centre and any power of two would be sound.
void TrainingSet::choose_frame() {
    const double weight = 1.0 / static_cast<double>(size());
    center_.assign(dimension(), 0.0);
    for (std::size_t i = 0; i < points_.rows(); ++i) {
        if (i % rows_per_block == 0) checkpoint();
        kernels().axpy(weight, points_.row(i), center_.data(), dimension());
    }
    double largest = 0.0;
    for (std::size_t i = 0; i < points_.rows(); ++i) {
        if (i % rows_per_block == 0) checkpoint();
        for (std::size_t j = 0; j < dimension(); ++j)
            largest = std::max(largest, std::fabs(points_(i, j) - center_[j]));
    }
    if (largest > 0.0) std::frexp(largest, &exponent_);
}

// Errors, derived in docs/rounding.md: x̂ carries one relative rounding, L̂x̂ d more terms,
// L̂ᵀL̂x̂ again r more; |L| enters through its norm bound.
void TrainingSet::map_points(const Execution& execution) {
    const std::size_t n = size(), d = dimension(), r = metric_.rank();
    const bool identity = metric_.is_identity();
    const double norm = metric_.norm_bound();
    const double once = rounding::gamma(identity ? 2 : d + 4);
    const double twice = rounding::gamma(identity ? 2 : d + r + 7);
    distance_error_ = rounding::up(norm * norm * (4.04 * once + 2.02 * rounding::gamma(r + 4)));
    row_error_ = rounding::up(norm * norm * twice);
    twice_mapped_error_ = rounding::up(norm * norm * norm * norm * (4.04 * twice + 2.02 * rounding::gamma(d + 4)));

    extents_.resize(n);
    mapped_ = std::make_unique_for_overwrite<double[]>(n * r);
    mapped_norms_.resize(n);
    if (!identity) {
        twice_mapped_ = std::make_unique_for_overwrite<double[]>(n * d);
        twice_mapped_norms_.resize(n);
    }
    // centred rows lie where the last product of their block goes, so they need no memory of their own
    double* centred = identity ? mapped_.get() : twice_mapped_.get();
    parallel_for(n, rows_per_block, execution, [&](std::size_t first, std::size_t last, int) {
        for (std::size_t i = first; i < last; ++i) extents_[i] = centre(point(i), centred + i * d);
        const MutableMatrixView once_rows(mapped_.get() + first * r, last - first, r);
        if (!identity) {
            const MutableMatrixView twice_rows(twice_mapped_.get() + first * d, last - first, d);
            blas::gemm_nt(1.0, twice_rows, metric_.scaled_components(), 0.0, once_rows);
            blas::gemm_nn(1.0, once_rows, metric_.scaled_components(), 0.0, twice_rows);
            row_norms(twice_rows, twice_mapped_norms_.data() + first);
        }
        row_norms(once_rows, mapped_norms_.data() + first);
    });
}

void TrainingSet::mark_shadowed() {
    std::vector<std::size_t> sorted(size());
    std::iota(sorted.begin(), sorted.end(), std::size_t{0});
    const std::size_t d = dimension();
    std::size_t comparisons = 0;
    std::sort(sorted.begin(), sorted.end(), [&](std::size_t a, std::size_t b) {
        if (++comparisons % 4096 == 0) checkpoint();
        const double *pa = point(a), *pb = point(b);
        for (std::size_t j = 0; j < d; ++j)
            if (pa[j] != pb[j]) return pa[j] < pb[j];
        return index(a) < index(b);
    });
    shadowed_.assign(size(), 0);
    for (std::size_t i = 1; i < size(); ++i)
        shadowed_[sorted[i]] = std::equal(point(sorted[i]), point(sorted[i]) + d, point(sorted[i - 1]));
}

double TrainingSet::centre(const double* point, double* centred) const {
    const std::size_t d = dimension();
    for (std::size_t j = 0; j < d; ++j) centred[j] = std::ldexp(point[j] - center_[j], -exponent_);
    return rounding::up((1.0 + rounding::gamma(d + 4)) * kernels().dot(centred, centred, d));
}

double TrainingSet::embed(const double* point, double* centred, double* mapped, double* twice_mapped) const {
    const double extent = centre(point, centred);
    if (metric_.is_identity()) {
        std::copy_n(centred, dimension(), mapped);
        std::copy_n(centred, dimension(), twice_mapped);
    } else {
        multiply(metric_.scaled_components(), centred, mapped);
        multiply_transposed(metric_.scaled_components(), mapped, twice_mapped);
    }
    return extent;
}

double TrainingSet::twice_mapped_norm_error(double extent_a, double extent_b) const {
    return rounding::up(row_error_ * (std::sqrt(extent_a) + std::sqrt(extent_b)));
}

double TrainingSet::unscale_down(double length) const {
    if (length == rounding::infinity) return length;
    const double value = std::ldexp(length, exponent_);
    if (value < 0x1p-1000) return value > 0.0 ? std::nextafter(value, 0.0) : 0.0;  // maybe subnormal
    return std::min(value, std::numeric_limits<double>::max());
}

double TrainingSet::unscale_up(double length) const {
    const double value = std::ldexp(length, exponent_);
    return value < 0x1p-1000 && length > 0.0 ? std::nextafter(value, 1.0) : value;
}

}  // namespace robust_metric
