// Slow twin of HalfspaceSum and of Displacements::halfspace_distance.
#pragma once

#include <cstddef>
#include <span>

#include "plain_data.hpp"

namespace robust_metric::reference {

// How far z is from { z + δ : Σ λ_i (d(z + δ, entering_i) - d(z + δ, beaten_i)) <= 0 }, in the caller's units, and what
// long double may be wrong by. Negative where it does not know.
struct HalfspaceDistance {
    Real distance, slack;
};
HalfspaceDistance halfspace_sum(const PlainData& data, const double* z, std::span<const std::size_t> entering,
                                std::span<const std::size_t> beaten, std::span<const double> multipliers);

}  // namespace robust_metric::reference
