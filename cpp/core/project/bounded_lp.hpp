// Linear programs with few rows and many bounded columns: min c·x, a_i·x >= b_i, l <= x <= u, by the bounded dual
// simplex method with bound flipping. Rows are added one at a time, and solving goes on from the last basis.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace robust_metric {

class BoundedLP {
public:
    enum class Result { optimal, infeasible, gave_up };

    // costs: one a column. Bounds start as [0, 0].
    explicit BoundedLP(std::vector<double> costs);

    // Forgets all rows.
    void reset();
    // A column whose cost is negative needs a finite upper bound, one of positive cost a finite lower bound, one
    // without a cost both.
    void set_bounds(std::size_t column, double lower, double upper);
    // row: one entry a column, copied.
    void add_row(const double* row, double offset);
    // Removes rows that the last solution satisfies with room to spare, by their slack being basic; calls
    // removed(i) for each, from the last to the first.
    template <class Removed>
    void drop_slack_rows(Removed removed) {
        for (std::size_t i = offsets_.size(); i-- > 0;)
            if (status_[columns_ + i] == Status::basic) {
                drop_row(i);
                removed(i);
            }
    }

    Result solve();

    std::span<const double> solution() const { return {x_.data(), columns_}; }
    // one a row, >= 0 up to rounding: c - Σ y_i a_i has the signs that optimality asks for
    std::span<const double> multipliers() const { return y_; }
    // after infeasible: multipliers >= 0 with which the sum of the rows is beyond the bounds
    std::span<const double> ray() const { return ray_; }
    // out += factor * the first `count` entries of row i
    void add_scaled_row(double factor, std::size_t i, double* out, std::size_t count) const;

private:
    enum class Status : char { basic, at_lower, at_upper };
    struct Breakpoint {
        std::size_t variable;
        double ratio, pivot;
    };
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    double cost(std::size_t k) const { return k < columns_ ? costs_[k] : 0.0; }
    double lower(std::size_t k) const { return k < columns_ ? lower_[k] : 0.0; }
    double upper(std::size_t k) const;
    double value_at_bound(std::size_t k) const;
    double* inverse_row(std::size_t p) { return inverse_.data() + p * offsets_.size(); }
    const double* row(std::size_t i) const { return rows_.data() + i * columns_; }
    void drop_row(std::size_t i);
    void compute_values();
    void compute_reduced_costs();
    void restore_signs();
    std::size_t leaving(double& violation, bool& too_low);
    void compute_pivot_row(std::size_t p);
    std::size_t entering(double violation, bool too_low);
    void make_basic(std::size_t p, std::size_t q, bool at_lower);
    void invert();

    std::size_t columns_;
    std::vector<double> costs_, lower_, upper_, rows_, offsets_;
    std::vector<std::size_t> basis_;  // variable of each row of the inverse; slack of row i is columns_ + i
    std::vector<Status> status_;
    std::vector<double> inverse_, x_, y_, reduced_, pivot_row_, column_, ray_, right_;
    std::vector<Breakpoint> breakpoints_;
    std::size_t updates_ = 0;
};

}  // namespace robust_metric
