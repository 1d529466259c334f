// The K nearest training points, as a definite function of the stored arrays: the order over the real
// numbers they denote, ties to the smaller index. Filter by float32 matrix products with an error bound, then
// float64 and double-double from the stored points, then the difference of the two distances, then integers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "data/cascade_query.hpp"
#include "data/leaf_query.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/displacements.hpp"
#include "geometry/pair_gap.hpp"

namespace robust_metric {

// Per-thread search; holds its work space.
class NeighborSearch {
public:
    explicit NeighborSearch(const PreparedSet& training)
        : training_(&training), fast_(training), accurate_(training), gap_(training) {}

    // The k nearest points (k <= n), nearest first where `ordered`, else in any order. The result stays
    // valid until the next call.
    std::span<const std::size_t> nearest(const Query& query, std::size_t k, bool ordered);
    std::span<const std::size_t> nearest(LeafQuery& query, std::size_t k, bool ordered);
    std::span<const std::size_t> nearest(CascadeQuery& query, std::size_t k, bool ordered);

    // The k nearest points to a point near the query: `point` in the caller's units, whose
    // distance from the query is at most `reach` in scaled units. Only points that the
    // query's distances leave possible are looked at. Ordered.
    std::span<const std::size_t> nearest_around(const Query& query, const double* point, double reach, std::size_t k);

    // Index of the class with most votes among positions, ties to the smaller class.
    int vote(std::span<const std::size_t> positions);

private:
    struct Candidate {
        std::size_t position;
        Interval relative;  // the filter's, see FilterDistances
    };
    template <class SomeQuery>
    std::span<const std::size_t> nearest_opened(SomeQuery& query, std::size_t k, bool ordered);
    double mapped_reach(const Query& query, double reach) const;
    double limit_around(const Query& query, double reach, std::size_t k);
    void settle(const double* point, std::size_t k, bool ordered, double highest);
    void take_sure(std::size_t k);
    bool nearer(const Candidate& a, const Candidate& b);

    const PreparedSet* training_;
    Displacements<double> fast_;
    Displacements<DoubleDouble> accurate_;
    PairGap gap_;
    std::vector<Candidate> candidates_;
    std::vector<const Candidate*> order_;
    std::vector<double> heap_;
    std::vector<std::size_t> result_;
    std::vector<int> votes_;
    Embedding embedding_;
    std::vector<float> row_;
    std::vector<double> scratch_;
    const double* point_ = nullptr;
};

}  // namespace robust_metric
