// What a witness is to survive: being rounded to float32, or to some number of decimal places.
#pragma once

#include "robust_metric/minimal_perturbations.hpp"

namespace robust_metric {

// x as float32 holds it, or to so many decimal places, computed as NumPy's round does.
double rounded(const WitnessRounding& to, double x);
// The same for a number that is to stay in an interval: where rounding leaves it, the next number on the other side,
// which may be outside as well where the interval holds none.
double rounded_within(const WitnessRounding& to, double x, double lower, double upper);

}  // namespace robust_metric
