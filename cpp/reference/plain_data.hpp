// What the slow twins work on: the caller's arrays as they are, and long double arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "robust_metric/matrix_view.hpp"

namespace robust_metric::reference {

using Real = long double;
using Vector = std::vector<Real>;

struct PlainData {
    MatrixView points;                     // n × d
    std::span<const std::int32_t> labels;  // in [0, classes)
    int classes;
    MatrixView components;  // r × d, or empty for the Euclidean metric

    std::size_t size() const { return points.rows(); }
    std::size_t dimension() const { return points.cols(); }
};

Vector difference(const double* a, const double* b, std::size_t n);
Real dot(const Vector& a, const Vector& b);
Real norm(const Vector& a);
// L w and M w
Vector mapped(const PlainData& data, const Vector& w);
Vector twice_mapped(const PlainData& data, const Vector& w);
// ‖L(z - x_i)‖²
Real squared_distance(const PlainData& data, const double* z, std::size_t i);

}  // namespace robust_metric::reference
