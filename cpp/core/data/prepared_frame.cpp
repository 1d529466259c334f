// A prepared set's frame: points, lengths and costs brought into it and back, with what that is off by.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/kernels.hpp"
#include "base/rounding.hpp"
#include "data/prepared_set.hpp"

namespace robust_metric {

namespace {

// Queries beyond the first are brought to the second: near enough for float64 rows, and so far that what the ray leaves
// out, the square of a training point's length, is less than the filter's errors.
constexpr double far_extent = 0x1p48;
constexpr int near_exponent = 24;

}  // namespace

double PreparedSet::centre(const double* point, double* centred) const {
    const std::size_t d = dimension();
    rounding::scale_differences(point, center_.data(), -exponent_, d, centred);
    return rounding::up((1.0 + rounding::gamma(d + 4)) * kernels().dot(centred, centred, d));
}

// The power of two that brings the largest coordinate near 2^near_exponent.
void PreparedSet::bring_near(const double* point, Embedding& out) const {
    double largest = 0.0;
    for (std::size_t j = 0; j < dimension(); ++j) largest = std::max(largest, std::fabs(point[j] - center_[j]));
    if (!(largest < rounding::infinity)) return;  // beyond what any arithmetic here tells
    const int far = std::ilogb(largest) - exponent_ - near_exponent;
    if (far <= 0) return;
    out.far = far;
    for (std::size_t j = 0; j < dimension(); ++j)
        out.centred[j] = std::ldexp(point[j] - center_[j], -exponent_ - out.far);
    const double squares = kernels().dot(out.centred.data(), out.centred.data(), dimension());
    out.extent = rounding::up((1.0 + rounding::gamma(dimension() + 4)) * squares);
}

void PreparedSet::embed_mapped(MatrixView points, std::span<Embedding> out) const {
    std::vector<const double*> centred;
    std::vector<double*> mapped;
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i].centred.resize(dimension());
        out[i].far = 0;
        out[i].extent = centre(points.row(i), out[i].centred.data());
        if (!(out[i].extent <= far_extent)) bring_near(points.row(i), out[i]);
        if (metric_.is_identity()) continue;
        out[i].mapped.resize(metric_.rank());
        centred.push_back(out[i].centred.data());
        mapped.push_back(out[i].mapped.data());
    }
    if (!metric_.is_identity()) multiply(metric_.scaled_components(), centred, mapped);
}

void PreparedSet::embed(MatrixView points, std::span<Embedding> out) const {
    embed_mapped(points, out);
    if (has_one_map()) return;
    std::vector<const double*> mapped;
    std::vector<double*> twice_mapped;
    for (Embedding& point : out) {
        point.twice_mapped.resize(dimension());
        mapped.push_back(point.mapped_row().data());
        twice_mapped.push_back(point.twice_mapped.data());
        if (metric_.is_identity()) point.twice_mapped = point.centred;
    }
    if (!metric_.is_identity()) multiply(metric_.scaled_transpose(), mapped, twice_mapped);
    if (threat_.weighted())
        for (double* row : twice_mapped) weigh(row);
}

void PreparedSet::weigh(double* gradient) const {
    for (std::size_t j = 0; j < dimension(); ++j) gradient[j] *= threat_.inverse_cost(j);
}

Interval PreparedSet::squared_norm(const Embedding& point) const {
    const std::vector<double>& row = point.mapped_row();
    const double size = std::sqrt(kernels().dot(row.data(), row.data(), row.size()));
    const double slack = rounding::gamma(row.size() + 6) + 4.0 * rounding::unit;
    const double error = rounding::up(mapped_error_ * std::sqrt(point.extent)),
                 upper = rounding::up(size * (1.0 + slack) + error);
    const double lower = rounding::down(size * (1.0 - slack) - error);
    if (!(upper <= 0x1p400)) return {0.0, rounding::infinity};
    return {rounding::down(lower * lower), rounding::up(upper * upper)};
}

double PreparedSet::twice_mapped_squared_norm(const Embedding& point) const {
    const std::vector<double>& row = point.twice_mapped_row();
    const double size = std::sqrt(kernels().dot(row.data(), row.data(), row.size()));
    const double slack = rounding::gamma(row.size() + 6) + 4.0 * rounding::unit;
    const double upper = rounding::up(size * (1.0 + slack) + twice_mapped_error_ * std::sqrt(point.extent));
    return rounding::up(upper * upper);
}

double PreparedSet::distance(const Embedding& z, std::size_t i, Embedding& scratch) const {
    const std::vector<double>& query = z.mapped_row();
    const double* row = mapped_row(i, scratch);
    if (z.far == 0) return kernels().squared_distance(query.data(), row, query.size());
    return std::ldexp(kernels().dot(row, row, query.size()), -z.far) -
           2.0 * kernels().dot(query.data(), row, query.size());
}

Interval PreparedSet::distance_interval(double computed, double extents) const {
    const double error = distance_error(extents);
    if (!(error <= 0x1p900)) return {0.0, rounding::infinity};  // overflow or NaN: nothing is known
    return {std::max(computed - error, 0.0), computed + error};
}

Interval PreparedSet::distance_interval(const Embedding& z, std::size_t i, double computed) const {
    if (z.far == 0) return distance_interval(computed, extents(z, i));
    const double error = distance_error(extents(z, i));
    return {computed - error, computed + error};
}

// What the error of a distance is proportional to; of a far query no square of its own length is part of it.
double PreparedSet::extents(const Embedding& z, std::size_t i) const {
    const double of_point = extents_[i];
    return z.far == 0 ? z.extent + of_point : rounding::up(std::sqrt(z.extent * of_point)) + of_point;
}

double PreparedSet::comparison_extents(const Embedding& z, std::size_t a, std::size_t b) const {
    return z.far == 0 ? 2.0 * z.extent + extent(a) + extent(b) : extents(z, a) + extents(z, b);
}

double PreparedSet::twice_mapped_norm_error(double extent_a, double extent_b) const {
    return rounding::up(twice_mapped_error_ * (std::sqrt(extent_a) + std::sqrt(extent_b)));
}

double PreparedSet::unscale_down(double cost, int far) const {
    if (cost == rounding::infinity) return cost;
    const double value = std::ldexp(cost, exponent_ + far + threat_.exponent());
    if (value < 0x1p-1000) return value > 0.0 ? std::nextafter(value, 0.0) : 0.0;  // maybe subnormal
    return std::min(value, std::numeric_limits<double>::max());
}

double PreparedSet::unscale_up(double cost, int far) const {
    const double value = std::ldexp(cost, exponent_ + far + threat_.exponent());
    return value < 0x1p-1000 && cost > 0.0 ? std::nextafter(value, 1.0) : value;
}

}  // namespace robust_metric
