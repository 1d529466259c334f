#include "project/box.hpp"

#include <algorithm>
#include <cmath>

#include "base/kernels.hpp"

namespace robust_metric {

namespace {

constexpr double tolerance = 1e-14;       // of a row's residual, relative to the solution
constexpr double regularization = 1e-13;  // of the Hessian, relative to its largest diagonal entry
// combined rows below this share of their multipliers count as zero where nothing bounds the coordinate
constexpr double vanishing = 1e-10;
constexpr int max_steps = 1000;
constexpr int max_line_steps = 60;

}  // namespace

void BoxProjection::reset() {
    rows_.clear();
    lengths_.clear();
    offsets_.clear();
    multipliers_.clear();
    ids_.clear();
    active_ids_.clear();
    active_multipliers_.clear();
    contradiction_.clear();
    combined_.assign(dimension_, 0.0);
    solution_.assign(dimension_, 0.0);
}

double BoxProjection::norm() const { return std::sqrt(kernels().dot(solution_.data(), solution_.data(), dimension_)); }

bool BoxProjection::add(const double* normal, double offset, std::size_t id) {
    const double length = std::sqrt(kernels().dot(normal, normal, dimension_));
    if (!(length > 0.0)) {
        if (!(offset > 0.0)) return true;
        contradiction_.assign(active_ids_.size() + 1, 0.0);
        contradiction_.back() = 1.0;
        return false;
    }
    for (std::size_t i = ids_.size(); i-- > 0;)
        if (multipliers_[i] == 0.0) remove(i);
    for (std::size_t j = 0; j < dimension_; ++j) rows_.push_back(normal[j] / length);
    lengths_.push_back(length);
    offsets_.push_back(offset / length);
    multipliers_.push_back(0.0);
    ids_.push_back(id);
    if (!maximize()) return false;
    take_multipliers();
    return true;
}

void BoxProjection::remove(std::size_t i) {
    const auto at = static_cast<std::ptrdiff_t>(i), width = static_cast<std::ptrdiff_t>(dimension_);
    rows_.erase(rows_.begin() + at * width, rows_.begin() + (at + 1) * width);
    lengths_.erase(lengths_.begin() + at);
    offsets_.erase(offsets_.begin() + at);
    multipliers_.erase(multipliers_.begin() + at);
    ids_.erase(ids_.begin() + at);
}

void BoxProjection::take_multipliers() {
    active_ids_.clear();
    active_multipliers_.clear();
    for (std::size_t i = 0; i < ids_.size(); ++i) {
        if (!(multipliers_[i] > 0.0)) continue;
        active_ids_.push_back(ids_[i]);
        active_multipliers_.push_back(multipliers_[i] / lengths_[i]);
    }
}

// False where the dual has no maximum: the direction then contradicts.
bool BoxProjection::maximize() {
    for (int step = 0; step < max_steps; ++step) {
        evaluate();
        if (!choose_rows()) return true;
        newton_direction();
        switch (line_search()) {
            case Step::done:
                return true;
            case Step::moved:
                break;
            case Step::unbounded:
                contradiction_.clear();
                active_ids_.clear();
                active_multipliers_.clear();
                for (std::size_t i = 0; i < ids_.size(); ++i) {
                    contradiction_.push_back(direction_[i] / lengths_[i]);
                    if (i + 1 == ids_.size()) break;
                    active_ids_.push_back(ids_[i]);
                    active_multipliers_.push_back(multipliers_[i] / lengths_[i]);
                }
                return false;
        }
    }
    return true;
}

void BoxProjection::evaluate() {
    const Kernels& k = kernels();
    std::fill(combined_.begin(), combined_.end(), 0.0);
    for (std::size_t i = 0; i < ids_.size(); ++i)
        if (multipliers_[i] > 0.0) k.axpy(multipliers_[i], row(i), combined_.data(), dimension_);
    for (std::size_t j = 0; j < dimension_; ++j) solution_[j] = space_->clamp(j, combined_[j]);
    gradient_.resize(ids_.size());
    for (std::size_t i = 0; i < ids_.size(); ++i)
        gradient_[i] = offsets_[i] - k.dot(row(i), solution_.data(), dimension_);
}

// The rows with a positive multiplier move and, once these are settled, the most violated other one. False where
// there is nothing left to do.
bool BoxProjection::choose_rows() {
    const double size = norm();
    moving_.assign(ids_.size(), 0);
    bool settled = true;
    std::size_t worst = ids_.size();
    for (std::size_t i = 0; i < ids_.size(); ++i) {
        const double slack = tolerance * (std::fabs(offsets_[i]) + size);
        if (multipliers_[i] > 0.0) {
            moving_[i] = 1;
            settled = settled && std::fabs(gradient_[i]) <= slack;
        } else if (gradient_[i] > slack && (worst == ids_.size() || gradient_[i] > gradient_[worst])) {
            worst = i;
        }
    }
    if (worst < ids_.size() && (settled || multipliers_.size() == 1)) {
        moving_[worst] = 1;
        return true;
    }
    return !settled;
}

// direction = (A F Aᵀ + small)⁻¹ gradient over the moving rows, F the coordinates inside the box; by Cholesky.
void BoxProjection::newton_direction() {
    const std::size_t m = ids_.size();
    std::vector<std::size_t> index;
    for (std::size_t i = 0; i < m; ++i)
        if (moving_[i]) index.push_back(i);
    const std::size_t count = index.size();
    hessian_.assign(count * count, 0.0);
    double largest = 0.0;
    for (std::size_t a = 0; a < count; ++a) {
        change_.assign(row(index[a]), row(index[a]) + dimension_);
        for (std::size_t j = 0; j < dimension_; ++j)
            if (combined_[j] != solution_[j] || space_->below(j) + space_->above(j) == 0.0) change_[j] = 0.0;
        for (std::size_t b = 0; b <= a; ++b)
            hessian_[a * count + b] = kernels().dot(change_.data(), row(index[b]), dimension_);
        largest = std::max(largest, hessian_[a * count + a]);
    }
    const double ridge = std::max(regularization * largest, 1e-30);
    for (std::size_t a = 0; a < count; ++a) {
        for (std::size_t b = 0; b <= a; ++b) {
            double value = hessian_[a * count + b] + (a == b ? ridge : 0.0);
            for (std::size_t c = 0; c < b; ++c) value -= hessian_[a * count + c] * hessian_[b * count + c];
            hessian_[a * count + b] =
                a == b ? std::sqrt(std::max(value, 0.01 * ridge)) : value / hessian_[b * count + b];
        }
    }
    std::vector<double> x(count);
    for (std::size_t a = 0; a < count; ++a) {
        x[a] = gradient_[index[a]];
        for (std::size_t b = 0; b < a; ++b) x[a] -= hessian_[a * count + b] * x[b];
        x[a] /= hessian_[a * count + a];
    }
    direction_.assign(m, 0.0);
    for (std::size_t a = count; a-- > 0;) {
        for (std::size_t b = a + 1; b < count; ++b) x[a] -= hessian_[b * count + a] * x[b];
        x[a] /= hessian_[a * count + a];
        direction_[index[a]] = x[a];
    }
}

// The dual's slope along the direction, and how fast it falls there.
double BoxProjection::slope_at(double step, double& curvature) const {
    double slope = kernels().dot(direction_.data(), offsets_.data(), offsets_.size());
    curvature = 0.0;
    for (std::size_t j = 0; j < dimension_; ++j) {
        const double value = combined_[j] + step * change_[j], inside = space_->clamp(j, value);
        slope -= change_[j] * inside;
        if (inside == value) curvature += change_[j] * change_[j];
    }
    return slope;
}

// To the maximum along the direction, or to the first multiplier that becomes 0.
auto BoxProjection::line_search() -> Step {
    const std::size_t m = ids_.size();
    double longest = rounding::infinity, size = 0.0;
    std::size_t blocking = m;
    for (std::size_t i = 0; i < m; ++i) {
        size += std::fabs(direction_[i]);
        if (direction_[i] < 0.0 && multipliers_[i] < longest * -direction_[i]) {
            longest = multipliers_[i] / -direction_[i];
            blocking = i;
        }
    }
    change_.assign(dimension_, 0.0);
    for (std::size_t i = 0; i < m; ++i)
        if (direction_[i] != 0.0) kernels().axpy(direction_[i], row(i), change_.data(), dimension_);
    double curvature = 0.0;
    if (longest == rounding::infinity) {
        // far out: the gain of the box against that of the rows
        double gain = kernels().dot(direction_.data(), offsets_.data(), m);
        for (std::size_t j = 0; j < dimension_; ++j) {
            const double cap = change_[j] > 0.0 ? space_->above(j) : space_->below(j);
            if (std::isinf(cap) && std::fabs(change_[j]) <= vanishing * size) continue;
            if (change_[j] != 0.0) gain -= std::fabs(change_[j]) * cap;
        }
        if (gain > 0.0) return Step::unbounded;
    }
    double low = 0.0, high = longest, step = std::min(1.0, longest);
    for (int round = 0; round < max_line_steps; ++round) {
        const double slope = slope_at(step, curvature);
        if (slope > 0.0) {
            low = step;
            if (step == longest) break;
        } else {
            high = step;
        }
        double next = curvature > 0.0 ? step + slope / curvature : slope > 0.0 ? 8.0 * step : 0.5 * (low + high);
        if (!(next > low && next < high))
            next = high < rounding::infinity ? (slope > 0.0 && high == longest ? longest : 0.5 * (low + high))
                                             : 8.0 * step;
        if (std::fabs(next - step) <= 1e-16 * step) break;
        step = next;
    }
    if (!(step > 0.0) && blocking == m) return Step::done;
    bool moved = false;
    for (std::size_t i = 0; i < m; ++i) {
        const double before = multipliers_[i];
        multipliers_[i] = step == longest && i == blocking ? 0.0 : std::max(before + step * direction_[i], 0.0);
        moved = moved || std::fabs(multipliers_[i] - before) > 1e-16 * before;
    }
    return moved ? Step::moved : Step::done;
}

}  // namespace robust_metric
