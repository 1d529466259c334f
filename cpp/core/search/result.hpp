// What both searches say of a query whose interval they know.
#pragma once

#include "robust_metric/minimal_perturbations.hpp"

namespace robust_metric {

// relative width up to which an interval counts as exact
inline constexpr double exactness = 1e-9;

// Of a search that has its interval; early: it ended before its time.
void set_status(MinimalPerturbation& result, bool early);

}  // namespace robust_metric
