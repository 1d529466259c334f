#include "search/vote/losses.hpp"

#include <algorithm>

namespace robust_metric {

std::vector<VoteLoss> list_losses(const std::vector<LosingVote>& votes) {
    std::vector<VoteLoss> losses;
    for (std::size_t i = 0; i < votes.size(); ++i)
        for (std::size_t rival = 0; rival < votes[i].needed.size(); ++rival) {
            const LosingVote& vote = votes[i];
            if (vote.needed[rival] == 0) continue;
            std::size_t most = vote.entering;
            if (i > 0 && votes[i - 1].kept == vote.kept + 1 && votes[i - 1].needed[rival] > 0)
                most = std::min(most, votes[i - 1].needed[rival]);
            if (vote.needed[rival] <= most)
                losses.push_back({static_cast<int>(rival), vote.kept, vote.entering, vote.needed[rival], most});
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
