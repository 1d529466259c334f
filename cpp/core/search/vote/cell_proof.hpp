// Lower bounds of ‖δ‖ over a cell that hold whatever the solver did: from pairs and multipliers >= 0, by numbers of
// float64 accuracy with their error bounds. Derivation: docs/vote_search.md.
#pragma once

#include <span>
#include <vector>

#include "data/prepared_set.hpp"
#include "geometry/cost_space.hpp"
#include "geometry/halfspace_sum.hpp"
#include "search/vote/cell_points.hpp"
#include "search/vote/row_products.hpp"

namespace robust_metric {

class CellProof {
public:
    using Id = CellPoints::Id;
    using Pair = CellPoints::Pair;

    // all must outlive this object
    CellProof(const PreparedSet& training, const CostSpace& space, const CellPoints& points, RowProducts& products)
        : space_(&space), points_(&points), products_(&products), sum_(training) {}

    // Lower bound of ‖δ‖ for every δ that satisfies the pairs. The functions below refer to the last call.
    double prove(std::span<const Pair> pairs, std::span<const double> multipliers);
    // M x · the direction that was proved; many of them are cheaper after prepare_along(), until a point is added
    double along(Id id) const;
    void prepare_along();
    void point_added() { along_known_ = false; }
    // lower bound for those δ that satisfy one pair more, and what proves it: `share` of the multipliers and `weight`
    // of the pair; along_*: along() of its points
    struct Raised {
        double bound, share, weight;
    };
    Raised prove_with(Pair pair, double along_entering, double along_beaten, double pair_length) const;

private:
    const CostSpace* space_;
    const CellPoints* points_;
    RowProducts* products_;
    HalfspaceSum sum_;
    double proved_ = 0.0, inner_error_ = 0.0;
    std::vector<Pair> pairs_;
    std::vector<double> multipliers_, along_;
    bool along_known_ = false;
};

}  // namespace robust_metric
