#include "certify/neighbor_sets_reference.hpp"

#include <algorithm>
#include <limits>

#include "certify/halfspace_bounds_reference.hpp"
#include "geometry/neighbors_reference.hpp"

namespace robust_metric::reference {

Real neighbor_radius(const PlainData& data, const double* z, std::size_t k) {
    std::vector<char> inside(data.size(), 0);
    for (const std::size_t i : nearest(data, z, k)) inside[i] = 1;
    Real radius = std::numeric_limits<Real>::infinity();
    for (std::size_t own = 0; own < data.size(); ++own)
        for (std::size_t other = 0; other < data.size(); ++other) {
            if (!inside[own] || inside[other]) continue;
            const Vector apart = difference(data.points.row(own), data.points.row(other), data.dimension());
            // points that the metric does not tell apart keep the order of their indices
            if (norm(mapped(data, apart)) > 0) radius = std::min(radius, pair_bound(data, z, own, other));
        }
    return radius;
}

}  // namespace robust_metric::reference
