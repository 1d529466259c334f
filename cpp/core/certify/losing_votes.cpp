#include "certify/losing_votes.hpp"

#include <algorithm>
#include <utility>

namespace robust_metric {

std::vector<LosingVote> losing_votes(const PreparedSet& training, int label, std::size_t k) {
    const std::size_t own = training.class_size(label), others = training.size() - own;
    std::size_t rivals = 0;
    for (int r = 0; r < training.classes(); ++r) rivals += r != label && training.class_size(r) > 0;
    std::vector<LosingVote> votes;
    for (std::size_t v = std::min(k / 2, own) + 1; v-- > 0;) {
        if (k - v > others) break;  // smaller v need even more entering points
        LosingVote vote{v, k - v, std::vector<std::size_t>(static_cast<std::size_t>(training.classes()), 0)};
        // the winner has at least an equal share of what enters
        const std::size_t share = (k - v + rivals - 1) / rivals;
        bool possible = false;
        for (int r = 0; r < training.classes(); ++r) {
            if (r == label) continue;
            const std::size_t needed = std::max(share, r < label ? v : v + 1);
            if (needed > k - v || needed > training.class_size(r)) continue;
            vote.needed[static_cast<std::size_t>(r)] = needed;
            possible = true;
        }
        if (possible) votes.push_back(std::move(vote));
    }
    return votes;
}

}  // namespace robust_metric
