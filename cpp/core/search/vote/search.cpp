#include "search/vote/search.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/rounding.hpp"

namespace robust_metric {

using rounding::infinity;

namespace {

using Next = VoteNode::Next;
using Outcome = CellSolver::Outcome;
using Pushed = CellSolver::Pushed;

// bytes that the open and closed nodes of a query may take
constexpr std::size_t most_stored = std::size_t{1} << 29;

// nodes made before the first is followed down
constexpr std::int64_t first_dive = 8;

// nodes made before points of the witness's cell are exchanged, and before they are again
constexpr std::int64_t first_exchange = 64, exchange_growth = 8;

}  // namespace

VoteSearch::VoteSearch(const PreparedSet& training)
    : training_(&training),
      bounds_(training),
      witness_(training, bounds_.refined_bounds().space()),
      cell_(training, bounds_.refined_bounds().space()),
      points_(training, bounds_, cell_, deadline_),
      solver_(training, cell_, points_, decided_, witness_, deadline_),
      attack_(training, bounds_, witness_, cell_, points_, decided_, solver_, deadline_),
      vote_bounds_(training, cell_, points_, decided_, deadline_),
      branching_(cell_, points_, decided_, solver_, vote_bounds_, nodes_, tree_, deadline_),
      roots_(training, cell_, points_, decided_, vote_bounds_, tree_, deadline_),
      exact_sum_(training) {}

MinimalPerturbation VoteSearch::run(const Query& query, int label, std::size_t k, const Deadline& limit,
                                    std::span<double> perturbation, bool keep_tree, int wanted) {
    deadline_ = limit.extended();
    start(query, label, k, keep_tree, wanted);
    const std::vector<LosingVote> votes = losing_votes(*training_, label, k, wanted);
    if (!votes.empty()) {
        attack_.find_first(votes.front());
        deadline_ = limit;
        losses_ = list_losses(votes);
        timed_out_ = !find_start(votes.front()) || !search();
    }
    if (witness_.scaled_length() > std::max(searched_, certified_) * (1.0 + exactness)) {
        deadline_ = limit.extended();
        attack_.tighten();
    }
    return answer(perturbation);
}

MinimalPerturbation VoteSearch::answer(std::span<double> perturbation) const {
    MinimalPerturbation result;
    result.label = label_;
    result.nodes = created_;
    result.upper = witness_.length();
    result.lower = std::min(training_->unscale_down(std::max(searched_, certified_), far_), result.upper);
    result.adversarial_label = witness_.adversarial_label();
    std::copy(witness_.step().begin(), witness_.step().end(), perturbation.begin());
    set_status(result, timed_out_);
    return result;
}

MinimalPerturbation VoteSearch::survive(const WitnessRounding& to, std::span<double> perturbation) {
    deadline_ = Deadline(infinity);  // it was asked for, whatever the search came to
    attack_.survive(to);
    return answer(perturbation);
}

Evidence VoteSearch::evidence() const {
    if (losses_.empty()) return {};
    Evidence proof = bounds_.evidence();
    if (searched_ > certified_) proof.tree = tree_.preorder(searched_);
    return proof;
}

void VoteSearch::start(const Query& query, int label, std::size_t k, bool keep_tree, int wanted) {
    label_ = label;
    wanted_ = wanted;
    far_ = query.embedding->far;
    query_ = query.point;
    timed_out_ = false;
    created_ = 0;
    settled_ = infinity;
    follow_ = false;
    followed_ = VoteNodes::none;
    losses_.clear();
    nodes_.clear();
    tree_.start(keep_tree);
    decided_.clear();
    witness_.start(query, label, k, wanted);
    certified_ = searched_ = bounds_.radius(query, label, k, &deadline_, wanted);
    points_.start(query, label, k);
    solver_.start(query);
    attack_.start(query, label, certified_);
}

// The points that matter in the reach of the witness, which is improved before where it is not good. False where the
// deadline passed.
bool VoteSearch::find_start(const LosingVote& vote) {
    if (!choose_points(vote)) return false;
    if (attack_.has_good_start()) return true;
    attack_.exchange();
    return !points_.outdated(witness_.scaled_length()) || choose_points(vote);
}

bool VoteSearch::choose_points(const LosingVote& vote) {
    if (!points_.choose(vote.kept, witness_.scaled_length(), witness_.step())) return false;
    vote_bounds_.start(vote.kept, bounds_.near_own().size());
    return true;
}

// Leaves its lower bound in searched_. True where it came to its end; else the deadline passed, or the tree takes too
// much room.
bool VoteSearch::search() {
    candidates_ = nodes_.store(points_.candidates());
    roots_.start(losses_);
    const bool ended = go_through_nodes();
    searched_ = std::min({settled_, least_bound(), witness_.scaled_length()});
    if (tree_.keeps()) roots_.name_own_of_rest();
    return ended;
}

double VoteSearch::least_bound() const { return std::min(nodes_.least_bound(), roots_.least_bound()); }

// True where none is left that matters. From time to time the best node is followed down to a closed one, for the sake
// of its witness.
bool VoteSearch::go_through_nodes() {
    std::int64_t next_dive = created_ + first_dive;
    std::int64_t next_exchange = first_exchange;
    for (;;) {
        if (const Index index = std::exchange(followed_, VoteNodes::none); index != VoteNodes::none) {
            follow_ = !deadline_.passed() && !full() && nodes_[index].next != Next::closed;
            if (!follow_)
                open(index);
            else if (visit(index))
                return true;
            continue;
        }
        if (least_bound() >= witness_.scaled_length()) return true;
        if (deadline_.passed() || full()) return false;
        if (created_ >= next_exchange) {
            attack_.exchange();
            next_exchange = created_ * exchange_growth;
            continue;
        }
        if (roots_.least_bound() <= nodes_.least_bound()) {
            take_root();
            continue;
        }
        follow_ = created_ >= next_dive;
        if (follow_) next_dive = created_ + (created_ >> 1);
        if (visit(nodes_.take_best())) return true;
    }
}

void VoteSearch::take_root() {
    const std::optional<VoteRoots::Root> root = roots_.take(witness_.scaled_length());
    if (!root) return;
    VoteNode node{};
    node.bound = root->bound;
    node.loss = root->loss;
    node.record = root->record;
    node.candidates = candidates_;
    follow_ = false;
    create(node, {});
}

// Does what is next for the node: its bound computed again, its witness taken as the answer, or a child made. True
// where that ends the search.
bool VoteSearch::visit(Index index) {
    VoteNode& node = nodes_[index];
    const double upper = witness_.scaled_length();
    if (!node.refined && (node.next == Next::closed || node.norm >= upper * (1.0 - exactness))) {
        refine(node);
        open(index);
    } else if (node.next == Next::closed) {
        settled_ = std::min(settled_, node.bound);
        if (upper <= settled_ * (1.0 + exactness)) return true;
    } else if (node.next == Next::own) {
        expand_own(index);
    } else {
        expand_entering(index);
    }
    if (points_.outdated(witness_.scaled_length())) points_.narrow(witness_.scaled_length());
    return false;
}

bool VoteSearch::full() const { return tree_.full() || nodes_.stored() > most_stored; }

void VoteSearch::open(Index index) {
    if (nodes_[index].bound < witness_.scaled_length()) nodes_.open(index);
}

// The bound that the multipliers prove from the stored arrays.
void VoteSearch::refine(VoteNode& node) {
    std::vector<std::size_t> far, near;
    for (std::size_t i = 0; i < nodes_.pair_count(node); ++i) {
        far.push_back(cell_.points().position(nodes_.pair(node, i).entering));
        near.push_back(cell_.points().position(nodes_.pair(node, i).beaten));
    }
    const double proved =
        bounds_.refined_bounds().halfspace_lower(far, near, nodes_.multipliers(node), node.norm * (1.0 - 1e-11));
    tree_.improve(node.record, proved);
    node.bound = std::max(node.bound, proved);
    node.refined = true;
}

// One of the choices is beaten, those before it stay; the last one, whose bound is smallest, comes first.
void VoteSearch::expand_own(Index index) {
    const VoteNode node = nodes_[index];
    const std::uint32_t j = node.choices.count - 1 - node.position;
    Decided::Sets sets = nodes_.decided(node);
    for (std::uint32_t i = 0; i < j; ++i) sets.allowed.push_back(nodes_.choice(node, i));
    sets.beaten.push_back(nodes_.choice(node, j));
    VoteNode child{};
    child.bound = std::max(node.bound, nodes_.choice_bound(node, j));
    child.loss = node.loss;
    child.record = tree_.child(node.record, j);
    child.pairs = node.pairs;
    child.candidates = node.candidates;
    create(child, std::move(sets));
    if (j == 0) return;
    VoteNode& rest = nodes_[index];
    ++rest.position;
    rest.bound = std::max(rest.bound, nodes_.choice_bound(rest, j - 1));
    open(index);
}

// The next choice enters, those before it do not; those after it may.
void VoteSearch::expand_entering(Index index) {
    const VoteNode node = nodes_[index];
    const std::uint32_t i = node.position;
    const CellPoints::Id entering = nodes_.choice(node, i);
    Decided::Sets sets = nodes_.decided(node);
    for (std::uint32_t j = 0; j < i; ++j) sets.excluded.push_back(nodes_.choice(node, j));
    sets.entering.push_back(entering);
    VoteNode child{};
    child.bound = std::max(node.bound, nodes_.choice_bound(node, i));
    child.loss = node.loss;
    child.record = tree_.add(node.record, cell_.points().position(entering));
    child.pairs = node.pairs;
    child.candidates = node.choices.after(i);
    create(child, std::move(sets));
    VoteNode& rest = nodes_[index];
    ++rest.position;
    rest.bound = std::max(rest.bound, branching_.rest_bound(rest, losses_[rest.loss]));
    open(index);
}

// Makes the node of these sets, unless its bound shows that it does not matter. Until then its pairs are those to begin
// with. Where the deadline passes on the way, the node is left with the bound that it has, and counts as closed.
void VoteSearch::create(VoteNode node, Decided::Sets sets) {
    const VoteLoss& loss = losses_[node.loss];
    ++created_;
    const Decided::Rule rule{.spare = loss.kept - sets.allowed.size(),
                             .complete = sets.entering.size() == loss.entering};
    if (wanted_ != any_class && rule.complete && !can_win(sets.entering)) return;
    decided_.decide(std::move(sets), rule, cell_.points().size());
    if (!solver_.admit_equal_points()) return;
    const std::optional<bool> decided = decide_next(node, loss);
    if (!decided) return;
    nodes_.store_decided(node, decided_.sets());
    const Pushed pushed = *decided && node.next == Next::closed ? solver_.push_inside() : Pushed::not_nearer;
    if (pushed == Pushed::contradiction && prove_empty(node.record)) return;
    if (pushed == Pushed::contradiction || pushed == Pushed::unchanged) {
        split_ties(node);
        if (node.bound == infinity) return;
    }
    const Index index = nodes_.add(node);
    if (follow_)
        followed_ = index;
    else
        open(index);
    if (pushed == Pushed::nearer) attack_.improve();
}

// Solves the node's cell and finds what is next for it; whether that could be decided. None where its bound shows that
// it does not matter.
std::optional<bool> VoteSearch::decide_next(VoteNode& node, const VoteLoss& loss) {
    for (;;) {
        const bool solved = solve(node);
        const double upper = witness_.scaled_length();
        if (!(node.bound < upper)) return {};
        node.next = Next::closed;
        const bool decided = solved && branching_.branch(node, loss, upper);
        if (!(node.bound < upper)) return {};
        // what is to be closed has to be true of all points
        if (!decided || node.next != Next::closed || !solver_.take_in_rest()) return decided;
    }
}

// Whether the wanted class has more votes of what enters than the other classes, ties going to the smaller one.
bool VoteSearch::can_win(std::span<const CellPoints::Id> entering) const {
    std::map<int, std::size_t> votes;
    for (const CellPoints::Id id : entering) ++votes[points_.label(id)];
    const std::size_t own = votes[wanted_];
    return std::all_of(votes.begin(), votes.end(), [&](const auto& vote) {
        return vote.first == wanted_ || vote.second < own || (vote.second == own && vote.first > wanted_);
    });
}

// A closed node without a witness: own-class points as near as what enters may come before it whichever way it is
// pushed, so that they are decided as well.
void VoteSearch::split_ties(VoteNode& node) {
    if (!solve(node) || !(node.bound < witness_.scaled_length())) return;
    branching_.branch_on_ties(node);
}

// Solves the cell that is decided, from the node's pairs on, as far as its bound is smaller than the witness; these,
// bound and norm are then the node's own. False where no solution was reached.
bool VoteSearch::solve(VoteNode& node) {
    cell_.clear();
    for (std::size_t i = 0; i < nodes_.pair_count(node); ++i)
        if (const CellPoints::Pair pair = nodes_.pair(node, i); cell_.violates(pair)) cell_.require(pair);
    const double upper = witness_.scaled_length(), known = node.bound;
    Outcome outcome = solver_.solve_among_own(0.0, upper);
    node.bound = std::max(known, prove(node.record));
    if (outcome == Outcome::too_far && node.bound < upper) {
        outcome = solver_.solve_among_own(0.0, infinity);
        node.bound = std::max(known, prove(node.record));
    }
    if (node.bound < upper && outcome == Outcome::contradiction) {
        if (prove_empty(node.record))
            node.bound = infinity;
        else
            solver_.try_around();
    }
    if (node.bound < upper) {
        node.norm = cell_.norm();
        nodes_.store_pairs(node, pairs_, multipliers_);
    }
    return outcome == Outcome::solved;
}

// The bound of the cell's multipliers, which are left in pairs_ and multipliers_.
double VoteSearch::prove(VoteTree::Index record) {
    cell_.active(pairs_, multipliers_);
    const double proved = cell_.proof().prove(pairs_, multipliers_);
    tree_.prove(record, proved, cell_, pairs_, multipliers_);
    return proved;
}

// Whether the pairs that the solver found to contradict each other leave nothing of the node, decided in integers.
bool VoteSearch::prove_empty(VoteTree::Index record) {
    cell_.active(pairs_, multipliers_);
    std::vector<Evidence::Pair> pairs;
    pairs.reserve(pairs_.size());
    for (std::size_t i = 0; i < pairs_.size(); ++i)
        pairs.push_back(
            {cell_.points().position(pairs_[i].entering), cell_.points().position(pairs_[i].beaten), multipliers_[i]});
    if (!exact_sum_.contradicts(query_, pairs)) return false;
    tree_.prove_empty(record, std::move(pairs));
    return true;
}

}  // namespace robust_metric
