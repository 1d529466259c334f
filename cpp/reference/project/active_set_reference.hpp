// Slow, obvious twin of ActiveSetProjection: every set of at most d constraints as the active one.
#pragma once

#include <optional>

#include "plain_data.hpp"

namespace robust_metric::reference {

// The point nearest to 0 with normals[i]·δ >= offsets[i] for all i, up to `tolerance` relative to the numbers
// involved; nothing where there is none.
std::optional<Vector> project(const std::vector<Vector>& normals, const Vector& offsets, Real tolerance = 1e-12L);

}  // namespace robust_metric::reference
