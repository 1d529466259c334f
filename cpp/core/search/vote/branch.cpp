// VoteSearch, the part that branches: which decision a node takes next, and the bounds of its children.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rounding.hpp"
#include "search/vote/search.hpp"

namespace robust_metric {

using rounding::infinity;

namespace {

// own-class points by which the bounds of entering points are computed, beside those that must be beaten
constexpr std::size_t extra_own = 8;

// points that may enter, up to which each is looked at with each
constexpr std::size_t most_company = 128, root_company = 512;

// own-class points among which those to branch on are chosen, beside the one more than may stay
constexpr std::size_t branched_own = 24;

// own-class points are decided first where that closes this share of the gap between a node's bound and the witness
constexpr double worthwhile_gain = 0.05;

}  // namespace

// Chooses the next decision of a node whose cell was solved.
void VoteSearch::branch(Node& node) {
    const bool own = rank_beaten();
    if (!complete_ && !(own && own_first(node)))
        branch_on_entering(node);
    else if (own)
        branch_on_own(node);
}

// Whether own-class points are decided before more points enter. While few points have entered, most cells of kept
// and beaten points are alike in length, and going through them gains nothing; without any to be beaten, no bound
// knows of those that have entered.
bool VoteSearch::own_first(const Node& node) const {
    if (sets_.beaten.empty()) return true;
    const double gain = -ranked_.back().value - node.bound;
    return gain >= worthwhile_gain * (witness_.scaled_length() - node.bound);
}

// Into ranked_: own-class points nearer than what enters, if they are more than may stay. One of any spare_ + 1 is
// beaten; these are the most expensive to beat, in this order, so that the last one's bound is the largest that can be
// had.
bool VoteSearch::rank_beaten() {
    if (spare_ == 0 || sets_.entering.empty()) return false;
    const Id last = farthest_entering();
    const double limit = cell_.value(last);
    ranked_.clear();
    cell_.screen();
    for (const Id own : own_) {
        if (marks_[own] != Mark::free || cell_.least_value(own) > limit) continue;
        if (cell_.violates({last, own})) ranked_.push_back({cell_.value(own), own});
    }
    if (ranked_.size() <= spare_) return false;
    const std::size_t count = std::min(ranked_.size(), spare_ + 1 + branched_own);
    std::partial_sort(ranked_.begin(), ranked_.begin() + static_cast<std::ptrdiff_t>(count), ranked_.end());
    ranked_.resize(count);
    along_.clear();
    for (const Id x : sets_.entering) along_.push_back(cell_.along(x));
    for (Ranked& own : ranked_) own.value = -beaten_bound(own.id).bound;
    std::sort(ranked_.begin(), ranked_.end());
    ranked_.resize(spare_ + 1);
    return true;
}

// The points of ranked_ are the choices.
void VoteSearch::branch_on_own(Node& node) {
    node.choices = {static_cast<std::uint32_t>(ids_.size()), static_cast<std::uint32_t>(ranked_.size())};
    for (const Ranked& own : ranked_) {
        ids_.push_back(own.id);
        numbers_.push_back(-own.value);
    }
    node.next = Next::own;
    node.bound = std::max(node.bound, -ranked_.back().value);
    if (tree_.keeps()) keep_own_children(node);
}

// Lower bound of the perturbations of the node's cell at which all that enter beat this own-class point. along_: of
// what enters.
auto VoteSearch::beaten_bound(Id own) -> Beaten {
    const double along = cell_.along(own);
    Beaten best{};
    for (std::size_t i = 0; i < sets_.entering.size(); ++i) {
        const Pair pair{sets_.entering[i], own};
        const double bound = cell_.prove_with(pair, along_[i], along, pair_length(pair.entering, own)).bound;
        if (i == 0 || bound > best.bound) best = {bound, i};
    }
    return best;
}

// The multipliers that prove the bounds of children before they are made.
void VoteSearch::keep_own_children(const Node& node) {
    tree_.split_own(node.record);
    for (const Ranked& own : ranked_) {
        const std::size_t i = beaten_bound(own.id).entering;
        const Pair pair{sets_.entering[i], own.id};
        const auto raised = cell_.prove_with(pair, along_[i], cell_.along(own.id), pair_length(pair.entering, own.id));
        std::vector<Pair> pairs(pairs_.begin(), pairs_.begin() + node.pairs.count);
        std::vector<double> multipliers(multipliers_.begin(), multipliers_.begin() + node.pairs.count);
        for (double& multiplier : multipliers) multiplier *= raised.share;
        pairs.push_back(pair);
        multipliers.push_back(raised.weight);
        const VoteTree::Index child = tree_.add(node.record, cell_.position(own.id));
        tree_.prove(child, raised.bound, cell_, pairs, multipliers);
    }
}

// Points that may enter next, in the order of their bounds.
void VoteSearch::branch_on_entering(Node& node) {
    const Loss& loss = losses_[node.loss];
    const Needs need = needs(loss);
    const double upper = witness_.scaled_length();
    const bool at_root = sets_.entering.empty();
    // the own-class points by which the bounds are computed
    near_own_.clear();
    cell_.screen();
    for (const Id own : own_)
        if (marks_[own] == Mark::free) near_own_.push_back({cell_.estimate(own), own});
    if (node.candidates.count > 32) cell_.prepare_along();
    // at the root no fewer than HalfspaceBounds uses, so that its bounds are reached
    const std::size_t wanted = spare_ + 1 + extra_own + (at_root ? bounds_.near_own().size() : 0);
    const std::size_t count = std::min(near_own_.size(), wanted);
    std::partial_sort(near_own_.begin(), near_own_.begin() + static_cast<std::ptrdiff_t>(count), near_own_.end());
    near_own_.resize(count);
    for (const Ranked& own : near_own_) tree_.use_own(node.record, cell_, own.id);
    if (at_root)
        for (const Id own : joint_.own()) tree_.use_own(node.record, cell_, own);
    for (const Id own : sets_.beaten) near_own_.push_back({0.0, own});
    for (Ranked& own : near_own_) own.value = cell_.along(own.id);
    if (at_root && root_spare_ != spare_) {
        root_spare_ = spare_;
        root_bounds_.assign(candidates_.size(), std::numeric_limits<double>::quiet_NaN());
    }
    ranked_.clear();
    for (std::uint32_t i = 0; i < node.candidates.count; ++i) {
        const Id x = ids_[node.candidates.begin + i];
        if ((is_rival(x, loss) ? need.rival_room : need.others_room) == 0) continue;
        double bound = joint_bound(x);
        if (bound < upper) bound = std::max(bound, at_root ? root_bound(x, upper) : entering_bound(x, upper));
        if (bound < upper) ranked_.push_back({bound, x});
    }
    raise_by_company(loss, need, upper);
    list_entering(node, loss, need);
    node.next = Next::enter;
    node.bound = std::max(node.bound, rest_bound(node, need));
}

// The points of ranked_ are the choices, in the order of their bounds: first those of the kind, rival's or not, that
// the node branches on. Where some of both must enter, that is the kind with fewer ways to begin.
void VoteSearch::list_entering(Node& node, const Loss& loss, const Needs& needs) {
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
    node.choices = {static_cast<std::uint32_t>(ids_.size()), static_cast<std::uint32_t>(ranked_.size())};
    node.branching = static_cast<std::uint32_t>(branching);
    for (const Ranked& x : ranked_) {
        ids_.push_back(x.id);
        numbers_.push_back(x.value);
    }
}

// Lower bound of the perturbations of the node's cell that let x enter: it must beat the points to be beaten, and all
// but spare_ of the others. Infinite once it is clear that it is no less than upper.
double VoteSearch::entering_bound(Id x, double upper) {
    const double along = cell_.along(x);
    largest_.clear();
    double bound = 0.0;
    std::size_t out_of_reach = 0;
    for (const Ranked& own : near_own_) {
        const double pair = cell_.prove_with({x, own.id}, along, own.value, pair_length(x, own.id)).bound;
        const bool beaten = marks_[own.id] == Mark::beaten;
        if (pair >= upper && (beaten || ++out_of_reach > spare_)) return infinity;
        if (beaten)
            bound = std::max(bound, pair);
        else
            largest_.push_back(pair);
    }
    if (largest_.size() <= spare_) return bound;
    const auto at = largest_.begin() + static_cast<std::ptrdiff_t>(spare_);
    std::nth_element(largest_.begin(), at, largest_.end(), std::greater<>());
    return std::max(bound, *at);
}

// The own-class points by which points are bounded together are those of the roots, so that evidence names them once.
void VoteSearch::start_joint(std::size_t kept) {
    std::vector<Id> own;
    if (training_->threat().euclidean() && !candidates_.empty()) {
        near_own_.clear();
        for (const Id id : own_) near_own_.push_back({cell_.half(id), id});
        const std::size_t count = std::min(near_own_.size(), kept + 1 + extra_own + bounds_.near_own().size());
        std::partial_sort(near_own_.begin(), near_own_.begin() + static_cast<std::ptrdiff_t>(count), near_own_.end());
        for (std::size_t i = 0; i < count; ++i) own.push_back(near_own_[i].id);
    }
    joint_.start(candidates_.empty() ? 0 : candidates_.front(), candidates_.size(), own, kept);
}

// Lower bound of the perturbations at which x enters together with each that has entered.
double VoteSearch::joint_bound(Id x) {
    double bound = 0.0;
    if (joint_.usable())
        for (const Id e : sets_.entering) bound = std::max(bound, static_cast<double>(joint_.bound(e, x)));
    return bound;
}

// Into the bounds of ranked_: whoever enters does so with all others that are missing, the least expensive ones at
// best. Points that this keeps out are no company for others, so it is repeated until none is.
void VoteSearch::raise_by_company(const Loss& loss, const Needs& needs, double upper) {
    const std::size_t most = sets_.entering.empty() ? root_company : most_company;
    if (!joint_.usable() || needs.total < 2 || ranked_.size() > most) return;
    for (std::size_t before = 0; before != ranked_.size();) {
        before = ranked_.size();
        for (Ranked& x : ranked_) x.value = std::max(x.value, company_bound(x.id, loss, needs, upper));
        std::erase_if(ranked_, [&](const Ranked& x) { return x.value >= upper; });
    }
}

// What it costs to enter with x, of the points of ranked_ as many as are missing beside it, and enough of each kind.
double VoteSearch::company_bound(Id x, const Loss& loss, const Needs& needs, double upper) {
    const auto row = joint_.row(x);
    std::vector<double>&all = company_[0], &rivals = company_[1], &others = company_[2];
    for (auto& values : company_) values.clear();
    for (const Ranked& y : ranked_) {
        if (y.id == x) continue;
        const double bound = std::max(y.value, static_cast<double>(row[y.id - candidates_.front()]));
        if (bound >= upper) continue;
        all.push_back(bound);
        (is_rival(y.id, loss) ? rivals : others).push_back(bound);
    }
    const auto smallest = [](std::vector<double>& values, std::size_t count) {
        if (count == 0) return 0.0;
        if (values.size() < count) return infinity;
        const auto at = values.begin() + static_cast<std::ptrdiff_t>(count) - 1;
        std::nth_element(values.begin(), at, values.end());
        return *at;
    };
    const bool rival = is_rival(x, loss);
    const auto without = [](std::size_t needed, bool one) { return needed - (one && needed > 0 ? 1 : 0); };
    return std::max({smallest(all, needs.total - 1), smallest(rivals, without(needs.rival, rival)),
                     smallest(others, without(needs.others, !rival))});
}

// The same at a root, where it is one for all losses that keep as many votes. As upper only falls, what was out of
// reach stays so.
double VoteSearch::root_bound(Id x, double upper) {
    double& known = root_bounds_[x - candidates_.front()];
    if (std::isnan(known)) known = entering_bound(x, upper);
    return known;
}

double VoteSearch::pair_length(Id x, Id own) {
    if (own >= cached_own_) return cell_.pair_length({x, own});  // own-class points come first
    double& known = pair_lengths_[(x - own_count_) * cached_own_ + own];
    if (std::isnan(known)) known = cell_.pair_length({x, own});
    return known;
}

auto VoteSearch::needs(const Loss& loss) const -> Needs {
    std::size_t rivals = 0;
    for (const Id id : sets_.entering) rivals += is_rival(id, loss);
    const std::size_t others = sets_.entering.size() - rivals;
    const auto missing = [](std::size_t wanted, std::size_t have) { return wanted > have ? wanted - have : 0; };
    return {loss.entering - sets_.entering.size(), missing(loss.least, rivals),
            missing(loss.entering - loss.most, others), missing(loss.most, rivals),
            missing(loss.entering - loss.least, others)};
}

// What is left of a node's choices: as many must enter as are missing, and enough of each kind.
double VoteSearch::rest_bound(const Node& node, const Needs& needs) const {
    const auto bound_of = [&](std::uint32_t i) { return numbers_[node.numbers + node.pairs.count + i]; };
    std::size_t total = 0, rivals = 0, others = 0;
    std::uint32_t a = node.position, b = node.branching;  // both parts are sorted
    while (a < node.branching || b < node.choices.count) {
        const bool first = b == node.choices.count || (a < node.branching && bound_of(a) <= bound_of(b));
        const std::uint32_t i = first ? a++ : b++;
        ++total;
        ++(is_rival(ids_[node.choices.begin + i], losses_[node.loss]) ? rivals : others);
        if (total >= needs.total && rivals >= needs.rival && others >= needs.others) return bound_of(i);
    }
    return infinity;
}

}  // namespace robust_metric
