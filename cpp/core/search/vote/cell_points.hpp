// The training points that take part in the search of one query: their distances from it, rows and lengths. All
// lengths are scaled (see PreparedSet). What they are used for: docs/vote_search.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/cost_space.hpp"
#include "geometry/halfspace_sum.hpp"

namespace robust_metric {

class CellPoints {
public:
    using Id = std::uint32_t;  // numbered in the order of add
    struct Pair {              // entering: at least as near as beaten
        Id entering, beaten;
    };
    // half: ½ d(z, x), with its interval; length: the dual norm of M(z - x); by the kernels: not a filter's bits
    struct Measured {
        std::size_t position;
        double half, length, half_lower, half_upper;
    };
    struct Point : Measured {
        double row_norm, row_error;  // of the twice mapped row, and what it may be off by
    };
    static constexpr Id none = UINT32_MAX;

    // training and space must outlive this object
    CellPoints(const PreparedSet& training, const CostSpace& space) : training_(&training), space_(&space) {}

    // Starts a query without points; query must stay in place, and space have been started with it.
    void start(const Query& query);
    Measured measure(std::size_t position) const;
    Id add(const Measured& point);

    std::size_t size() const { return points_.size(); }
    std::size_t dimension() const { return training_->dimension(); }
    // the point that was added for this position; none if there is none
    Id find(std::size_t position) const { return id_of_[position]; }
    std::size_t position(Id id) const { return points_[id].position; }
    const Point& operator[](Id id) const { return points_[id]; }
    double half(Id id) const { return points_[id].half; }
    double length(Id id) const { return points_[id].length; }
    const double* row(Id id) const { return rows_.data() + id * dimension(); }  // twice mapped
    HalfspaceSum::Point summand(Id id) const;

    // whether both are the same point, coordinate by coordinate
    bool equal(Id a, Id b) const;
    // upper bound of the dual norm of M(a - b)
    double pair_length(Pair pair) const;
    // Mx · My, by the kernels; with each of the points from `first` on
    double product(Id x, Id y) const;
    void products(Id x, Id first, std::span<double> out) const;

private:
    const PreparedSet* training_;
    const CostSpace* space_;
    const Query* query_ = nullptr;
    std::vector<Point> points_;
    std::vector<Id> id_of_;  // by position
    std::vector<double> rows_;
    mutable Embedding scratch_;
    mutable std::vector<double> normal_, stored_, other_stored_;
};

}  // namespace robust_metric
