// Slow, obvious twin of neighbor_certificates.hpp.
#pragma once

#include "plain_data.hpp"

namespace robust_metric::reference {

// Distance from z to the nearest point at which the set of the k nearest is another one.
Real neighbor_radius(const PlainData& data, const double* z, std::size_t k);

}  // namespace robust_metric::reference
