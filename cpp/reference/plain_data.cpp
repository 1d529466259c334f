#include "plain_data.hpp"

#include <cmath>

namespace robust_metric::reference {

Vector difference(const double* a, const double* b, std::size_t n) {
    Vector result(n);
    for (std::size_t j = 0; j < n; ++j) result[j] = Real{a[j]} - Real{b[j]};
    return result;
}

Real dot(const Vector& a, const Vector& b) {
    Real sum = 0;
    for (std::size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
    return sum;
}

Real norm(const Vector& a) { return std::sqrt(dot(a, a)); }

Vector mapped(const PlainData& data, const Vector& w) {
    if (data.components.rows() == 0) return w;
    Vector result(data.components.rows());
    for (std::size_t i = 0; i < result.size(); ++i)
        for (std::size_t j = 0; j < w.size(); ++j) result[i] += Real{data.components(i, j)} * w[j];
    return result;
}

Vector twice_mapped(const PlainData& data, const Vector& w) {
    if (data.components.rows() == 0) return w;
    const Vector p = mapped(data, w);
    Vector result(w.size());
    for (std::size_t i = 0; i < p.size(); ++i)
        for (std::size_t j = 0; j < w.size(); ++j) result[j] += Real{data.components(i, j)} * p[i];
    return result;
}

Real squared_distance(const PlainData& data, const double* z, std::size_t i) {
    const Vector p = mapped(data, difference(z, data.points.row(i), data.dimension()));
    return dot(p, p);
}

}  // namespace robust_metric::reference
