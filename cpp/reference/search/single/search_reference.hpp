// Slow, obvious twin of minimal_perturbations: the projection onto every other-class point's cell, all own-class
// points as constraints.
#pragma once

#include "plain_data.hpp"

namespace robust_metric::reference {

// The infimum of ‖δ‖ over all δ that change the 1-NN prediction `label` at z; infinite where none does.
Real minimal_perturbation(const PlainData& data, const double* z, std::int32_t label);

}  // namespace robust_metric::reference
