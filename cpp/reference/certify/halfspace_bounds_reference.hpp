// Slow, obvious twin of certified_radii: the table of all pair bounds, then every way to lose the vote.
#pragma once

#include "plain_data.hpp"
#include "robust_metric/data_changes.hpp"

namespace robust_metric::reference {

// ε(z; x⁺, x⁻); 0 where both points are the same to the metric.
Real pair_bound(const PlainData& data, const double* z, std::size_t own, std::size_t other);

// The bound of docs/halfspace_bounds.md for `label` being predicted at z, of docs/data_changes.md where data may
// change.
Real certified_radius(const PlainData& data, const double* z, std::int32_t label, std::size_t k,
                      const DataChanges& changes = {});

}  // namespace robust_metric::reference
