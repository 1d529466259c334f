// Perturbations after which some training points are at least as near as others: a polyhedron, its point nearest to
// the query, and lower bounds of its distance that hold whatever the solver did. One query at a time; all lengths
// are scaled (see PreparedSet). What it is used for: docs/vote_search.md.
#pragma once

#include <span>
#include <vector>

#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/cost_space.hpp"
#include "project/projection.hpp"
#include "search/vote/cell_points.hpp"
#include "search/vote/cell_proof.hpp"
#include "search/vote/row_products.hpp"

namespace robust_metric {

class VoteCell {
public:
    using Id = CellPoints::Id;
    using Pair = CellPoints::Pair;

    // training and space must outlive this object
    VoteCell(const PreparedSet& training, const CostSpace& space)
        : training_(&training),
          space_(&space),
          points_(training, space),
          products_(points_),
          proof_(training, space, points_, products_),
          qp_(space) {}
    // its parts refer to each other
    VoteCell(const VoteCell&) = delete;
    VoteCell& operator=(const VoteCell&) = delete;

    // Starts a query, without points and constraints; query must stay in place, and space have been started with it.
    void start(const Query& query);
    Id add_point(const CellPoints::Measured& point);
    Id add_point(std::size_t position) { return add_point(points_.measure(position)); }
    const CellPoints& points() const { return points_; }
    CellProof& proof() { return proof_; }
    const CellProof& proof() const { return proof_; }

    // The projection onto the constraints brought in so far. clear forgets them: δ = 0.
    void clear();
    // False where the pair contradicts the others. margin (a length) moves its boundary inwards.
    bool require(Pair pair, double margin = 0.0);
    // whether δ violates the pair by more than rounding explains; equal points never do
    bool violates(Pair pair, double margin = 0.0) const;
    // how much farther than `other` rounding may make a point seem that is as near
    double tolerance(Id id, Id other) const;
    double norm() const { return norm_; }
    std::span<const double> perturbation() const { return qp_.solution(); }
    // The active pairs and their multipliers; after a contradiction those that prove it.
    void active(std::vector<Pair>& pairs, std::vector<double>& multipliers) const;

    // ½ d(z + δ, x) up to a number that is the same for all x
    double value(Id id) const;
    // a lower bound of value() up to a few roundings, without a product; better ones after screen(), which costs a pass
    // over all points
    double least_value(Id id) const {
        const CellPoints::Point& x = points_[id];
        if (!knows(id)) return x.half - norm_ * x.length;
        return x.half + at_query_ - screen_[id] - screen_error_ * x.row_norm;
    }
    void screen();
    // of that many points alone, those with the first ids; until start()
    void screen_first(std::size_t count) { products_.cover(count); }
    // value() up to a few roundings
    double estimate(Id id) const { return knows(id) ? points_.half(id) + at_query_ - screen_[id] : value(id); }

private:
    bool knows(Id id) const { return screened_ && id < screen_.size(); }

    const PreparedSet* training_;
    const CostSpace* space_;
    const Query* query_ = nullptr;
    CellPoints points_;
    RowProducts products_;
    CellProof proof_;

    Projection qp_;
    std::vector<Pair> pairs_;  // by the ids that the QP knows
    bool contradicted_ = false;
    double norm_ = 0.0, at_query_ = 0.0;
    std::vector<double> normal_;

    std::vector<Pair> screened_pairs_;
    std::vector<double> screen_;
    double screen_error_ = 0.0;
    bool screened_ = false;
};

}  // namespace robust_metric
