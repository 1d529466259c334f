#include "certify/vote_groups.hpp"

#include <algorithm>

#include "base/rounding.hpp"

namespace robust_metric {

bool VoteGroups::start(const PreparedSet& training, int label, std::span<const std::size_t> ks,
                       const DataChanges& changes, std::span<double> radii) {
    votes_.clear();
    groups_.clear();
    depth_ = 0;
    for (std::size_t i = 0; i < ks.size(); ++i) {
        const std::vector<LosingVote> votes = losing_votes(training, label, ks[i], any_class, changes);
        radii[i] = votes.empty() ? rounding::infinity : 0.0;
        // changes of the data may be enough, or no own-class point has to be beaten
        if (votes.empty() || votes.front().entering == 0 || votes.front().kept + 1 > training.class_size(label))
            continue;
        groups_.push_back({votes_.size(), votes_.size() + votes.size(), i});
        votes_.insert(votes_.end(), votes.begin(), votes.end());
        depth_ = std::max(depth_, votes.front().kept + 1);
    }
    return !groups_.empty();
}

}  // namespace robust_metric
