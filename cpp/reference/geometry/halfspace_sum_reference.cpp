#include "geometry/halfspace_sum_reference.hpp"

namespace robust_metric::reference {

HalfspaceDistance halfspace_sum(const PlainData& data, const double* z, std::span<const std::size_t> entering,
                                std::span<const std::size_t> beaten, std::span<const double> multipliers) {
    const std::size_t d = data.dimension();
    Vector direction(d);
    Real gap = 0, gap_size = 0, direction_size = 0;
    for (std::size_t i = 0; i < multipliers.size(); ++i) {
        const Real far = squared_distance(data, z, entering[i]), near = squared_distance(data, z, beaten[i]);
        const Vector normal =
            twice_mapped(data, difference(data.points.row(beaten[i]), data.points.row(entering[i]), d));
        gap += multipliers[i] * (far - near);
        gap_size += multipliers[i] * (far + near);
        for (std::size_t j = 0; j < d; ++j) direction[j] += multipliers[i] * normal[j];
        direction_size += multipliers[i] * norm(normal);
    }
    const Real length = norm(direction);
    if (gap <= 0) return {0, length > 0 ? 1e-17L * gap_size / length : 0};
    if (length <= 1e-14L * direction_size) return {-1, 0};
    return {gap / (2 * length), 1e-17L * (gap_size / length + gap / length * direction_size / length)};
}

}  // namespace robust_metric::reference
