// The certified radius of a K-nearest-neighbour prediction from the points near the query alone: other-class points
// within reach of it, a few at a time against the nearest own-class points, and what is left against all nearer ones.
// The radii of HalfspaceBounds, to the bit, without evidence. Derivation: docs/halfspace_bounds.md.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "base/rounding.hpp"
#include "certify/nearest_packs.hpp"
#include "certify/pair_packs.hpp"
#include "certify/row_bounds.hpp"
#include "certify/row_reach.hpp"
#include "certify/vote_groups.hpp"
#include "data/leaf_query.hpp"
#include "data/prepared_set.hpp"

namespace robust_metric {

// Per-thread evaluation; holds its work space. For threat models whose lengths are 2-norms of gradients. In scaled
// units.
class NearRows {
public:
    explicit NearRows(const PreparedSet& training, const DataChanges& changes = {})
        : training_(&training), changes_(changes), bounds_(training), reach_(training) {}

    // Certified radii of `label` being the k-nearest-neighbour prediction at the query for each of these k (which the
    // caller has established), in one pass; infinite where nothing can change it. False where so many points tie that
    // HalfspaceBounds, which takes one after the other, is faster.
    // at: where it is finite, the radius of a single k, only as far as it takes to compare it with that.
    bool radii(LeafQuery& query, int label, std::span<const std::size_t> ks, std::span<double> radii,
               double at = rounding::infinity);

private:
    using Point = LeafQuery::Found;

    double limit_of(std::size_t own_count, std::size_t other_count);
    void collect(double limit);
    void pack_nearest_own();
    void order_rows();
    void look_at_rows();
    void test_rows();
    void evaluate(std::size_t count);

    const PreparedSet* training_;
    DataChanges changes_;
    RowBounds bounds_;
    RowReach reach_;
    LeafQuery* query_ = nullptr;
    int label_ = 0;
    std::size_t depth_ = 0;  // largest v, plus one
    VoteGroups votes_;
    double collected_ = 0.0;  // points with S up to this, of the first slots of the query, are known:
    std::size_t collected_slots_ = 0;
    std::vector<Point> own_, rows_;  // those of the class, and the others
    std::size_t next_ = 0;           // of rows_, to be looked at
    std::vector<PairPack> pack_space_;
    std::span<const PairPack> packs_;  // the nearest own-class points
    PackTest test_;
    std::vector<Point> tested_, left_;  // of rows: of one test, and those that tests leave
    std::vector<unsigned char> bits_;
    PairList list_;
    std::vector<float> squares_, estimates_;
    std::vector<std::pair<float, Point>> estimated_;
    std::vector<double> own_heap_, other_heap_;
};

}  // namespace robust_metric
