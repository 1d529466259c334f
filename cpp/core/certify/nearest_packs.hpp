// The nearest own-class points, in packs for the pair kernels, and the test that drops points which they surely beat.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "certify/pair_packs.hpp"
#include "data/filter_rows.hpp"
#include "data/leaf_query.hpp"

namespace robust_metric {

// Brings so many of the points that are nearest to the front, sorted.
void sort_nearest(std::span<LeafQuery::Found> points, std::size_t count);

// The points in packs by the upper ends of their S, in a work space that only grows; rows: what lengths are made of.
std::span<PairPack> fill_packs(const FilterRows& rows, std::span<const LeafQuery::Found> points,
                               std::vector<PairPack>& packs);

// Holds its work space.
class PackTest {
public:
    // Drops points of which `enough` packed ones surely have ε above a bound, given as 4 times its square.
    void keep_unbeaten(const FilterRows& rows, std::span<const PairPack> packs, float four_squares, std::size_t enough,
                       std::vector<LeafQuery::Found>& points);

private:
    PairList list_;
    std::vector<std::size_t> beaten_;
    std::vector<unsigned char> bits_;
};

}  // namespace robust_metric
