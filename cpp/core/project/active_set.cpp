#include "project/active_set.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/kernels.hpp"

namespace robust_metric {

namespace {

// a normal whose part outside the active span is below this share of it counts as dependent
constexpr double dependence = 1e-10;
constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

}  // namespace

void ActiveSetProjection::reset() {
    solution_.assign(dimension_, 0.0);
    ids_.clear();
    offsets_.clear();
    multipliers_.clear();
    triangle_.clear();
}

double ActiveSetProjection::norm() const {
    return std::sqrt(kernels().dot(solution_.data(), solution_.data(), dimension_));
}

bool ActiveSetProjection::add(const double* normal, double offset, std::size_t id) {
    const Kernels& k = kernels();
    const double size = std::sqrt(k.dot(normal, normal, dimension_));
    double multiplier = 0.0;
    contradiction_.clear();
    // each round either finishes or drops a constraint
    for (std::size_t round = ids_.size() + 1; round > 0; --round) {
        const double violation = offset - k.dot(normal, solution_.data(), dimension_);
        project(normal);
        direction_ = coefficients_;
        back_substitute(direction_);  // how the active multipliers shrink per unit of the new one
        double dual_step = std::numeric_limits<double>::infinity();
        std::size_t blocking = none;
        for (std::size_t j = 0; j < ids_.size(); ++j)
            if (direction_[j] > 0.0 && multipliers_[j] < dual_step * direction_[j]) {
                dual_step = multipliers_[j] / direction_[j];
                blocking = j;
            }
        const bool independent = ids_.size() < dimension_ && residual_norm_ > dependence * size;
        const double primal_step = independent ? std::max(violation, 0.0) / (residual_norm_ * residual_norm_)
                                               : std::numeric_limits<double>::infinity();
        if (!independent && blocking == none) {
            for (const double shrink : direction_) contradiction_.push_back(std::max(-shrink, 0.0));
            contradiction_.push_back(1.0);
            refresh();
            return false;
        }
        const double step = std::min(primal_step, dual_step);
        for (std::size_t j = 0; j < ids_.size(); ++j) multipliers_[j] -= step * direction_[j];
        multiplier += step;
        if (independent) k.axpy(step, residual_.data(), solution_.data(), dimension_);
        if (primal_step <= dual_step) {
            append(id, offset, multiplier);
            refresh();
            return true;
        }
        drop(blocking);
    }
    refresh();
    return false;
}

// normal = Q coefficients + residual, orthogonalised twice (twice is enough)
void ActiveSetProjection::project(const double* normal) {
    const Kernels& k = kernels();
    residual_.assign(normal, normal + dimension_);
    coefficients_.assign(ids_.size(), 0.0);
    for (int pass = 0; pass < 2; ++pass)
        for (std::size_t i = 0; i < ids_.size(); ++i) {
            const double c = k.dot(q(i), residual_.data(), dimension_);
            k.axpy(-c, q(i), residual_.data(), dimension_);
            coefficients_[i] += c;
        }
    residual_norm_ = std::sqrt(k.dot(residual_.data(), residual_.data(), dimension_));
}

void ActiveSetProjection::append(std::size_t id, double offset, double multiplier) {
    const std::size_t count = ids_.size();
    if (basis_.size() < (count + 1) * dimension_) basis_.resize((2 * count + 4) * dimension_);
    double* column = q(count);
    for (std::size_t i = 0; i < dimension_; ++i) column[i] = residual_[i] / residual_norm_;
    triangle_.insert(triangle_.end(), coefficients_.begin(), coefficients_.end());
    triangle_.push_back(residual_norm_);
    ids_.push_back(id);
    offsets_.push_back(offset);
    multipliers_.push_back(multiplier);
}

// Removes column j of R and restores the triangle by Givens rotations, which also turn Q.
void ActiveSetProjection::drop(std::size_t j) {
    const std::size_t count = ids_.size();
    std::vector<double> column;
    for (std::size_t c = j + 1; c < count; ++c) {
        column.resize(c + 1);
        for (std::size_t i = 0; i <= c; ++i) column[i] = r(i, c);
        // the rotations found for the columns before this one, then one that clears its last entry
        for (std::size_t i = j; i < c; ++i) {
            double cosine, sine;
            if (i + 1 < c) {
                cosine = dual_[2 * (i - j)];
                sine = dual_[2 * (i - j) + 1];
            } else {
                const double length = std::hypot(column[i], column[i + 1]);
                cosine = length > 0.0 ? column[i] / length : 1.0;
                sine = length > 0.0 ? column[i + 1] / length : 0.0;
                dual_.resize(2 * (i - j) + 2);
                dual_[2 * (i - j)] = cosine;
                dual_[2 * (i - j) + 1] = sine;
                double *a = q(i), *b = q(i + 1);
                for (std::size_t l = 0; l < dimension_; ++l) {
                    const double first = a[l], second = b[l];
                    a[l] = cosine * first + sine * second;
                    b[l] = cosine * second - sine * first;
                }
            }
            const double first = column[i], second = column[i + 1];
            column[i] = cosine * first + sine * second;
            column[i + 1] = cosine * second - sine * first;
        }
        for (std::size_t i = 0; i < c; ++i) r(i, c - 1) = column[i];
    }
    triangle_.resize((count - 1) * count / 2);
    const auto at = static_cast<std::ptrdiff_t>(j);
    ids_.erase(ids_.begin() + at);
    offsets_.erase(offsets_.begin() + at);
    multipliers_.erase(multipliers_.begin() + at);
}

// x <- R⁻¹ x
void ActiveSetProjection::back_substitute(std::vector<double>& x) const {
    for (std::size_t j = x.size(); j-- > 0;) {
        x[j] /= r(j, j);
        for (std::size_t i = 0; i < j; ++i) x[i] -= r(i, j) * x[j];
    }
}

// δ and the multipliers anew from the factors: δ = Q y with Rᵀ y = b, R u = y. Steps leave rounding behind;
// this does not.
void ActiveSetProjection::refresh() {
    const std::size_t count = ids_.size();
    dual_.assign(count, 0.0);
    for (std::size_t j = 0; j < count; ++j) {
        double value = offsets_[j];
        for (std::size_t i = 0; i < j; ++i) value -= r(i, j) * dual_[i];
        dual_[j] = value / r(j, j);
    }
    std::fill(solution_.begin(), solution_.end(), 0.0);
    for (std::size_t i = 0; i < count; ++i) kernels().axpy(dual_[i], q(i), solution_.data(), dimension_);
    multipliers_ = dual_;
    back_substitute(multipliers_);
    for (double& u : multipliers_) u = std::max(u, 0.0);
}

}  // namespace robust_metric
