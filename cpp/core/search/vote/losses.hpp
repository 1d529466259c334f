// The ways to lose a vote that a search has to look at, and what a set of entering points still needs for one of them:
// docs/vote_search.md, "When a vote is lost".
#pragma once

#include <cstddef>
#include <vector>

#include "certify/losing_votes.hpp"

namespace robust_metric {

// Losing to `rival` with at most `kept` own votes: the `entering` nearest other-class points, least .. most of them of
// class rival, are each nearer than all own-class points but `kept`.
struct VoteLoss {
    int rival;
    std::size_t kept, entering, least, most;
};

// The losses that differ. What a larger number of kept votes covers already is left out by `most`. votes: as
// losing_votes lists them, from the largest number of kept votes down. With a wanted class nothing is left out: each
// way answers for the inputs that keep just so many votes, see "A wanted class" there.
std::vector<VoteLoss> list_losses(const std::vector<LosingVote>& votes);

// How many points must still enter, in all, of the rival, of the other classes; and how many may, of either kind.
struct VoteNeeds {
    std::size_t total, rival, others, rival_room, others_room;
};

// Once `entered` points have entered, `rivals` of them of the rival's class.
VoteNeeds needs_of(const VoteLoss& loss, std::size_t entered, std::size_t rivals);

}  // namespace robust_metric
