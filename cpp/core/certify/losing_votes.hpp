// The ways in which a vote of k neighbours can be lost: docs/halfspace_bounds.md.
#pragma once

#include <cstddef>
#include <vector>

#include "data/prepared_set.hpp"

namespace robust_metric {

// Ways in which class c can lose a vote of k neighbours while it keeps v votes: k - v points of other classes
// enter, at least needed[r] of them of some class r. R_v(x⁻), the (v + 1)-th largest pair bound over x⁺ in c,
// bounds the perturbation that lets x⁻ enter.
struct LosingVote {
    std::size_t kept;                 // v
    std::size_t entering;             // k - v
    std::vector<std::size_t> needed;  // per class r; 0 where r cannot win this way
};

// Every v for which the vote can be lost, from the largest v down.
std::vector<LosingVote> losing_votes(const PreparedSet& training, int label, std::size_t k);

}  // namespace robust_metric
