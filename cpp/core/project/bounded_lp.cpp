#include "project/bounded_lp.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/kernels.hpp"

namespace robust_metric {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double feasibility = 1e-13;  // of a value against its bounds, relative to the solution
constexpr double smallest_pivot = 1e-10;
constexpr std::size_t updates_per_inverse = 40;

}  // namespace

BoundedLP::BoundedLP(std::vector<double> costs)
    : columns_(costs.size()), costs_(std::move(costs)), lower_(columns_, 0.0), upper_(columns_, 0.0) {
    reset();
}

void BoundedLP::reset() {
    rows_.clear();
    offsets_.clear();
    basis_.clear();
    inverse_.clear();
    y_.clear();
    ray_.clear();
    updates_ = 0;
    x_.assign(columns_, 0.0);
    status_.assign(columns_, Status::at_lower);
    for (std::size_t k = 0; k < columns_; ++k)
        if (costs_[k] < 0.0) status_[k] = Status::at_upper;
}

void BoundedLP::set_bounds(std::size_t column, double lower, double upper) {
    lower_[column] = lower;
    upper_[column] = upper;
}

double BoundedLP::upper(std::size_t k) const { return k < columns_ ? upper_[k] : infinity; }

double BoundedLP::value_at_bound(std::size_t k) const { return status_[k] == Status::at_upper ? upper(k) : lower(k); }

void BoundedLP::add_row(const double* row, double offset) {
    const std::size_t m = offsets_.size();
    rows_.insert(rows_.end(), row, row + columns_);
    offsets_.push_back(offset);
    // the new slack is basic: the inverse grows by a row and a column
    std::vector<double> grown((m + 1) * (m + 1), 0.0);
    for (std::size_t p = 0; p < m; ++p) {
        std::copy_n(inverse_.data() + p * m, m, grown.data() + p * (m + 1));
        if (basis_[p] < columns_)
            kernels().axpy(row[basis_[p]], inverse_.data() + p * m, grown.data() + m * (m + 1), m);
    }
    grown.back() = -1.0;
    inverse_ = std::move(grown);
    basis_.push_back(columns_ + m);
    status_.push_back(Status::basic);
    x_.push_back(0.0);
    y_.push_back(0.0);
}

void BoundedLP::drop_row(std::size_t i) {
    const std::size_t m = offsets_.size();
    const auto p = static_cast<std::size_t>(std::find(basis_.begin(), basis_.end(), columns_ + i) - basis_.begin());
    std::vector<double> shrunk;
    for (std::size_t a = 0; a < m; ++a)
        for (std::size_t b = 0; b < m && a != p; ++b)
            if (b != i) shrunk.push_back(inverse_[a * m + b]);
    inverse_ = std::move(shrunk);
    const auto at = static_cast<std::ptrdiff_t>(i), slack = static_cast<std::ptrdiff_t>(columns_ + i);
    rows_.erase(rows_.begin() + at * static_cast<std::ptrdiff_t>(columns_),
                rows_.begin() + (at + 1) * static_cast<std::ptrdiff_t>(columns_));
    offsets_.erase(offsets_.begin() + at);
    y_.erase(y_.begin() + at);
    basis_.erase(basis_.begin() + static_cast<std::ptrdiff_t>(p));
    status_.erase(status_.begin() + slack);
    x_.erase(x_.begin() + slack);
    for (std::size_t& variable : basis_)
        if (variable > columns_ + i) --variable;
}

void BoundedLP::add_scaled_row(double factor, std::size_t i, double* out, std::size_t count) const {
    kernels().axpy(factor, row(i), out, count);
}

auto BoundedLP::solve() -> Result {
    const std::size_t limit = 200 + 50 * (offsets_.size() + 4);
    compute_reduced_costs();
    restore_signs();
    for (std::size_t pivots = 0; pivots < limit; ++pivots) {
        compute_values();
        double violation = 0.0;
        bool too_low = false;
        const std::size_t p = leaving(violation, too_low);
        if (p == none) return Result::optimal;
        compute_pivot_row(p);
        const std::size_t q = entering(violation, too_low);
        if (q == none) {
            const double sign = too_low ? -1.0 : 1.0;
            ray_.assign(offsets_.size(), 0.0);
            for (std::size_t i = 0; i < offsets_.size(); ++i) ray_[i] = std::max(0.0, sign * inverse_row(p)[i]);
            return Result::infeasible;
        }
        make_basic(p, q, too_low);
        compute_reduced_costs();
    }
    return Result::gave_up;
}

