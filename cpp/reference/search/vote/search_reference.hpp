// Slow, obvious twin of minimal_perturbations for a vote of k neighbours: every set of k points whose vote is
// another class, and the projection onto the cell where they are the k nearest.
#pragma once

#include "plain_data.hpp"

namespace robust_metric::reference {

// The infimum of ‖δ‖ over all δ that change the prediction `label` at z by k neighbours; infinite where none does.
Real minimal_perturbation(const PlainData& data, const double* z, std::int32_t label, std::size_t k);

}  // namespace robust_metric::reference
