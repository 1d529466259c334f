#include "certify/nearest_packs.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/kernels.hpp"

namespace robust_metric {

void sort_nearest(std::span<LeafQuery::Found> points, std::size_t count) {
    const auto nearer = [](const LeafQuery::Found& a, const LeafQuery::Found& b) { return a.value < b.value; };
    const auto end = points.begin() + static_cast<std::ptrdiff_t>(count);
    if (end != points.end()) std::nth_element(points.begin(), end, points.end(), nearer);
    std::sort(points.begin(), end, nearer);
}

std::span<PairPack> fill_packs(const FilterRows& rows, std::span<const LeafQuery::Found> points,
                               std::vector<PairPack>& packs) {
    const std::size_t count = (points.size() + PairPack::size - 1) / PairPack::size;
    packs.resize(std::max(packs.size(), count));
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t first = i * PairPack::size;
        packs[i].fill(rows, points.subspan(first, std::min(PairPack::size, points.size() - first)),
                      std::numeric_limits<float>::infinity(), [](const LeafQuery::Found& p) { return p.upper(); });
    }
    return std::span(packs).first(count);
}

void PackTest::keep_unbeaten(const FilterRows& rows, std::span<const PairPack> packs, float four_squares,
                             std::size_t enough, std::vector<LeafQuery::Found>& points) {
    list_.clear();
    for (const LeafQuery::Found& point : points) list_.push(rows, point.index, point.lower());
    std::size_t count = points.size();
    beaten_.assign(count, 0);
    bits_.resize(count);
    for (std::size_t pack = 0; pack < packs.size() && count > 0; ++pack) {
        kernels().pairs_beyond(packs[pack].view(), list_.view(0, count), four_squares, bits_.data());
        std::size_t kept = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t beaten = beaten_[i] + static_cast<std::size_t>(std::popcount(bits_[i]));
            if (beaten >= enough) continue;
            beaten_[kept] = beaten;
            points[kept] = points[i];
            list_.move(i, kept++);
        }
        count = kept;
    }
    points.resize(count);
}

}  // namespace robust_metric
