// What proves a radius, in a form that needs none of this library to be checked (see docs/evidence.md).
#pragma once

#include <cstddef>
#include <vector>

namespace robust_metric {

// All indices are row numbers of the training set.
struct Evidence {
    // For one other-class point x⁻: own-class points x⁺_i. Without multipliers each pair (x⁻, x⁺_i) stands for an
    // inequality of its own; with them there is one, sum_i λ_i (d(z, x⁻) - d(z, x⁺_i)) against the norm
    // of sum_i λ_i M(x⁻ - x⁺_i).
    struct Row {
        std::size_t other;
        std::vector<std::size_t> own;
        std::vector<double> multipliers;
    };

    // Own-class points whose pair bounds prove every other-class point that has no sufficient row.
    std::vector<std::size_t> near_own;
    std::vector<Row> rows;
};

}  // namespace robust_metric
