#include "base/double_double.hpp"

#include <algorithm>

namespace robust_metric {

DoubleDouble dot(const DoubleDouble* a, const DoubleDouble* b, std::size_t n) {
    DoubleDouble sum;
    for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

void multiply(MatrixView l, const DoubleDouble* w, DoubleDouble* p) {
    for (std::size_t i = 0; i < l.rows(); ++i) {
        DoubleDouble sum;
        for (std::size_t j = 0; j < l.cols(); ++j)
            if (l(i, j) != 0.0) sum += l(i, j) * w[j];
        p[i] = sum;
    }
}

void multiply_transposed(MatrixView l, const DoubleDouble* p, DoubleDouble* s) {
    std::fill_n(s, l.cols(), DoubleDouble());
    for (std::size_t i = 0; i < l.rows(); ++i)
        for (std::size_t j = 0; j < l.cols(); ++j)
            if (l(i, j) != 0.0) s[j] += l(i, j) * p[i];
}

}  // namespace robust_metric
