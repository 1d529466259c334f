// Perturbations after which some training points are at least as near as others: a polyhedron, its point nearest to
// the query, and lower bounds of its distance that hold whatever the solver did. One query at a time; all lengths
// are scaled (see PreparedSet). What it is used for: docs/vote_search.md.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/cost_space.hpp"
#include "geometry/halfspace_sum.hpp"
#include "project/projection.hpp"

namespace robust_metric {

class VoteCell {
public:
    using Id = std::uint32_t;  // a training point that takes part, numbered in the order of add_point
    struct Pair {              // entering: at least as near as beaten
        Id entering, beaten;
    };

    // space must outlive this object
    VoteCell(const PreparedSet& training, const CostSpace& space)
        : training_(&training), space_(&space), qp_(space), sum_(training) {}

    // Starts a query, without points and constraints; query must stay in place, and space have been started with it.
    void start(const Query& query);
    // half: ½ d(z, x), with its interval; length: the dual norm of M(z - x); by the kernels: not a filter's bits
    struct Measured {
        std::size_t position;
        double half, length, half_lower, half_upper;
    };
    Measured measure(std::size_t position);
    struct Point : Measured {
        double row_norm, row_error;  // of the twice mapped row, and what it may be off by
    };
    Id add_point(const Measured& point);
    Id add_point(std::size_t position) { return add_point(measure(position)); }
    std::size_t size() const { return points_.size(); }
    // the point that was added for this position; none if there is none
    static constexpr Id none = UINT32_MAX;
    Id find(std::size_t position) const { return id_of_[position]; }

    std::size_t position(Id id) const { return points_[id].position; }
    // whether both are the same point, coordinate by coordinate
    bool equal(Id a, Id b) const;
    const Point& point(Id id) const { return points_[id]; }
    double half(Id id) const { return points_[id].half; }
    double length(Id id) const { return points_[id].length; }

    // The projection onto the constraints brought in so far. clear forgets them: δ = 0.
    void clear();
    // False where the pair contradicts the others. margin (a length) moves its boundary inwards.
    bool require(Pair pair, double margin = 0.0);
    // whether δ violates the pair by more than rounding explains; equal points never do
    bool violates(Pair pair, double margin = 0.0) const;
    double norm() const { return norm_; }
    std::span<const double> perturbation() const { return qp_.solution(); }
    // ½ d(z + δ, x) up to a number that is the same for all x, and a lower bound of it without a product
    double value(Id id) const;
    // a lower bound of value() up to a few roundings, without a product; better ones after screen(), which costs a pass
    // over all points
    double least_value(Id id) const {
        const Point& x = points_[id];
        if (!screened_) return x.half - norm_ * x.length;
        return x.half + at_query_ - screen_[id] - screen_error_ * x.row_norm;
    }
    void screen();
    // value() up to a few roundings
    double estimate(Id id) const { return screened_ ? points_[id].half + at_query_ - screen_[id] : value(id); }

    // The active pairs and their multipliers; after a contradiction those that prove it.
    void active(std::vector<Pair>& pairs, std::vector<double>& multipliers) const;

    // Lower bound of ‖δ‖ for every δ that satisfies the pairs, from multipliers >= 0: proved, by numbers of
    // float64 accuracy with their error bounds. The functions below refer to the last call.
    double prove(std::span<const Pair> pairs, std::span<const double> multipliers);
    // M x · the direction that was proved; many of them are cheaper after prepare_along()
    double along(Id id) const;
    void prepare_along();
    // lower bound for those δ that satisfy one pair more, and what proves it: `share` of the multipliers and `weight`
    // of the pair; along_*: along() of its points
    struct Raised {
        double bound, share, weight;
    };
    Raised prove_with(Pair pair, double along_entering, double along_beaten, double pair_length) const;
    // upper bound of the dual norm of M(a - b)
    double pair_length(Pair pair) const;
    // Mx · My, by the kernels; with each of the points from `first` on
    double product(Id x, Id y) const;
    void products(Id x, Id first, std::span<double> out) const;
    std::size_t dimension() const { return normal_.size(); }

private:
    const double* row(Id id) const { return rows_.data() + id * normal_.size(); }
    void weigh(std::span<const double> multipliers, int scale);
    bool sum_products(std::vector<double>& sums);

    const PreparedSet* training_;
    const CostSpace* space_;
    const Query* query_ = nullptr;
    Projection qp_;
    std::vector<Point> points_;
    std::vector<Id> id_of_;     // by position
    std::vector<double> rows_;  // twice mapped
    // products of a point's row with all rows, where they were asked for often enough
    struct Products {
        std::size_t asked = 0;
        std::vector<double> values;
    };
    std::vector<Products> products_;
    std::size_t products_kept_ = 0;
    std::vector<std::pair<Id, double>> weights_;  // of rows in a direction
    std::vector<Pair> weighed_;
    std::vector<double> screen_, along_;
    double screen_error_ = 0.0;
    bool screened_ = false, along_known_ = false;
    std::vector<Pair> pairs_;  // by the ids that the QP knows
    bool contradicted_ = false;
    double norm_ = 0.0, at_query_ = 0.0;
    std::vector<double> normal_;
    HalfspaceSum sum_;
    double proved_ = 0.0, inner_error_ = 0.0;
    std::vector<double> proved_multipliers_;
    std::vector<Pair> proved_pairs_;
    Embedding scratch_;
    mutable std::vector<double> stored_, other_stored_;
};

}  // namespace robust_metric
