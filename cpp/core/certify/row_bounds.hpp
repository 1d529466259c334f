// Other-class points tested against all own-class points that are nearer to the query: intervals for their R_v, the
// radius they leave possible, and its bits from the stored arrays. Derivation: docs/halfspace_bounds.md.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "certify/losing_votes.hpp"
#include "certify/pair_packs.hpp"
#include "certify/vote_groups.hpp"
#include "data/leaf_query.hpp"
#include "data/prepared_set.hpp"
#include "geometry/displacements.hpp"

namespace robust_metric {

// Per-thread evaluation; holds its work space. In scaled units.
class RowBounds {
public:
    using Point = LeafQuery::Found;

    explicit RowBounds(const PreparedSet& training) : training_(&training), refined_(training) {}

    // votes: not empty, in place until the next call; cap: what radii above it need not be known of
    void start(const double* point, const VoteGroups& votes, double cap);
    // Takes in at most eight other-class points; own: all own-class points that may be nearer than one of them.
    void add(std::span<const Point> points, std::span<const Point> own) {
        begin(points);
        compare(points, own);
        finish(points.size());
    }
    // The same in steps, for own-class points that come in parts: of those not in the last ones some may be missing
    // whose pairs with each point k have ε below least(k).
    void begin(std::span<const Point> points);
    void compare(std::span<const Point> points, std::span<const Point> own);
    double least(std::size_t k) const { return largest_[k].size() < depth_ ? 0.0 : -largest_[k].front(); }
    void finish(std::size_t count);
    // So many pairs may be among the largest of their points, as they are where thousands of points are equally near,
    // that refining them would take far longer than all else.
    bool crowded() const;
    // An upper bound of the radii, from the points taken in, or the cap.
    double highest() const { return *std::max_element(highest_.begin(), highest_.end()); }
    // The radius of each k that was asked about and has votes, to the bit, if all points that were not taken in have
    // bounds R_v above highest(); where it is above the cap, some number above that.
    void refine(std::span<double> radii);

private:
    // Of ε for an other-class and an own-class point, and its refined bound, which is below it by less than the margin.
    struct Pair {
        std::uint32_t own;
        double lower, upper;
    };
    struct Row {
        std::uint32_t index;
        std::int32_t label;
        std::vector<Pair> pairs;           // those that may be among the largest
        std::vector<double> lower, upper;  // of R_v, for every v
    };
    struct Ranked {
        double bound;
        std::int32_t label;
    };
    static bool lower_rank(const Ranked& a, const Ranked& b) { return a.bound < b.bound; }

    void find_pairs(std::span<const Point> points, std::span<const Point> own, std::size_t first, std::size_t count);
    void add_pair(const Point& point, const Point& own, float square, std::size_t which);
    void bound(Row& row) const;
    void rank(const Row& row);
    double refine(const VoteGroups::Group& group, double highest);
    double smallest_losing(const LosingVote& vote, std::span<const Ranked> sorted);
    double refine(const LosingVote& vote, double highest);
    double refined_bound(const Row& row, std::size_t kept);

    const PreparedSet* training_;
    RefinedBounds refined_;
    const VoteGroups* votes_ = nullptr;
    std::size_t depth_ = 0;        // largest v, plus one
    std::vector<double> highest_;  // of each group
    float farthest_ = 0.0f;        // upper end of S of the points being taken in
    std::vector<Row> rows_;
    std::size_t count_ = 0, pair_count_ = 0;
    std::vector<std::vector<Ranked>> ranked_;  // for each vote, by upper ends of R_v
    std::vector<std::size_t> entered_;         // for each class; 0 between uses
    PairPack pack_;
    PairList list_;
    std::vector<std::size_t> list_place_;
    std::vector<double> largest_[PairPack::size];  // the depth_ largest lower ends of a row, negative
    std::vector<unsigned char> bits_;
    std::vector<float> squares_;
    std::vector<Ranked> mixed_;
    std::vector<double> values_;
};

}  // namespace robust_metric
