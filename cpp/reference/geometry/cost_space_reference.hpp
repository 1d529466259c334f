// Slow, obvious twins of CostSpace::distance and of the projections: one unknown at a time, by bisection.
#pragma once

#include "plain_data.hpp"
#include "robust_metric/threat.hpp"

namespace robust_metric::reference {

// sup { normal·δ : ‖δ‖_p <= radius, -below <= δ <= above }
Real gain(Norm norm, const Vector& normal, const Vector& below, const Vector& above, Real radius);

// min ‖δ‖_p with normal·δ >= offset in the box; infinite where there is none. Right to about 1e-15.
Real halfspace_distance(Norm norm, const Vector& normal, Real offset, const Vector& below, const Vector& above);

}  // namespace robust_metric::reference
