// Directions in which the filter's rows vary most: what short codes of them are made of. Any others would be sound.
#pragma once

#include <cstddef>
#include <vector>

#include "data/filter_rows.hpp"

namespace robust_metric {

// `count` of them, row by row and orthonormal up to rounding, or 0 where a sample has fewer; by subspace iteration.
std::vector<double> principal_directions(const FilterRows& rows, std::size_t count, int iterations);

// an upper bound of ‖P Pᵀ - I‖ for the rows of P that are not 0
double deviation_from_orthonormal(const std::vector<double>& directions, std::size_t width);

// directions that are further from orthonormal than that are not used
inline constexpr double nearly_orthonormal = 0x1p-36;

}  // namespace robust_metric
