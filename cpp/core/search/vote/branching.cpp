#include "search/vote/branching.hpp"

#include <algorithm>

#include "base/rounding.hpp"

namespace robust_metric {

namespace {

using Next = VoteNode::Next;
using Mark = Decided::Mark;

// own-class points among which those to branch on are chosen, beside the one more than may stay
constexpr std::size_t branched_own = 24;

// own-class points are decided first where that closes this share of the gap between a node's bound and the witness
constexpr double worthwhile_gain = 0.05;

// candidates from which on it is cheaper to look at all points along the proved direction at once
constexpr std::size_t many_candidates = 32;

// candidates that are bounded before the deadline is asked again
constexpr std::size_t candidates_per_question = 32;

}  // namespace

bool VoteBranching::branch(VoteNode& node, const VoteLoss& loss, double upper) {
    const bool own = rank_beaten();
    if (!decided_->rule().complete && !(own && own_first(node, upper))) return branch_on_entering(node, loss, upper);
    if (own) branch_on_own(node);
    return true;
}

void VoteBranching::branch_on_ties(VoteNode& node) {
    if (rank_beaten(true)) branch_on_own(node);
}

// Whether own-class points are decided before more points enter. While few points have entered, most cells of kept
// and beaten points are alike in length, and going through them gains nothing; without any to be beaten, no bound
// knows of those that have entered.
bool VoteBranching::own_first(const VoteNode& node, double upper) const {
    if (decided_->sets().beaten.empty()) return true;
    return ranked_.back().value - node.bound >= worthwhile_gain * (upper - node.bound);
}

// Into ranked_: own-class points nearer than what enters, or as near with `ties`, if they are more than may stay. One
// of any spare + 1 is beaten; these are the most expensive to beat, the most expensive first, so that the last one's
// bound is the largest that can be had.
bool VoteBranching::rank_beaten(bool ties) {
    const Decided& decided = *decided_;
    VoteCell& cell = *cell_;
    const std::size_t spare = decided.spare();
    if (spare == 0 || decided.entering().empty()) return false;
    const Id last = solver_->farthest_entering();
    const double limit = cell.value(last);
    ranked_.clear();
    cell.screen();
    for (const Id own : points_->own()) {
        if (!decided.is(own, Mark::free) || (!ties && cell.least_value(own) > limit)) continue;
        if (ties ? !cell.violates({own, last}) : cell.violates({last, own})) ranked_.push_back({cell.value(own), own});
    }
    if (ranked_.size() <= spare) return false;
    keep_first(ranked_, spare + 1 + branched_own);
    bounds_->prepare_beaten();
    for (Ranked& own : ranked_) own.value = bounds_->beaten(own.id).raised.bound;
    std::sort(ranked_.begin(), ranked_.end(),
              [](const Ranked& a, const Ranked& b) { return a.value != b.value ? a.value > b.value : a.id < b.id; });
    ranked_.resize(spare + 1);
    return true;
}

// The points of ranked_ are the choices.
void VoteBranching::branch_on_own(VoteNode& node) {
    nodes_->store_choices(node, ranked_);
    node.next = Next::own;
    node.bound = std::max(node.bound, ranked_.back().value);
    if (tree_->keeps()) keep_own_children(node);
}

// The multipliers that prove the bounds of children before they are made.
void VoteBranching::keep_own_children(const VoteNode& node) {
    tree_->split_own(node.record);
    const std::size_t count = nodes_->pair_count(node);
    for (const Ranked& own : ranked_) {
        const auto [pair, raised] = bounds_->beaten(own.id);
        std::vector<CellPoints::Pair> pairs;
        std::vector<double> multipliers;
        for (std::size_t i = 0; i < count; ++i) {
            pairs.push_back(nodes_->pair(node, i));
            multipliers.push_back(nodes_->multipliers(node)[i] * raised.share);
        }
        pairs.push_back(pair);
        multipliers.push_back(raised.weight);
        const VoteTree::Index child = tree_->add(node.record, cell_->points().position(own.id));
        tree_->prove(child, raised.bound, *cell_, pairs, multipliers);
    }
}

// Candidates that may enter next, in the order of their bounds.
bool VoteBranching::branch_on_entering(VoteNode& node, const VoteLoss& loss, double upper) {
    const VoteNeeds need = needs(loss, decided_->entering());
    bounds_->choose_own(node.candidates.count > many_candidates);
    if (decided_->entering().empty()) {  // VoteRoots has named the others
        for (const Id own : bounds_->joint_own()) tree_->use_own(node.record, *cell_, own);
    } else {
        for (const Ranked& own : bounds_->free_own()) tree_->use_own(node.record, *cell_, own.id);
    }
    if (!rank_entering(node, loss, need, upper) || !bounds_->raise_by_company(ranked_, loss, need, upper)) return false;
    list_entering(node, loss, need);
    node.next = Next::enter;
    node.bound = std::max(node.bound, rest_bound(node, loss, need));
    return true;
}

// Into ranked_: the node's candidates within reach, as far as there is room for their kind. False where the deadline
// passed.
bool VoteBranching::rank_entering(const VoteNode& node, const VoteLoss& loss, const VoteNeeds& needs, double upper) {
    ranked_.clear();
    std::size_t asked = 0;
    for (const Id x : nodes_->ids(node.candidates)) {
        if (asked++ % candidates_per_question == 0 && deadline_->passed()) return false;
        if ((is_rival(x, loss) ? needs.rival_room : needs.others_room) == 0) continue;
        const double bound = bounds_->entering(x, upper);
        if (bound < upper) ranked_.push_back({bound, x});
    }
    return true;
}

// The points of ranked_ are the choices, in the order of their bounds: first those of the kind, rival's or not, that
// the node branches on. Where some of both must enter, that is the kind with fewer ways to begin.
void VoteBranching::list_entering(VoteNode& node, const VoteLoss& loss, const VoteNeeds& needs) {
    std::sort(ranked_.begin(), ranked_.end());
    std::size_t branching = ranked_.size();
    if (needs.rival > 0 && needs.others > 0) {
        const auto rivals = static_cast<std::size_t>(
            std::count_if(ranked_.begin(), ranked_.end(), [&](const Ranked& x) { return is_rival(x.id, loss); }));
        const std::size_t others = ranked_.size() - rivals;
        const bool by_rivals = rivals + needs.others < others + needs.rival;
        std::stable_partition(ranked_.begin(), ranked_.end(),
                              [&](const Ranked& x) { return is_rival(x.id, loss) == by_rivals; });
        branching = by_rivals ? rivals : others;
    }
    nodes_->store_choices(node, ranked_);
    node.branching = static_cast<std::uint32_t>(branching);
}

VoteNeeds VoteBranching::needs(const VoteLoss& loss, std::span<const Id> entering) const {
    std::size_t rivals = 0;
    for (const Id id : entering) rivals += is_rival(id, loss);
    return needs_of(loss, entering.size(), rivals);
}

// As many must enter as are missing, and enough of each kind.
double VoteBranching::rest_bound(const VoteNode& node, const VoteLoss& loss, const VoteNeeds& needs) const {
    std::size_t total = 0, rivals = 0, others = 0;
    std::uint32_t a = node.position, b = node.branching;  // both parts are sorted
    while (a < node.branching || b < node.choices.count) {
        const bool first = b == node.choices.count ||
                           (a < node.branching && nodes_->choice_bound(node, a) <= nodes_->choice_bound(node, b));
        const std::uint32_t i = first ? a++ : b++;
        ++total;
        ++(is_rival(nodes_->choice(node, i), loss) ? rivals : others);
        if (total >= needs.total && rivals >= needs.rival && others >= needs.others)
            return nodes_->choice_bound(node, i);
    }
    return rounding::infinity;
}

}  // namespace robust_metric