// All variables from the bounds of those that are not basic.
void BoundedLP::compute_values() {
    const std::size_t m = offsets_.size();
    for (std::size_t k = 0; k < columns_ + m; ++k) x_[k] = status_[k] == Status::basic ? 0.0 : value_at_bound(k);
    right_.resize(m);
    for (std::size_t i = 0; i < m; ++i) right_[i] = offsets_[i] - kernels().dot(row(i), x_.data(), columns_);
    for (std::size_t p = 0; p < m; ++p) x_[basis_[p]] = kernels().dot(inverse_row(p), right_.data(), m);
}

void BoundedLP::compute_reduced_costs() {
    const std::size_t m = offsets_.size();
    y_.assign(m, 0.0);
    for (std::size_t p = 0; p < m; ++p)
        if (cost(basis_[p]) != 0.0) kernels().axpy(cost(basis_[p]), inverse_row(p), y_.data(), m);
    reduced_.assign(costs_.begin(), costs_.end());
    for (std::size_t i = 0; i < m; ++i)
        if (y_[i] != 0.0) kernels().axpy(-y_[i], row(i), reduced_.data(), columns_);
    reduced_.insert(reduced_.end(), y_.begin(), y_.end());
}

// Puts columns whose bounds were changed at the bound that the sign of their reduced cost asks for.
void BoundedLP::restore_signs() {
    for (std::size_t k = 0; k < columns_; ++k) {
        if (status_[k] == Status::basic || lower_[k] == upper_[k]) continue;
        if (reduced_[k] < 0.0 && upper_[k] < infinity) status_[k] = Status::at_upper;
        if (reduced_[k] > 0.0 && lower_[k] > -infinity) status_[k] = Status::at_lower;
    }
}

// The basic variable that is farthest out of its bounds, in units of its row of the inverse (dual steepest edge).
std::size_t BoundedLP::leaving(double& violation, bool& too_low) {
    const std::size_t m = offsets_.size();
    double size = 0.0;
    for (std::size_t k = 0; k < columns_; ++k) size = std::max(size, std::fabs(x_[k]));
    double best = 0.0;
    std::size_t found = none;
    for (std::size_t p = 0; p < m; ++p) {
        const std::size_t k = basis_[p];
        const double low = lower(k) - x_[k], high = x_[k] - upper(k), out = std::max(low, high);
        const double scale = k < columns_ ? size : std::fabs(offsets_[k - columns_]) + size;
        if (!(out > feasibility * scale)) continue;
        const double score = out * out / kernels().dot(inverse_row(p), inverse_row(p), m);
        if (score > best) {
            best = score;
            found = p;
            violation = out;
            too_low = low > high;
        }
    }
    return found;
}

void BoundedLP::compute_pivot_row(std::size_t p) {
    const std::size_t m = offsets_.size();
    const double* rho = inverse_row(p);
    pivot_row_.assign(columns_, 0.0);
    for (std::size_t i = 0; i < m; ++i)
        if (rho[i] != 0.0) kernels().axpy(rho[i], row(i), pivot_row_.data(), columns_);
    for (std::size_t i = 0; i < m; ++i) pivot_row_.push_back(-rho[i]);
}

