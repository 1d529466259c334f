#include "data/prepared_set.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

namespace {

// rows that one product maps: bits must not depend on the number of threads, so it is fixed
constexpr std::size_t rows_per_block = 256;

// body() as the only item of a parallel_for, so that its checkpoints poll keep_going
template <class Body>
void interruptible(const Execution& execution, Body body) {
    parallel_for(1, 1, execution, [&](std::size_t, std::size_t, int) { body(); });
}

// of the numbers, not their bits: 0 and -0 are equal
std::uint64_t hash(const double* values, std::size_t n) {
    std::uint64_t state = 0x9e3779b97f4a7c15u;
    for (std::size_t j = 0; j < n; ++j) {
        state = (state ^ std::bit_cast<std::uint64_t>(values[j] + 0.0)) * 0xff51afd7ed558ccdu;
        state ^= state >> 32;
    }
    return state;
}

}  // namespace

PreparedSet::PreparedSet(Points points, std::span<const std::int32_t> labels, int classes, MatrixView components,
                         const Execution& execution, Threat threat)
    : points_(points),
      metric_(components, points.cols()),
      threat_(std::move(threat)),
      labels_(labels.begin(), labels.end()) {
    threat_.check_fits(points.cols());
    sort_by_class(classes);
    interruptible(execution, [&] { choose_frame(); });
    map_points(execution);
    if (threat_.euclidean()) sketch_ = Sketch(twice_mapped(), execution);
    leaves_ = Leaves(mapped(), labels_, execution);
    if (!leaves_.usable()) cascade_ = Cascade(mapped(), labels_, execution);
    if (cascade_.usable() && !has_one_map() && threat_.euclidean() && Leaves::are_sound(twice_mapped()))
        pair_codes_ = Codes(twice_mapped(), true, execution);
    mark_shadowed(execution);
}

PreparedSet::PreparedSet(const PreparedSet& other, Threat threat)
    : points_(other.points_),
      metric_(other.metric_),
      threat_(std::move(threat)),
      labels_(other.labels_),
      members_(other.members_),
      all_shadowed_(other.all_shadowed_),
      class_begin_(other.class_begin_),
      largest_before_(other.largest_before_),
      largest_after_(other.largest_after_),
      classes_present_(other.classes_present_),
      shadowed_(other.shadowed_),
      center_(other.center_),
      exponent_(other.exponent_),
      in_place_(other.in_place_),
      mapped_(other.mapped_),
      twice_mapped_(other.twice_mapped_),
      extents_(other.extents_),
      mapped_error_(other.mapped_error_),
      twice_mapped_error_(other.twice_mapped_error_),
      distance_error_(other.distance_error_),
      float64_rows_(other.float64_rows_) {}

PreparedSet::PreparedSet(const PreparedSet& other, std::span<const std::uint32_t> which)
    : own_points_(which.size() * other.dimension()),
      points_(own_points_.data(), which.size(), other.dimension()),
      metric_(other.metric_),
      threat_(other.threat_),
      labels_(which.size()),
      shadowed_(which.size()),
      center_(other.center_),
      exponent_(other.exponent_),
      mapped_(std::make_shared<FilterRows>(*other.mapped_, which)),
      twice_mapped_(other.has_one_map() ? nullptr : std::make_shared<FilterRows>(*other.twice_mapped_, which)),
      extents_(which.size()),
      mapped_error_(other.mapped_error_),
      twice_mapped_error_(other.twice_mapped_error_),
      distance_error_(other.distance_error_) {
    const std::size_t d = dimension();
    for (std::size_t i = 0; i < which.size(); ++i) {
        double* point = own_points_.data() + i * d;
        const double* stored = other.points_.row(which[i], point);
        if (stored != point) std::copy_n(stored, d, point);
        labels_[i] = other.labels_[which[i]];
        extents_[i] = other.extents_[which[i]];
        shadowed_[i] = other.shadowed_[which[i]];
        if (shadowed_[i]) all_shadowed_.push_back(static_cast<std::uint32_t>(i));
    }
    sort_by_class(other.classes());
    if (other.float64_rows_->mapped) std::call_once(float64_rows_->made, [&] { keep_float64_rows(other, which); });
}

void PreparedSet::sort_by_class(int classes) {
    class_begin_.assign(static_cast<std::size_t>(classes) + 1, 0);
    for (const std::int32_t label : labels_) ++class_begin_[static_cast<std::size_t>(label) + 1];
    std::partial_sum(class_begin_.begin(), class_begin_.end(), class_begin_.begin());
    std::vector<std::size_t> next(class_begin_.begin(), class_begin_.end() - 1);
    members_.resize(size());
    for (std::size_t i = 0; i < size(); ++i)
        members_[next[static_cast<std::size_t>(labels_[i])]++] = static_cast<std::uint32_t>(i);
    compare_classes();
}

