#include "search/single/search_reference.hpp"

#include <algorithm>
#include <limits>

#include "project/active_set_reference.hpp"

namespace robust_metric::reference {

Real minimal_perturbation(const PlainData& data, const double* z, std::int32_t label) {
    Real smallest = std::numeric_limits<Real>::infinity();
    const std::size_t d = data.dimension();
    for (std::size_t other = 0; other < data.size(); ++other) {
        if (data.labels[other] == label) continue;
        std::vector<Vector> normals;
        Vector offsets;
        bool hidden = false;  // behind an own-class point that is the same to the metric and wins every tie
        for (std::size_t own = 0; own < data.size(); ++own) {
            if (data.labels[own] != label) continue;
            const Vector step = difference(data.points.row(other), data.points.row(own), d);
            if (norm(mapped(data, step)) == 0) {
                hidden = hidden || own < other;
                continue;
            }
            // ‖L(z + δ - x⁻)‖² <= ‖L(z + δ - x⁺)‖²
            normals.push_back(twice_mapped(data, step));
            offsets.push_back((squared_distance(data, z, other) - squared_distance(data, z, own)) / 2);
        }
        if (hidden) continue;
        const auto nearest = normals.empty() ? Vector(d) : project(normals, offsets);
        if (nearest) smallest = std::min(smallest, norm(*nearest));
    }
    return smallest;
}

}  // namespace robust_metric::reference
