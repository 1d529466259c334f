#include "search/vote/joint_reference.hpp"

#include <algorithm>
#include <functional>
#include <limits>

#include "project/active_set_reference.hpp"

namespace robust_metric::reference {

Real joint_bound(const PlainData& data, const double* z, std::size_t x, std::size_t y, std::span<const std::size_t> own,
                 std::size_t kept) {
    Vector distances;
    for (const std::size_t w : own) {
        std::vector<Vector> normals;
        Vector offsets;
        for (const std::size_t point : {x, y}) {
            normals.push_back(
                twice_mapped(data, difference(data.points.row(point), data.points.row(w), data.dimension())));
            offsets.push_back((squared_distance(data, z, point) - squared_distance(data, z, w)) / 2);
        }
        const auto nearest = project(normals, offsets);
        distances.push_back(nearest ? norm(*nearest) : std::numeric_limits<Real>::infinity());
    }
    std::sort(distances.begin(), distances.end(), std::greater<>());
    return distances[kept];
}

}  // namespace robust_metric::reference
