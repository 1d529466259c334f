// Slow, obvious twin of kneighbors and predict: sorts all training points. Exact where long double is, so for
// small integers.
#pragma once

#include "plain_data.hpp"

namespace robust_metric::reference {

// Row numbers of the k nearest, nearest first, ties by the smaller number.
std::vector<std::size_t> nearest(const PlainData& data, const double* z, std::size_t k);

std::int32_t predict(const PlainData& data, const double* z, std::size_t k);

}  // namespace robust_metric::reference
