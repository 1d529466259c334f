// The training points as every search of the library wants them: members of each class, a centre and a scale, rows
// mapped through L and LᵀL for the filter.
//
// Units: "scaled" squared distances are d(z, x) · 4^-(exponent + metric exponent), scaled lengths of the
// input space are ‖δ‖ · 2^-exponent. Costs of perturbations are scaled like lengths, and by the exponent of the threat
// model: see CostSpace. Twice mapped rows are gradients in that space, Ŵ⁻¹LᵀLx.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/interval.hpp"
#include "base/parallel.hpp"
#include "data/cascade.hpp"
#include "data/filter_rows.hpp"
#include "data/leaves.hpp"
#include "data/metric.hpp"
#include "data/sketch.hpp"
#include "robust_metric/points.hpp"
#include "robust_metric/threat.hpp"

namespace robust_metric {

// A point in the frame of the training set: x̂ centred and scaled, L̂x̂ and L̂ᵀL̂x̂ in float64, and an upper
// bound of ‖x̂‖².
struct Embedding {
    std::vector<double> centred, mapped, twice_mapped;  // the last two are empty where they equal the first
    std::vector<double> stored;                         // scratch: the point in float64
    double extent = 0.0;
    // Where it is not 0, all this is of a point on the same ray from the centre, 2^far times as near (a far query).
    int far = 0;

    const std::vector<double>& mapped_row() const { return mapped.empty() ? centred : mapped; }
    const std::vector<double>& twice_mapped_row() const { return twice_mapped.empty() ? centred : twice_mapped; }
};

class PreparedSet {
public:
    // points: n × d, finite, not copied: must outlive this object. labels: n values in
    // [0, classes). components: r × d, copied, or empty for the Euclidean metric.
    // Memory beside the points: 4 n (d + r + 11) bytes; for the Euclidean metric 4 n (d + 8), and where points in
    // float32 serve the filter as they are, 32 n. The sketch, from 128 features on, takes 132 n more,
    // and leaves, where there are some, 4 n (r + 4) and a quarter of it; a cascade, instead of leaves, 820 n, and
    // 544 n where there are two maps.
    PreparedSet(Points points, std::span<const std::int32_t> labels, int classes, MatrixView components,
                const Execution& execution = {}, Threat threat = {});

    // The same points under a threat model that differs in its box alone. What is prepared is shared; no leaves.
    PreparedSet(const PreparedSet& other, Threat threat);

    // Some of the points, in increasing order, which are copied: all that is known of a point is the same. No leaves.
    PreparedSet(const PreparedSet& other, std::span<const std::uint32_t> which);

    std::size_t size() const { return labels_.size(); }
    std::size_t dimension() const { return points_.cols(); }
    int classes() const { return static_cast<int>(class_begin_.size()) - 1; }
    const Metric& metric() const { return metric_; }
    const Threat& threat() const { return threat_; }
    const Points& points() const { return points_; }

    int label(std::size_t i) const { return labels_[i]; }
    // points of class c, in increasing order
    std::span<const std::uint32_t> members(int c) const {
        return std::span(members_).subspan(class_begin(c), class_size(c));
    }
    std::size_t class_size(int c) const { return class_begin(c + 1) - class_begin(c); }
    // classes that have points, and the sizes of the largest ones of smaller and of larger number than c
    std::size_t classes_present() const { return classes_present_; }
    std::size_t largest_class_before(int c) const { return largest_before_[static_cast<std::size_t>(c)]; }
    std::size_t largest_class_after(int c) const { return largest_after_[static_cast<std::size_t>(c)]; }
    // true where an equal point has a smaller index: such a point is never the nearest one
    bool shadowed(std::size_t i) const { return shadowed_[i] != 0; }
    // all such points, in increasing order
    const std::vector<std::uint32_t>& all_shadowed() const { return all_shadowed_; }

    int exponent() const { return exponent_; }
    // scaled coordinates and lengths of a query's perturbations times 2 to this are the caller's
    int exponent(const Embedding& query) const { return exponent_ + query.far; }
    // A point beyond 2^24 of the scale of the training points, from which float32 tells nothing and float64 little, is
    // embedded as one on its ray that is near 2^24; what that means for distances: docs/rounding.md, section 3.
    void embed(const double* point, Embedding& out) const { embed({point, 1, dimension()}, {&out, 1}); }
    void embed(MatrixView points, std::span<Embedding> out) const;
    // the same without the twice mapped row
    void embed_mapped(const double* point, Embedding& out) const { embed_mapped({point, 1, dimension()}, {&out, 1}); }
    void embed_mapped(MatrixView points, std::span<Embedding> out) const;

