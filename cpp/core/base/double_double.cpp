#include "base/double_double.hpp"

namespace robust_metric {

DoubleDouble dot(const DoubleDouble* a, const DoubleDouble* b, std::size_t n) {
    DoubleDouble sum;
    for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

}  // namespace robust_metric
