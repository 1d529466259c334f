#include "certify/losing_votes.hpp"

namespace robust_metric {

namespace {

// whether some class is large enough
bool possible(const LosingVote& vote) {
    const PreparedSet& t = *vote.training;
    if (vote.wanted != any_class) return vote.needed(vote.wanted) > 0;
    const std::size_t before = std::min(vote.entering, t.largest_class_before(vote.label)),
                      after = std::min(vote.entering, t.largest_class_after(vote.label));
    return vote.needed_of(false) <= before || vote.needed_of(true) <= after;
}

}  // namespace

std::vector<LosingVote> losing_votes(const PreparedSet& training, int label, std::size_t k, int wanted) {
    const std::size_t own = training.class_size(label), others = training.size() - own;
    const std::size_t rivals = training.classes_present() - (own > 0 ? 1 : 0);
    std::vector<LosingVote> votes;
    for (std::size_t v = std::min(k / 2, own) + 1; v-- > 0;) {
        if (k - v > others) break;  // smaller v need even more entering points
        const LosingVote vote{&training, label, v, k - v, (k - v + rivals - 1) / rivals, wanted};
        if (possible(vote)) votes.push_back(vote);
    }
    return votes;
}

}  // namespace robust_metric
