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

Real certified_radius(const PlainData& data, const double* z, std::int32_t label, std::size_t k,
                      const DataChanges& changes) {
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
    const std::size_t own_size = data.size() - table.size();
    std::size_t rival_classes = 0;
    for (int r = 0; r < data.classes; ++r) rival_classes += std::count(rivals.begin(), rivals.end(), r) > 0;

    // every way: so many inserted points among the K nearest, own points kept, of these and of the others relabelled.
    // The winner is a class that there is, or where data may change one before c that has no points.
    Real radius = infinity;
    const bool may_be_new = changes.inserted + changes.relabelled > 0;
    for (int rival = may_be_new ? -1 : 0; rival < data.classes; ++rival) {
        if (rival == label) continue;
        for (std::size_t inserted = 0; inserted <= std::min(changes.inserted, k); ++inserted) {
            for (std::size_t kept = 0; kept <= std::min(k - inserted, own_size); ++kept) {
                // that many points enter, each nearer than all but `kept` of the own class and those that are deleted
                const std::size_t entering = k - inserted - kept;
                Vector of_all, of_rival;
                for (std::size_t i = 0; i < table.size(); ++i) {
                    of_all.push_back(largest(table[i], kept + changes.deleted + 1));
                    if (rivals[i] == rival) of_rival.push_back(of_all.back());
                }
                for (std::size_t own = 0; own <= std::min(kept, changes.relabelled); ++own) {
                    for (std::size_t other = 0; other <= std::min(entering, changes.relabelled - own); ++other) {
                        // so many of the rival's own points that it has as many votes as the own class has left, one
                        // more where the smaller label wins the tie against it, and as many as any other class
                        std::size_t votes = 0;
                        const auto wins = [&] {
                            const std::size_t all = votes + inserted + own + other;
                            return all >= kept - own + (rival < label ? 0 : 1) &&
                                   (rival_classes == 0 || all * rival_classes >= entering - other);
                        };
                        while (!wins()) ++votes;
                        if (votes > entering) continue;
                        radius = std::min(radius, std::max(smallest(of_all, entering), smallest(of_rival, votes)));
                    }
                }
            }
        }
    }
    return radius;
}

}  // namespace robust_metric::reference
