#include "learn/prototypes/loss_reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace robust_metric::reference {

namespace {

using Vector = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();

Vector difference(const double* a, const double* b, std::size_t size) {
    Vector result(size);
    for (std::size_t j = 0; j < size; ++j) result[j] = a[j] - b[j];
    return result;
}

Vector multiply(MatrixView matrix, const Vector& x) {
    if (matrix.rows() == 0) return x;
    Vector result(matrix.rows());
    for (std::size_t i = 0; i < matrix.rows(); ++i)
        for (std::size_t j = 0; j < matrix.cols(); ++j) result[i] += matrix(i, j) * x[j];
    return result;
}

Vector multiply_transposed(MatrixView matrix, const Vector& x) {
    if (matrix.rows() == 0) return x;
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

double norm(Norm q, const Vector& x) {
    double sum = 0.0, largest = 0.0;
    for (const double value : x) {
        sum += std::fabs(value);
        largest = std::max(largest, std::fabs(value));
    }
    if (q == Norm::one) return sum;
    return q == Norm::two ? std::sqrt(squared_norm(x)) : largest;
}

Vector norm_gradient(Norm q, const Vector& x) {
    Vector result(x.size());
    const double size = norm(q, x);
    bool found = false;
    for (std::size_t j = 0; j < x.size(); ++j) {
        const double sign = x[j] > 0.0 ? 1.0 : (x[j] < 0.0 ? -1.0 : 0.0);
        if (q == Norm::two) result[j] = x[j] / size;
        if (q == Norm::one) result[j] = sign;
        if (q == Norm::infinity && !found && std::fabs(x[j]) == size) {
            result[j] = sign;
            found = true;
        }
    }
    return result;
}

// The `count` nearest of the prototypes that `wanted` admits: squared distance and index, nearest first.
template <class Wanted>
std::vector<std::pair<double, std::size_t>> nearest(const double* z, const LabelledPoints& prototypes,
                                                    MatrixView components, std::size_t count, Wanted wanted) {
    std::vector<std::pair<double, std::size_t>> found;
    for (std::size_t j = 0; j < prototypes.points.rows(); ++j)
        if (wanted(prototypes.labels[j]))
            found.emplace_back(
                squared_norm(multiply(components, difference(z, prototypes.points.row(j), prototypes.points.cols()))),
                j);
    std::sort(found.begin(), found.end());
    found.resize(std::min(count, found.size()));
    return found;
}

// W⁻¹ M (a − b)
Vector weighted_normal(const LabelledPoints& prototypes, std::size_t a, std::size_t b, MatrixView components,
                       const PrototypeLossOptions& options) {
    const std::size_t d = prototypes.points.cols();
    Vector s = multiply_transposed(
        components, multiply(components, difference(prototypes.points.row(a), prototypes.points.row(b), d)));
    for (std::size_t j = 0; j < d && !options.inverse_cost.empty(); ++j) s[j] *= options.inverse_cost[j];
    return s;
}

struct Pair {
    bool found = false;
    std::size_t own = 0, other = 0;
    double bound = 0.0;
};

template <class Order>
void keep_rank(std::vector<Pair>& pairs, std::size_t rank, Order before) {
    std::stable_sort(pairs.begin(), pairs.end(),
                     [&](const Pair& a, const Pair& b) { return before(a.bound, b.bound); });
    pairs = {pairs[std::min(rank, pairs.size() - 1)]};
}

Pair deciding_pair(const double* z, std::int32_t label, const LabelledPoints& prototypes, MatrixView components,
                   const PrototypeLossOptions& options) {
    const auto own = nearest(z, prototypes, components, options.own_candidates,
                             [label](std::int32_t other) { return other == label; });
    const auto others = nearest(z, prototypes, components, options.other_candidates,
                                [label](std::int32_t other) { return other != label; });
    std::vector<Pair> column;
    for (const auto& [far, other] : others) {
        std::vector<Pair> row;
        for (const auto& [near, mine] : own) {
            const double length =
                norm(options.dual_norm, weighted_normal(prototypes, mine, other, components, options));
            row.push_back({true, mine, other, length > 0.0 ? (far - near) / (2.0 * length) : -infinity});
        }
        keep_rank(row, options.own_rank, [](double a, double b) { return a > b; });
        if (row[0].bound > -infinity) column.push_back(row[0]);
    }
    if (column.empty()) return {};
    keep_rank(column, options.other_rank, [](double a, double b) { return a < b; });
    return column[0];
}

void add(double* out, double factor, const Vector& x) {
    for (std::size_t j = 0; j < x.size(); ++j) out[j] += factor * x[j];
}

void add_outer(Vector& gradient, double factor, const Vector& column, const Vector& row) {
    for (std::size_t i = 0; i < column.size(); ++i) add(gradient.data() + i * row.size(), factor * column[i], row);
}

}  // namespace

PrototypeLoss prototype_loss(const LabelledPoints& batch, const LabelledPoints& prototypes, MatrixView components,
                             const PrototypeLossOptions& options) {
    const std::size_t d = batch.points.cols(), count = batch.points.rows();
    PrototypeLoss result;
    result.prototypes_gradient.resize(prototypes.points.rows() * d);
    if (options.with_components_gradient) result.components_gradient.resize(components.rows() * d);
    for (std::size_t i = 0; i < count; ++i) {
        const double* z = batch.points.row(i);
        const Pair pair = deciding_pair(z, batch.labels[i], prototypes, components, options);
        const LossValue value = loss_of_bound(options.loss, pair.bound);
        result.bounds.push_back(pair.bound);
        result.loss += value.value / static_cast<double>(count);
        if (!pair.found) continue;
        const Vector p = difference(z, prototypes.points.row(pair.other), d);
        const Vector q = difference(z, prototypes.points.row(pair.own), d);
        const Vector w = difference(prototypes.points.row(pair.own), prototypes.points.row(pair.other), d);
        const Vector s = weighted_normal(prototypes, pair.own, pair.other, components, options);
        Vector h = norm_gradient(options.dual_norm, s);  // ∂D/∂(Mw)
        for (std::size_t j = 0; j < d && !options.inverse_cost.empty(); ++j) h[j] *= options.inverse_cost[j];
        // ε = N / 2D: dε = (dN / 2 − ε dD) / D, dD = h·d(Mw)
        const double factor = value.slope / (static_cast<double>(count) * norm(options.dual_norm, s));
        const auto image = [&](const Vector& x) { return multiply_transposed(components, multiply(components, x)); };
        const Vector mh = image(h);
        add(result.prototypes_gradient.data() + pair.own * d, factor, image(q));
        add(result.prototypes_gradient.data() + pair.own * d, -factor * pair.bound, mh);
        add(result.prototypes_gradient.data() + pair.other * d, -factor, image(p));
        add(result.prototypes_gradient.data() + pair.other * d, factor * pair.bound, mh);
        if (!options.with_components_gradient) continue;
        add_outer(result.components_gradient, factor, multiply(components, p), p);
        add_outer(result.components_gradient, -factor, multiply(components, q), q);
        add_outer(result.components_gradient, -factor * pair.bound, multiply(components, w), h);
        add_outer(result.components_gradient, -factor * pair.bound, multiply(components, h), w);
    }
    return result;
}

}  // namespace robust_metric::reference
