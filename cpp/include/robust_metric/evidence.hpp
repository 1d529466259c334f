// What proves a radius, in a form that needs none of this library to be checked (see docs/evidence.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace robust_metric {

// All indices are row numbers of the training set.
struct Evidence {
    // For one other-class point x⁻: own-class points x⁺_i. Without multipliers each pair (x⁻, x⁺_i) stands for an
    // inequality of its own; with them there is one, sum_i λ_i (d(z, x⁻) - d(z, x⁺_i)) against the norm
    // of sum_i λ_i M(x⁻ - x⁺_i).
    struct Entrant {
        std::size_t other;
        std::vector<std::size_t> own;
        std::vector<double> multipliers;
    };

    // Own-class points whose pair bounds prove every other-class point that has no sufficient proof of its own.
    std::vector<std::size_t> near_own;
    std::vector<Entrant> entrants;

    // Of the search for a minimal perturbation, K > 1: a tree for each way to lose the vote, all in preorder.
    struct Pair {  // entering is at least as near as beaten, times a multiplier
        std::size_t entering, beaten;
        double multiplier;
    };
    struct Node {
        std::int64_t point;  // that the parent's rule decides on here: an other-class point that enters the k nearest,
                             // or an own-class point that is beaten; -1 at a root
        std::size_t children;
        std::vector<Pair> pairs;       // their weighted sum holds everywhere in the node
        std::vector<std::size_t> own;  // own-class points that keep further points from entering
    };
    std::vector<Node> tree{};
};

}  // namespace robust_metric