    // The filter's rows L̂x̂ and L̂ᵀL̂x̂; one object if has_one_map(), for the Euclidean metric without feature costs.
    const FilterRows& mapped() const { return *mapped_; }
    const FilterRows& twice_mapped() const { return has_one_map() ? *mapped_ : *twice_mapped_; }
    bool has_one_map() const { return metric_.is_identity() && !threat_.weighted(); }

    // short codes of the twice mapped rows, where those are long
    const Sketch& sketch() const { return sketch_; }

    // the mapped rows in leaves, where searches through them pay
    const Leaves& leaves() const { return leaves_; }

    // long mapped rows by their codes, where searches through those pay
    const Cascade& cascade() const { return cascade_; }
    // beside a cascade, for 2-norms: codes of the twice mapped rows
    const Codes& pair_codes() const { return has_one_map() ? cascade_.codes() : pair_codes_; }

    // an interval for ‖L̂z̃‖², from a point's embedding; and an upper bound of ‖M̂z̃‖²
    Interval squared_norm(const Embedding& point) const;
    double twice_mapped_squared_norm(const Embedding& point) const;

    // The same rows in float64, for searches that need more than a filter: where they are stored, or made in scratch,
    // which for a metric other than the Euclidean costs r d steps unless keep_float64_rows was called.
    const double* mapped_row(std::size_t i, Embedding& scratch) const;
    const double* twice_mapped_row(std::size_t i, Embedding& scratch) const;
    // Stores them, once, in 8 n (d + r) bytes. May be called from several threads.
    void keep_float64_rows(const Execution& execution) const;
    double extent(std::size_t i) const { return extents_[i]; }

    // d(z, x) from float64 rows, with an interval that holds it; of a far query 2^-far (d(z, x) - ‖L̂z̃‖²): orders and
    // differences of distances need no more.
    double distance(const Embedding& z, std::size_t i, Embedding& scratch) const;
    Interval distance_interval(const Embedding& z, std::size_t i, double computed) const;
    // the same for any two points that are not far, from the squared distance of their rows and the sum of their
    // extents
    Interval distance_interval(double computed, double extents) const;
    // by how much the difference of two such distances may be off
    double comparison_error(const Embedding& z, std::size_t a, std::size_t b) const {
        return distance_error(comparison_extents(z, a, b));
    }
    double comparison_extents(const Embedding& z, std::size_t a, std::size_t b) const;
    // Error bounds of float64 rows: half the width of an interval for d(z, x), from the sum of both extents; what the
    // norm of the difference of two twice mapped rows may be off by.
    double distance_error(double extents) const { return distance_error_ * extents + rounding::underflow; }
    double twice_mapped_norm_error(double extent_a, double extent_b) const;

    // a cost in the caller's units, from a scaled one, of a query that is as far as its embedding says; rounded down /
    // up
    double unscale_down(double cost, int far = 0) const;
    double unscale_up(double cost, int far = 0) const;

private:
    std::size_t class_begin(int c) const { return class_begin_[static_cast<std::size_t>(c)]; }
    void sort_by_class(int classes);
    void compare_classes();
    void choose_frame();
    double centre(const double* point, double* centred) const;  // fills x̂, returns its extent
    double extents(const Embedding& z, std::size_t i) const;
    void bring_near(const double* point, Embedding& out) const;
    // body(first, last, L̂x̂, L̂ᵀL̂x̂, extents) for blocks of rows, which lie in work space
    template <class Body>
    void for_each_block(const Execution& execution, Body body) const;
    void map_points(const Execution& execution);
    void keep_float64_rows(const PreparedSet& other, std::span<const std::uint32_t> which) const;
    void mark_shadowed(const Execution& execution);
    void weigh(double* gradient) const;

    std::vector<double> own_points_;  // those of a selection
    Points points_;
    Metric metric_;
    Threat threat_;
    std::vector<std::int32_t> labels_;
    std::vector<std::uint32_t> members_, all_shadowed_;
    std::vector<std::size_t> class_begin_, largest_before_, largest_after_;
    std::size_t classes_present_ = 0;
    std::vector<char> shadowed_;
    std::vector<double> center_;
    int exponent_ = 0;
    bool in_place_ = false;
    std::shared_ptr<FilterRows> mapped_, twice_mapped_;  // the sketch refers to one of them
    Sketch sketch_;
    Leaves leaves_;
    Cascade cascade_;
    Codes pair_codes_;
    std::vector<float> extents_;
    double mapped_error_ = 0.0, twice_mapped_error_ = 0.0, distance_error_ = 0.0;  // of the float64 rows
    struct Float64Rows {
        std::once_flag made;
        std::unique_ptr<double[]> mapped, twice_mapped;
    };
    std::shared_ptr<Float64Rows> float64_rows_ = std::make_shared<Float64Rows>();
};

}  // namespace robust_metric