// Ratio test with bound flipping: variables are passed, and flipped to their other bound, as long as the leaving one
// stays out of its bounds. None where it stays out after all.
std::size_t BoundedLP::entering(double violation, bool too_low) {
    double largest = 0.0;
    for (std::size_t k = 0; k < pivot_row_.size(); ++k)
        if (status_[k] != Status::basic) largest = std::max(largest, std::fabs(pivot_row_[k]));
    breakpoints_.clear();
    for (std::size_t k = 0; k < pivot_row_.size(); ++k) {
        if (status_[k] == Status::basic || lower(k) == upper(k)) continue;
        const double pivot = too_low ? -pivot_row_[k] : pivot_row_[k];
        if (std::fabs(pivot) <= smallest_pivot * largest) continue;
        if ((pivot > 0.0) == (status_[k] == Status::at_lower))
            breakpoints_.push_back({k, std::max(reduced_[k] / pivot, 0.0), std::fabs(pivot)});
    }
    std::sort(breakpoints_.begin(), breakpoints_.end(), [](const Breakpoint& a, const Breakpoint& b) {
        if (a.ratio != b.ratio) return a.ratio < b.ratio;
        return a.pivot != b.pivot ? a.pivot > b.pivot : a.variable < b.variable;
    });
    double slope = violation;
    for (std::size_t i = 0; i < breakpoints_.size(); ++i) {
        const std::size_t k = breakpoints_[i].variable;
        slope -= breakpoints_[i].pivot * (upper(k) - lower(k));
        if (slope > 0.0) continue;
        for (std::size_t j = 0; j < i; ++j) {
            Status& status = status_[breakpoints_[j].variable];
            status = status == Status::at_lower ? Status::at_upper : Status::at_lower;
        }
        return k;
    }
    return none;
}

void BoundedLP::make_basic(std::size_t p, std::size_t q, bool at_lower) {
    const std::size_t m = offsets_.size();
    status_[basis_[p]] = at_lower ? Status::at_lower : Status::at_upper;
    status_[q] = Status::basic;
    basis_[p] = q;
    if (++updates_ >= updates_per_inverse) {
        invert();
        return;
    }
    column_.assign(m, 0.0);
    for (std::size_t i = 0; i < m; ++i) column_[i] = q < columns_ ? row(i)[q] : i == q - columns_ ? -1.0 : 0.0;
    right_.resize(m);
    for (std::size_t a = 0; a < m; ++a) right_[a] = kernels().dot(inverse_row(a), column_.data(), m);
    double* pivot = inverse_row(p);
    const double scale = 1.0 / right_[p];
    for (std::size_t i = 0; i < m; ++i) pivot[i] *= scale;
    for (std::size_t a = 0; a < m; ++a)
        if (a != p && right_[a] != 0.0) kernels().axpy(-right_[a], pivot, inverse_row(a), m);
}

// The inverse of the basis anew, by Gauss-Jordan elimination with row pivoting.
void BoundedLP::invert() {
    const std::size_t m = offsets_.size();
    updates_ = 0;
    std::vector<double> matrix(m * m);
    inverse_.assign(m * m, 0.0);
    for (std::size_t i = 0; i < m; ++i) {
        inverse_[i * m + i] = 1.0;
        for (std::size_t p = 0; p < m; ++p) {
            const std::size_t k = basis_[p];
            matrix[i * m + p] = k < columns_ ? row(i)[k] : i == k - columns_ ? -1.0 : 0.0;
        }
    }
    for (std::size_t p = 0; p < m; ++p) {
        std::size_t pivot = p;
        for (std::size_t i = p; i < m; ++i)
            if (std::fabs(matrix[i * m + p]) > std::fabs(matrix[pivot * m + p])) pivot = i;
        for (std::size_t j = 0; j < m && pivot != p; ++j) {
            std::swap(matrix[p * m + j], matrix[pivot * m + j]);
            std::swap(inverse_[p * m + j], inverse_[pivot * m + j]);
        }
        const double scale = 1.0 / matrix[p * m + p];
        for (std::size_t j = 0; j < m; ++j) {
            matrix[p * m + j] *= scale;
            inverse_[p * m + j] *= scale;
        }
        for (std::size_t i = 0; i < m; ++i) {
            const double factor = matrix[i * m + p];
            if (i == p || factor == 0.0) continue;
            kernels().axpy(-factor, matrix.data() + p * m, matrix.data() + i * m, m);
            kernels().axpy(-factor, inverse_.data() + p * m, inverse_.data() + i * m, m);
        }
    }
}

}  // namespace robust_metric
