// The training points that decide 1-NN predictions within a distance of a query, found in leaves: all other points are
// farther than one and the same point of the class wherever the query goes. Derivation: docs/minimal_perturbation.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "certify/nearest_packs.hpp"
#include "certify/row_reach.hpp"
#include "data/leaf_query.hpp"
#include "data/prepared_set.hpp"

namespace robust_metric {

// Per-thread; holds its work space. For threat models whose lengths are 2-norms of gradients.
class NearPoints {
public:
    explicit NearPoints(const PreparedSet& training) : training_(&training), reach_(training) {}

    // The points that may be nearest within `distance`, in scaled units, of a query predicted as `label`, and the
    // nearest points of that class; rows of the training set in increasing order. Valid until the next call.
    std::span<const std::uint32_t> within(LeafQuery& query, int label, double distance);

private:
    using Point = LeafQuery::Found;

    static Point nearest_own(LeafQuery& query, int label);

    const PreparedSet* training_;
    RowReach reach_;
    std::vector<Point> own_, points_;  // within reach
    std::vector<PairPack> packs_;
    PackTest test_;
    std::vector<std::uint32_t> found_;
};

}  // namespace robust_metric
