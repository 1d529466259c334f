// Whether comparisons contradict each other everywhere, decided in integers: what shows that a set of perturbations is
// empty, where floating point can say no more than that all of it is far. Derivation: docs/vote_search.md, "Empty
// cells".
#pragma once

#include <span>
#include <vector>

#include "base/integer.hpp"
#include "data/prepared_set.hpp"
#include "robust_metric/evidence.hpp"

namespace robust_metric {

class ExactSum {
public:
    // training must outlive this object
    explicit ExactSum(const PreparedSet& training) : training_(&training) {}

    // True where no perturbation of the query that the threat model allows, whatever it costs, has each pair's
    // entering point before its beaten one. multipliers: those of a solver, in whose ratios small integers, or of two
    // pairs their lengths, are looked for; they are replaced by these, which prove it.
    bool contradicts(const double* query, std::span<Evidence::Pair> pairs);

private:
    bool use_lengths(std::span<Evidence::Pair> pairs) const;
    bool decide(const double* query, std::span<const Evidence::Pair> pairs);
    double choose_units(const double* query, std::span<const Evidence::Pair> pairs);
    double choose_components();
    void add(const double* query, const Evidence::Pair& pair);
    std::vector<Integer> mapped(std::vector<Integer> vector) const;
    Integer gradient(std::size_t j) const;
    bool subtract_most(const double* query);
    const double* row(std::size_t i, std::vector<double>& scratch) const;

    const PreparedSet* training_;
    std::vector<Integer> components_;            // row by row; none for the Euclidean metric
    int points_unit_ = 0, multiplier_unit_ = 0;  // exponents of two
    Integer constant_;                           // C of Σ λ (d(z + δ, e) - d(z + δ, x)) = C - 2 g·δ
    std::vector<Integer> direction_;             // Σ λ L(e - x); g is Lᵀ times that
    std::vector<double> entering_, beaten_;
};

}  // namespace robust_metric
