// Witnesses to the last bit, where plain steps stop short of them: bisected towards the query, and rounded to numbers
// with few digits, at which distances between points with few digits are equal exactly.
#pragma once

#include <span>
#include <vector>

#include "search/witness.hpp"

namespace robust_metric {

// Bisects the segment from the query to the witness, if there is one, down to neighbouring floats.
void shrink_witness(Witness& witness);

// Tries query + step with its coordinates rounded, more and more coarsely, to binary and decimal fractions. query and
// step in the caller's units. True where the class differs somewhere.
bool try_rounded(Witness& witness, const double* query, std::span<const double> step);

}  // namespace robust_metric
