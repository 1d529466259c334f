// The certified radius of a K-nearest-neighbour prediction on long rows: as NearRows finds it, with points looked at
// in full only where the codes of a cascade leave it open. Derivation: docs/halfspace_bounds.md.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/rounding.hpp"
#include "certify/nearest_packs.hpp"
#include "certify/pair_packs.hpp"
#include "certify/row_bounds.hpp"
#include "certify/row_reach.hpp"
#include "certify/vote_groups.hpp"
#include "data/cascade_query.hpp"
#include "data/prepared_set.hpp"

namespace robust_metric {

// Per-thread evaluation; holds its work space. For threat models whose lengths are 2-norms of gradients. In scaled
// units.
class CascadeRows {
public:
    explicit CascadeRows(const PreparedSet& training, const DataChanges& changes = {})
        : training_(&training),
          changes_(changes),
          codes_(&training.pair_codes()),
          bounds_(training),
          reach_(training),
          taken_(training.size(), 0) {}

    // As NearRows::radii.
    bool radii(CascadeQuery& query, int label, std::span<const std::size_t> ks, std::span<double> radii,
               double at = rounding::infinity);

private:
    using Point = CascadeQuery::Found;

    void collect(std::size_t own_count, std::size_t other_count);
    void pack_nearest_own();
    void look_at_near_rows();
    void look_at_other_rows();
    void test_rows(std::span<const Point> rows);
    void test_in_full(double limit, float four_squares);
    void gather_own(double limit);
    void evaluate(std::size_t count);
    void compare_with_coarse_own(std::span<const Point> batch);
    void keep_possible(const FilterRows& rows, const PairPack& pack, std::span<const Point> batch,
                       std::span<const Point> from, std::vector<Point>& to);

    const PreparedSet* training_;
    DataChanges changes_;
    const Codes* codes_;  // of the rows that lengths of pairs are made of
    RowBounds bounds_;
    RowReach reach_;
    CascadeQuery* query_ = nullptr;
    int label_ = 0;
    std::size_t depth_ = 0;  // largest v, plus one
    VoteGroups votes_;
    std::vector<Point> own_, rows_;  // points known in full: those of the class, and the others
    std::size_t next_ = 0;           // of rows_, to be looked at
    std::vector<char> taken_;        // of all points: those among them
    std::vector<std::uint32_t> taken_points_;
    std::vector<PairPack> pack_space_, first_pack_space_, second_pack_space_;
    std::span<const PairPack> packs_, first_packs_, second_packs_;  // the nearest own-class points, and their codes
    PackTest test_;
    double gathered_ = 0.0;  // coarse own-class points with S up to this are known
    std::size_t gathered_slots_ = 0;
    std::vector<Point> coarse_own_, coarse_rows_, tested_, left_, possible_, more_possible_;
    std::vector<unsigned char> bits_;
    std::vector<float> squares_;
    PairList list_;
    PairPack first_batch_, second_batch_;
    std::vector<double> own_heap_, other_heap_;
};

}  // namespace robust_metric
