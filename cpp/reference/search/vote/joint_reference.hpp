// Slow, obvious twin of JointBounds: intersections of two half-spaces, projected onto one by one.
#pragma once

#include <span>

#include "plain_data.hpp"

namespace robust_metric::reference {

// How far z has to move at least for x and y both to be nearer than all of these own-class points but `kept` of them.
Real joint_bound(const PlainData& data, const double* z, std::size_t x, std::size_t y, std::span<const std::size_t> own,
                 std::size_t kept);

}  // namespace robust_metric::reference