void PreparedSet::compare_classes() {
    const int count = classes();
    largest_before_.assign(static_cast<std::size_t>(count), 0);
    largest_after_ = largest_before_;
    for (int c = 0; c < count; ++c) classes_present_ += class_size(c) > 0;
    for (int c = 1; c < count; ++c)
        largest_before_[static_cast<std::size_t>(c)] = std::max(largest_class_before(c - 1), class_size(c - 1));
    for (int c = count - 1; c-- > 0;)
        largest_after_[static_cast<std::size_t>(c)] = std::max(largest_class_after(c + 1), class_size(c + 1));
}

// Centre by the mean, which keeps the error of large offsets out of the filter, and scale the
// largest coordinate into (1/2, 1]. Any centre and any power of two would be sound, so points whose offset is no burden
// are not centred, and if they are in float32 and of the right scale anyway, they serve the filter themselves.
void PreparedSet::choose_frame() {
    const double weight = 1.0 / static_cast<double>(size());
    std::vector<double> scratch(dimension());
    center_.assign(dimension(), 0.0);
    double largest_raw = 0.0, raw_squares = 0.0;
    for (std::size_t i = 0; i < size(); ++i) {
        if (i % rows_per_block == 0) checkpoint();
        const double* point = points_.row(i, scratch.data());
        kernels().axpy(weight, point, center_.data(), dimension());
        raw_squares += kernels().dot(point, point, dimension());
        for (std::size_t j = 0; j < dimension(); ++j) largest_raw = std::max(largest_raw, std::fabs(point[j]));
    }
    double largest = 0.0, squares = 0.0;
    for (std::size_t i = 0; i < size(); ++i) {
        if (i % rows_per_block == 0) checkpoint();
        const double* point = points_.row(i, scratch.data());
        squares += kernels().squared_distance(point, center_.data(), dimension());
        for (std::size_t j = 0; j < dimension(); ++j) largest = std::max(largest, std::fabs(point[j] - center_[j]));
    }
    // rules about values and their ratios, not their type or unit: the frame decides the last bits of exact searches
    const bool plain = raw_squares <= 8.0 * squares;
    if (plain) {
        center_.assign(dimension(), 0.0);
        largest = largest_raw;
    }
    if (largest > 0.0 && std::frexp(largest, &exponent_) == 0.5) --exponent_;
    in_place_ = plain && exponent_ == 0 && points_.is_single() && metric_.is_identity();
}

template <class Body>
void PreparedSet::for_each_block(const Execution& execution, Body body) const {
    const std::size_t d = dimension(), r = metric_.rank();
    parallel_for(size(), rows_per_block, execution, [&](std::size_t first, std::size_t last, int) {
        const std::size_t count = last - first;
        std::vector<double> rows(count * d), extents(count), once(has_one_map() ? 0 : count * r), scratch(d);
        for (std::size_t i = 0; i < count; ++i)
            extents[i] = centre(points_.row(first + i, scratch.data()), rows.data() + i * d);
        const MutableMatrixView once_rows(once.data(), count, r), twice_rows(rows.data(), count, d);
        if (!metric_.is_identity()) {
            blas::gemm_nt(1.0, twice_rows, metric_.scaled_components(), 0.0, once_rows);
            blas::gemm_nn(1.0, once_rows, metric_.scaled_components(), 0.0, twice_rows);
        } else if (threat_.weighted()) {
            once = rows;
        }
        if (threat_.weighted())
            for (std::size_t i = 0; i < count; ++i) weigh(twice_rows.row(i));
        body(first, last, once_rows, twice_rows, extents);
    });
}

// Errors, derived in docs/rounding.md: x̂ carries one relative rounding, L̂x̂ d more terms,
// L̂ᵀL̂x̂ again r more; |L| enters through its norm bound. Feature costs, at most 1 inverted, cost two roundings.
void PreparedSet::map_points(const Execution& execution) {
    const std::size_t n = size(), d = dimension(), r = metric_.rank();
    const bool identity = metric_.is_identity(), one_map = has_one_map();
    const double norm = metric_.norm_bound(), once = rounding::gamma(identity ? 2 : d + 4);
    mapped_error_ = rounding::up(norm * once);
    twice_mapped_error_ = rounding::up(norm * norm *
                                       rounding::gamma(one_map    ? 2
                                                       : identity ? 6
                                                                  : d + r + (threat_.weighted() ? 9 : 7)));
    distance_error_ = rounding::up(norm * norm * (4.04 * once + 2.02 * rounding::gamma(r + 4)));
    // the one rounding of the Euclidean rows is far below what float32 adds, and counted there
    mapped_ = in_place_ ? std::make_unique<FilterRows>(points_.singles())
                        : std::make_unique<FilterRows>(n, r, identity ? 0.0 : mapped_error_);
    if (!one_map) twice_mapped_ = std::make_unique<FilterRows>(n, d, twice_mapped_error_);
    extents_.resize(n);
    for_each_block(execution, [&](std::size_t first, std::size_t last, MatrixView once_rows, MatrixView twice_rows,
                                  const std::vector<double>& extents) {
        for (std::size_t i = first; i < last; ++i) {
            const double extent = extents[i - first], length = rounding::up(std::sqrt(extent));
            extents_[i] = rounding::float_up(extent);
            mapped_->set(i, (one_map ? twice_rows : once_rows).row(i - first), length);
            if (!one_map) twice_mapped_->set(i, twice_rows.row(i - first), length);
        }
    });
}

