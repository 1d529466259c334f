#include "learn/arml/triplet_loss_reference.hpp"

#include <algorithm>
#include <cmath>

namespace robust_metric::reference {

namespace {

using Vector = std::vector<double>;

Vector difference(MatrixView points, std::int64_t a, std::int64_t b) {
    Vector result(points.cols());
    for (std::size_t j = 0; j < points.cols(); ++j)
        result[j] = points(static_cast<std::size_t>(a), j) - points(static_cast<std::size_t>(b), j);
    return result;
}

Vector multiply(MatrixView matrix, const Vector& x) {
    Vector result(matrix.rows());
    for (std::size_t i = 0; i < matrix.rows(); ++i)
        for (std::size_t j = 0; j < matrix.cols(); ++j) result[i] += matrix(i, j) * x[j];
    return result;
}

Vector multiply_transposed(MatrixView matrix, const Vector& x) {
    Vector result(matrix.cols());
    for (std::size_t i = 0; i < matrix.rows(); ++i)
        for (std::size_t j = 0; j < matrix.cols(); ++j) result[j] += matrix(i, j) * x[i];
    return result;
}

double squared_norm(const Vector& x) {
    double sum = 0.0;
    for (const double value : x) sum += value * value;
    return sum;
}

double length(Norm q, const Vector& x) {
    double sum = 0.0, largest = 0.0;
    for (const double value : x) {
        sum += std::fabs(value);
        largest = std::max(largest, std::fabs(value));
    }
    return q == Norm::one ? sum : q == Norm::infinity ? largest : std::sqrt(squared_norm(x));
}

// The gradient of the length.
Vector direction(Norm q, const Vector& x) {
    Vector result(x.size());
    std::size_t largest = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
        if (std::fabs(x[j]) > std::fabs(x[largest])) largest = j;
        result[j] = q == Norm::two ? x[j] / length(q, x) : x[j] > 0.0 ? 1.0 : x[j] < 0.0 ? -1.0 : 0.0;
    }
    if (q == Norm::infinity)
        for (std::size_t j = 0; j < x.size(); ++j) result[j] = j == largest ? result[j] : 0.0;
    return result;
}

void add_outer(Vector& gradient, double factor, const Vector& column, const Vector& row) {
    for (std::size_t i = 0; i < column.size(); ++i)
        for (std::size_t j = 0; j < row.size(); ++j) gradient[i * row.size() + j] += factor * column[i] * row[j];
}

}  // namespace

TripletLoss triplet_loss(MatrixView points, MatrixView components, const Triplets& triplets,
                         const BoundLossOptions& options, Norm dual_norm) {
    const std::size_t count = triplets.anchor.size();
    TripletLoss result;
    result.gradient.resize(components.rows() * components.cols());
    double squared_components = 0.0;
    for (std::size_t i = 0; i < components.rows(); ++i)
        for (std::size_t j = 0; j < components.cols(); ++j) squared_components += components(i, j) * components(i, j);
    for (std::size_t t = 0; t < count; ++t) {
        const Vector p = difference(points, triplets.anchor[t], triplets.far[t]);
        const Vector q = difference(points, triplets.anchor[t], triplets.near[t]);
        const Vector w = difference(points, triplets.near[t], triplets.far[t]);
        const Vector lp = multiply(components, p), lq = multiply(components, q);
        const Vector lw = multiply(components, w), s = multiply_transposed(components, lw);
        const double norm = length(dual_norm, s);
        const bool degenerate = norm <= 1e-10 * squared_components * std::sqrt(squared_norm(w));
        const double margin = squared_norm(lp) - squared_norm(lq);
        const double bound = degenerate ? 0.0 : margin / (2.0 * norm);
        result.bounds.push_back(bound);

        double loss = 0.0, slope = 0.0;
        switch (options.kind) {
            case BoundLoss::linear:
                loss = -bound;
                slope = -1.0;
                break;
            case BoundLoss::hinge:
                loss = std::max(0.0, options.target - bound);
                slope = bound < options.target ? -1.0 : 0.0;
                break;
            case BoundLoss::ramp:
                loss = std::min(std::max(0.0, options.target - bound), options.target);
                slope = bound > 0.0 && bound < options.target ? -1.0 : 0.0;
                break;
        }
        result.loss += loss / static_cast<double>(count);
        if (degenerate) continue;
        // dN = 2 (Lp pᵀ − Lq qᵀ), d‖s‖ = Lw hᵀ + Lh wᵀ with h its gradient in s, dε = (dN − 2 ε d‖s‖) / (2 ‖s‖)
        const double factor = slope / (static_cast<double>(count) * norm);
        const Vector h = direction(dual_norm, s), lh = multiply(components, h);
        add_outer(result.gradient, factor, lp, p);
        add_outer(result.gradient, -factor, lq, q);
        add_outer(result.gradient, -factor * bound, lw, h);
        add_outer(result.gradient, -factor * bound, lh, w);
    }
    return result;
}

}  // namespace robust_metric::reference
