// The ways to lose the votes of several k at one query, which are certified in one pass: docs/halfspace_bounds.md.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "certify/losing_votes.hpp"
#include "data/prepared_set.hpp"

namespace robust_metric {

class VoteGroups {
public:
    struct Group {
        std::size_t first, last;  // of votes()
        std::size_t asked;        // place among the k that were asked about
    };

    // Starts with the votes that a class may lose for each k. radii: one for each; those that need no search are
    // written. Whether there are others.
    bool start(const PreparedSet& training, int label, std::span<const std::size_t> ks, const DataChanges& changes,
               std::span<double> radii);

    std::span<const LosingVote> votes() const { return votes_; }
    std::span<const Group> groups() const { return groups_; }
    // the largest v of all votes, plus one
    std::size_t depth() const { return depth_; }

private:
    std::vector<LosingVote> votes_;
    std::vector<Group> groups_;
    std::size_t depth_ = 0;
};

}  // namespace robust_metric