void PreparedSet::keep_float64_rows(const Execution& execution) const {
    if (metric_.is_identity()) return;  // x̂ is made of x in one pass
    std::call_once(float64_rows_->made, [&] {
        const std::size_t d = dimension(), r = metric_.rank();
        auto mapped = std::make_unique_for_overwrite<double[]>(size() * r);
        auto twice_mapped = std::make_unique_for_overwrite<double[]>(size() * d);
        for_each_block(execution, [&](std::size_t first, std::size_t last, MatrixView once_rows, MatrixView twice_rows,
                                      const std::vector<double>&) {
            std::copy_n(once_rows.data(), (last - first) * r, mapped.get() + first * r);
            std::copy_n(twice_rows.data(), (last - first) * d, twice_mapped.get() + first * d);
        });
        float64_rows_->mapped = std::move(mapped);
        float64_rows_->twice_mapped = std::move(twice_mapped);
    });
}

void PreparedSet::keep_float64_rows(const PreparedSet& other, std::span<const std::uint32_t> which) const {
    const auto select = [&](const std::unique_ptr<double[]>& from, std::size_t width) {
        auto rows = std::make_unique_for_overwrite<double[]>(which.size() * width);
        for (std::size_t i = 0; i < which.size(); ++i)
            std::copy_n(from.get() + which[i] * width, width, rows.get() + i * width);
        return rows;
    };
    float64_rows_->mapped = select(other.float64_rows_->mapped, metric_.rank());
    float64_rows_->twice_mapped = select(other.float64_rows_->twice_mapped, dimension());
}

const double* PreparedSet::mapped_row(std::size_t i, Embedding& scratch) const {
    if (float64_rows_->mapped) return float64_rows_->mapped.get() + i * metric_.rank();
    scratch.stored.resize(dimension());
    embed(points_.row(i, scratch.stored.data()), scratch);
    return scratch.mapped_row().data();
}

const double* PreparedSet::twice_mapped_row(std::size_t i, Embedding& scratch) const {
    if (float64_rows_->twice_mapped) return float64_rows_->twice_mapped.get() + i * dimension();
    scratch.stored.resize(dimension());
    embed(points_.row(i, scratch.stored.data()), scratch);
    return scratch.twice_mapped_row().data();
}

void PreparedSet::mark_shadowed(const Execution& execution) {
    const std::size_t d = dimension();
    std::vector<std::pair<std::uint64_t, std::uint32_t>> sorted(size());
    parallel_for(size(), rows_per_block, execution, [&](std::size_t first, std::size_t last, int) {
        std::vector<double> scratch(d);
        for (std::size_t i = first; i < last; ++i)
            sorted[i] = {hash(points_.row(i, scratch.data()), d), static_cast<std::uint32_t>(i)};
    });
    shadowed_.assign(size(), 0);
    interruptible(execution, [&] {
        std::sort(sorted.begin(), sorted.end());
        std::vector<double> scratch(2 * d);
        const auto equal = [&](std::size_t a, std::size_t b) {
            const double* point = points_.row(a, scratch.data());
            return std::equal(point, point + d, points_.row(b, scratch.data() + d));
        };
        std::vector<std::uint32_t> distinct;  // points of one hash
        for (std::size_t i = 0; i < size(); ++i) {
            if (i % rows_per_block == 0) checkpoint();
            if (i == 0 || sorted[i].first != sorted[i - 1].first) distinct.clear();
            const std::uint32_t point = sorted[i].second;
            shadowed_[point] = std::any_of(distinct.begin(), distinct.end(), [&](auto x) { return equal(x, point); });
            if (!shadowed_[point]) distinct.push_back(point);
        }
    });
    for (std::size_t i = 0; i < size(); ++i)
        if (shadowed_[i]) all_shadowed_.push_back(static_cast<std::uint32_t>(i));
}

}  // namespace robust_metric
