#include "certify/losing_votes.hpp"

#include <limits>

namespace robust_metric {

namespace {

// whether some class is large enough
bool possible(const LosingVote& vote) {
    const PreparedSet& t = *vote.training;
    if (vote.wanted != any_class) return vote.needed(vote.wanted) > 0;
    const std::size_t before = std::min(vote.entering, t.largest_class_before(vote.label)),
                      after = std::min(vote.entering, t.largest_class_after(vote.label));
    return vote.unopposed() || vote.needed_of(false) <= before || vote.needed_of(true) <= after;
}

std::size_t at_least(std::size_t wanted, std::size_t given) { return wanted > given ? wanted - given : 0; }

// Of the entering points, how many have to be of the winner's class for more than `kept` votes (as many, where it wins
// ties) and an equal share among the rivals. Inserted points vote for it, as do relabelled ones: own points that are
// kept, each of which takes a vote from c as well, or others.
std::size_t least_of_winner(std::size_t kept, std::size_t tie, std::size_t entering, std::size_t rivals,
                            std::size_t inserted, std::size_t relabelled) {
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (std::size_t own = 0; own <= std::min(relabelled, kept); ++own) {
        const std::size_t others = std::min(relabelled - own, entering), given = own + others + inserted;
        const std::size_t share = rivals == 0 ? 0 : (entering - others + rivals - 1) / rivals;
        least = std::min(least, std::max(at_least(kept + tie, given + own), at_least(share, given)));
    }
    return least;
}

}  // namespace

std::vector<LosingVote> losing_votes(const PreparedSet& training, int label, std::size_t k, int wanted,
                                     const DataChanges& changes) {
    const std::size_t own = training.class_size(label), others = training.size() - own;
    const std::size_t rivals = training.classes_present() - (own > 0 ? 1 : 0);
    const std::size_t largest = changes.any() ? k : k / 2;  // with more votes kept it is not lost
    std::vector<LosingVote> votes;
    for (std::size_t v = std::min(largest, own) + 1; v-- > 0;) {
        const std::size_t inserted = std::min(changes.inserted, k - v), entering = k - v - inserted;
        if (entering > others) break;  // smaller v need even more entering points
        const auto least = [&](std::size_t tie) {
            return least_of_winner(v, tie, entering, rivals, inserted, changes.relabelled);
        };
        const LosingVote vote{&training, label, v + changes.deleted, entering, wanted, least(0), least(1)};
        if (possible(vote)) votes.push_back(vote);
    }
    return votes;
}

}  // namespace robust_metric
