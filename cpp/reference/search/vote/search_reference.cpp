#include "search/vote/search_reference.hpp"

#include <algorithm>
#include <limits>

#include "project/active_set_reference.hpp"

namespace robust_metric::reference {

namespace {

std::int32_t vote(const PlainData& data, const std::vector<bool>& inside) {
    std::vector<std::size_t> votes(static_cast<std::size_t>(data.classes));
    for (std::size_t i = 0; i < inside.size(); ++i)
        if (inside[i]) ++votes[static_cast<std::size_t>(data.labels[i])];
    return static_cast<std::int32_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
}

// Distance to where the points inside are the nearest ones; infinite where they nowhere are.
Real cell_distance(const PlainData& data, const double* z, const std::vector<bool>& inside) {
    std::vector<Vector> normals;
    Vector offsets;
    for (std::size_t in = 0; in < inside.size(); ++in)
        for (std::size_t out = 0; out < inside.size(); ++out) {
            if (!inside[in] || inside[out]) continue;
            const Vector step = difference(data.points.row(in), data.points.row(out), data.dimension());
            if (norm(mapped(data, step)) == 0) {  // the same to the metric: the index decides everywhere
                if (out < in) return std::numeric_limits<Real>::infinity();
                continue;
            }
            normals.push_back(twice_mapped(data, step));
            offsets.push_back((squared_distance(data, z, in) - squared_distance(data, z, out)) / 2);
        }
    if (normals.empty()) return 0;
    const auto nearest = project(normals, offsets);
    return nearest ? norm(*nearest) : std::numeric_limits<Real>::infinity();
}

}  // namespace

Real minimal_perturbation(const PlainData& data, const double* z, std::int32_t label, std::size_t k) {
    Real smallest = std::numeric_limits<Real>::infinity();
    std::vector<bool> inside(data.size(), false);
    std::fill(inside.end() - static_cast<std::ptrdiff_t>(k), inside.end(), true);
    do {
        if (vote(data, inside) != label) smallest = std::min(smallest, cell_distance(data, z, inside));
    } while (std::next_permutation(inside.begin(), inside.end()));
    return smallest;
}

}  // namespace robust_metric::reference
