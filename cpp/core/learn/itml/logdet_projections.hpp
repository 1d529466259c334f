// Cyclic Bregman projections under the LogDet divergence, the solver of information-theoretic metric
// learning (Davis, Kulis, Jain, Sra, Dhillon, ICML 2007, algorithm 1): the metric nearest to a prior
// in which given differences are short or long, with slack. Plain floating point: nothing certified may be
// built on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/parallel.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

struct LogDetSettings {
    double short_bound = 0.0;  // squared lengths of the short differences should be at most this
    double long_bound = 0.0;   // and those of the long ones at least this; both > 0
    double gamma = 1.0;        // price of slack, > 0; infinity allows none
    std::size_t max_sweeps = 1;
    double tolerance = 0.0;  // stop when the multipliers change relatively less than this in a sweep
};

struct LogDetResult {
    std::size_t sweeps = 0;
    double change = 0.0;  // of the multipliers in the last sweep
};

// differences: m × d, its first `shorts` rows short, the others long; rows that the metric gives no length are passed
// over. metric: d × d, symmetric positive definite, the prior on entry and the answer on return. Throws
// std::invalid_argument if shapes or settings are malformed.
LogDetResult logdet_projections(MatrixView differences, std::size_t shorts, const LogDetSettings& settings,
                                const Execution& execution, MutableMatrixView metric);

// One projection: what a constraint's multiplier and slack bound become, and the factor β of the update
// M += β (M v)(M v)ᵀ for a difference v of squared length `length` > 0. Shared with the slow twin.
struct LogDetConstraint {
    double multiplier = 0.0, bound = 0.0;
    double project(double length, bool is_short, double gamma);
};

}  // namespace robust_metric
