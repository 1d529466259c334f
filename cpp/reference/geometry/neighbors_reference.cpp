#include "geometry/neighbors_reference.hpp"

#include <algorithm>
#include <numeric>

namespace robust_metric::reference {

std::vector<std::size_t> nearest(const PlainData& data, const double* z, std::size_t k) {
    Vector distances;
    for (std::size_t i = 0; i < data.size(); ++i) distances.push_back(squared_distance(data, z, i));
    std::vector<std::size_t> order(data.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return distances[a] < distances[b]; });
    order.resize(k);
    return order;
}

std::int32_t predict(const PlainData& data, const double* z, std::size_t k) {
    std::vector<int> votes(static_cast<std::size_t>(data.classes));
    for (const std::size_t i : nearest(data, z, k)) ++votes[static_cast<std::size_t>(data.labels[i])];
    return static_cast<std::int32_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
}

}  // namespace robust_metric::reference
