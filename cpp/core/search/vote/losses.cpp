#include "search/vote/losses.hpp"

#include <algorithm>

namespace robust_metric {

std::vector<VoteLoss> list_losses(const std::vector<LosingVote>& votes) {
    std::vector<VoteLoss> losses;
    for (std::size_t i = 0; i < votes.size(); ++i) {
        const LosingVote& vote = votes[i];
        const bool covers = vote.wanted == any_class && i > 0 && votes[i - 1].kept == vote.kept + 1;
        const LosingVote* more = covers ? &votes[i - 1] : nullptr;
        for (int rival = 0; rival < vote.training->classes(); ++rival) {
            const std::size_t least = vote.needed(rival), covered = more == nullptr ? 0 : more->needed(rival);
            const std::size_t most = covered > 0 ? std::min(vote.entering, covered) : vote.entering;
            if (0 < least && least <= most) losses.push_back({rival, vote.kept, vote.entering, least, most});
        }
    }
    return losses;
}

VoteNeeds needs_of(const VoteLoss& loss, std::size_t entered, std::size_t rivals) {
    const auto missing = [](std::size_t wanted, std::size_t have) { return wanted > have ? wanted - have : 0; };
    const std::size_t others = entered - rivals;
    return {loss.entering - entered, missing(loss.least, rivals), missing(loss.entering - loss.most, others),
            missing(loss.most, rivals), missing(loss.entering - loss.least, others)};
}

}  // namespace robust_metric
