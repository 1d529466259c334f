#include "certify/halfspace_bounds_reference.hpp"

#include <algorithm>
#include <limits>

namespace robust_metric::reference {

namespace {

constexpr Real infinity = std::numeric_limits<Real>::infinity();

// rank from 1; infinite where there are not as many
Real smallest(Vector values, std::size_t rank) {
    std::sort(values.begin(), values.end());
    return rank == 0 ? 0 : rank <= values.size() ? values[rank - 1] : infinity;
}

// rank from 1; 0 where there are not as many: no own-class point is left to be beaten
Real largest(Vector values, std::size_t rank) {
    std::sort(values.rbegin(), values.rend());
    return rank <= values.size() ? values[rank - 1] : 0;
}

}  // namespace

Real pair_bound(const PlainData& data, const double* z, std::size_t own, std::size_t other) {
    const Vector normal =
        twice_mapped(data, difference(data.points.row(own), data.points.row(other), data.dimension()));
    const Real gap = squared_distance(data, z, other) - squared_distance(data, z, own);
    return gap > 0 && norm(normal) > 0 ? gap / (2 * norm(normal)) : 0;
}

Real certified_radius(const PlainData& data, const double* z, std::int32_t label, std::size_t k) {
    std::vector<Vector> table;  // for each other-class point, its bounds over the own class
    std::vector<std::int32_t> rivals;
    for (std::size_t other = 0; other < data.size(); ++other) {
        if (data.labels[other] == label) continue;
        Vector row;
        for (std::size_t own = 0; own < data.size(); ++own)
            if (data.labels[own] == label) row.push_back(pair_bound(data, z, own, other));
        table.push_back(row);
        rivals.push_back(data.labels[other]);
    }
    std::size_t rival_classes = 0;
    for (int r = 0; r < data.classes; ++r) rival_classes += std::count(rivals.begin(), rivals.end(), r) > 0;

    Real radius = infinity;
    for (int rival = 0; rival < data.classes; ++rival) {
        if (rival == label) continue;
        for (std::size_t kept = 0; kept <= k; ++kept) {
            // k - kept points enter, each nearer than all but `kept` of the own class
            const std::size_t entering = k - kept;
            Vector of_all, of_rival;
            for (std::size_t i = 0; i < table.size(); ++i) {
                of_all.push_back(largest(table[i], kept + 1));
                if (rivals[i] == rival) of_rival.push_back(of_all.back());
            }
            // the rival has as many votes as the own class, one more where the smaller label wins the tie against
            // it, and of those that enter no other class has more
            std::size_t votes = rival < label ? kept : kept + 1;
            while (rival_classes > 0 && votes * rival_classes < entering) ++votes;
            if (votes > entering) continue;
            radius = std::min(radius, std::max(smallest(of_all, entering), smallest(of_rival, votes)));
        }
    }
    return radius;
}

}  // namespace robust_metric::reference
