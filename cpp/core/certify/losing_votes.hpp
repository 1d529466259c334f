// The ways in which a vote of k neighbours can be lost: docs/halfspace_bounds.md.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "data/prepared_set.hpp"
#include "robust_metric/data_changes.hpp"

namespace robust_metric {

constexpr int any_class = -1;

// Ways in which class c can lose a vote of k neighbours while it keeps v votes: k - v points of other classes
// enter, at least needed[r] of them of some class r. R_v(x⁻), the (v + 1)-th largest pair bound over x⁺ in c,
// bounds the perturbation that lets x⁻ enter. Where the data may be changed fewer enter, and each leaves more own
// points behind (docs/data_changes.md).
struct LosingVote {
    const PreparedSet* training;
    int label;                              // c
    std::size_t kept;                       // v, and points of class c that may be deleted
    std::size_t entering;                   // k - v, but for points that may be inserted
    int wanted;                             // the only class that matters, or any_class
    std::size_t least_before, least_after;  // of a class before or after c: a tie is won by the smaller class

    // Worked out when asked for: a table of it, with thousands of classes, would cost more than most queries.
    std::size_t needed(int rival) const {  // 0 where it cannot win this way, or needs none
        if (rival == label || (wanted != any_class && rival != wanted)) return 0;
        const std::size_t least = needed_of(rival > label);
        return least > std::min(entering, training->class_size(rival)) ? 0 : least;
    }
    // by any class before or after c, large enough or not
    std::size_t needed_of(bool after) const { return after ? least_after : least_before; }
    // Changes of the data alone let a class win, one that has no points yet as well.
    bool unopposed() const { return least_before == 0; }
};

// Every v for which the vote can be lost, to the wanted class if there is one, from the largest v down. O(k) steps,
// however many classes there are; O(k) for each point that may be relabelled.
std::vector<LosingVote> losing_votes(const PreparedSet& training, int label, std::size_t k, int wanted = any_class,
                                     const DataChanges& changes = {});

}  // namespace robust_metric
