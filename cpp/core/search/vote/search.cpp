#include "search/vote/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/rounding.hpp"

namespace robust_metric {

using rounding::infinity;

namespace {

// bytes that the open and closed nodes of a query may take
constexpr std::size_t most_stored = std::size_t{1} << 29;

// nodes made before the first is followed down
constexpr std::int64_t first_dive = 8;

// nodes made before points of the witness's cell are exchanged, and before they are again
constexpr std::int64_t first_exchange = 64, exchange_growth = 8;

// a first witness up to this much above the certified bound is good enough to search with
constexpr double good_start = 1.25;

// points are gone through again once the witness is nearer by this factor
constexpr double worth_narrowing = 0.98;

// lengths of pairs that are kept
constexpr std::size_t cached_lengths = std::size_t{1} << 19;

}  // namespace

MinimalPerturbation VoteSearch::run(const Query& query, int label, std::size_t k, double time_limit,
                                    std::span<double> perturbation, bool keep_tree) {
    const PreparedSet& t = *training_;
    const Deadline deadline(time_limit);
    MinimalPerturbation result;
    result.label = label;
    query_ = &query;
    label_ = label;
    created_ = 0;
    searching_ = false;
    settled_ = infinity;
    nodes_.clear();
    heap_.clear();
    ids_.clear();
    numbers_.clear();
    tree_.start(keep_tree);
    witness_.start(query, label, k);
    losses_.clear();
    const std::vector<LosingVote> votes = losing_votes(t, label, k);
    certified_ = searched_ = bounds_.radius(query, label, k);
    bool timed_out = false;
    if (!votes.empty()) {
        attack(votes.front());
        choose_points(k, votes.front().kept);
        searching_ = true;
        if (const double first = witness_.scaled_length(); !has_good_start()) {
            exchange_points();
            if (witness_.scaled_length() <= first * worth_narrowing) choose_points(k, votes.front().kept);
        }
        list_losses(votes);
        follow_ = false;
        add_roots();
        timed_out = !search(deadline);
        searched_ = std::min(settled_, heap_.empty() ? infinity : nodes_[heap_.front()].bound);
        searched_ = std::min(searched_, witness_.scaled_length());
    }
    result.nodes = created_;
    result.upper = witness_.length();
    result.lower = std::min(t.unscale_down(std::max(searched_, certified_)), result.upper);
    result.adversarial_label = witness_.adversarial_label();
    std::copy(witness_.step().begin(), witness_.step().end(), perturbation.begin());
    set_status(result, timed_out);
    return result;
}

bool VoteSearch::has_good_start() const { return witness_.scaled_length() <= certified_ * good_start; }

// The ways to lose that differ: what a larger number of votes kept covers already is left out by `most`.
void VoteSearch::list_losses(const std::vector<LosingVote>& votes) {
    for (std::size_t i = 0; i < votes.size(); ++i)
        for (int r = 0; r < training_->classes(); ++r) {
            const auto rival = static_cast<std::size_t>(r);
            const LosingVote& vote = votes[i];
            if (vote.needed[rival] == 0) continue;
            std::size_t most = vote.entering;
            if (i > 0 && votes[i - 1].kept == vote.kept + 1 && votes[i - 1].needed[rival] > 0)
                most = std::min(most, votes[i - 1].needed[rival]);
            if (vote.needed[rival] <= most) losses_.push_back({r, vote.kept, vote.entering, vote.needed[rival], most});
        }
}

// Own-class points that can be among the k nearest within the radius of the witness known; and those of other classes
// that no bound keeps from entering.
void VoteSearch::choose_points(std::size_t k, std::size_t kept) {
    const PreparedSet& t = *training_;
    const double reach = witness_.scaled_length(), factor = t.threat().dual_factor();
    std::vector<char> may_enter(t.size(), 0);
    if (kept + 1 > t.class_size(label_)) {  // no own-class point has to be beaten
        for (std::size_t i = 0; i < t.size(); ++i) may_enter[i] = t.label(i) != label_;
    } else {
        bounds_.enqueue(kept, false, infinity);
        const double limit = reach * (1.0 + 1e-6);
        for (auto row = bounds_.top(HalfspaceBounds::near_pairs); row && row->bound < limit;
             row = bounds_.top(HalfspaceBounds::near_pairs)) {
            may_enter[row->position] = 1;
            bounds_.pop();
        }
    }
    const auto farthest = [&](double half, double length) {
        return reach < infinity ? half + reach * length : infinity;
    };
    const auto nearest = [&](double half, double length) {
        return reach < infinity ? half - reach * length : -infinity;
    };
    largest_.clear();
    for (std::size_t i = 0; i < t.size(); ++i)
        largest_.push_back(farthest(0.5 * bounds_.relative_distance(i).upper, factor * bounds_.length(i)));
    const auto kth = [&](std::vector<double> values) {
        const auto at = values.begin() + static_cast<std::ptrdiff_t>(k) - 1;
        std::nth_element(values.begin(), at, values.end());
        return *at + 1e-12 * std::fabs(*at);
    };
    const double filter_limit = kth(largest_);
    cell_.start(*query_);
    // once more by numbers that are not the filter's, so that its bits make no difference
    std::vector<double> exact;
    nearest_points_.clear();
    narrowed_ = reach;
    k_ = k;
    std::vector<VoteCell::Measured> own;
    for (std::size_t i = 0; i < t.size(); ++i) {
        const double length = factor * bounds_.length(i), lower = 0.5 * bounds_.relative_distance(i).lower;
        // with room for what the filter may be off by
        const bool first = !(largest_[i] > filter_limit + 1e-3 * (std::fabs(filter_limit) + reach * length));
        const bool reachable = t.label(i) == label_ && nearest(lower, length) <= filter_limit;
        if (!first && !reachable) continue;
        const VoteCell::Measured point = cell_.measure(i);
        if (first) {
            exact.push_back(farthest(point.half, point.length));
            nearest_points_.push_back(point);
        }
        if (reachable) own.push_back(point);
    }
    const double limit = kth(exact);
    std::erase_if(own, [&](const auto& x) { return nearest(x.half, x.length) > limit; });
    std::sort(own.begin(), own.end(), [&](const auto& a, const auto& b) {
        const double first = nearest(a.half, a.length), second = nearest(b.half, b.length);
        return first != second ? first < second : a.position < b.position;
    });
    own_.clear();
    for (const auto& point : own) own_.push_back(cell_.add_point(point));
    candidates_.clear();
    for (std::size_t i = 0; i < t.size(); ++i)
        if (may_enter[i]) candidates_.push_back(cell_.add_point(i));
    marks_.assign(cell_.size(), Mark::free);
    cached_own_ = std::min(own_.size(), cached_lengths / std::max<std::size_t>(candidates_.size(), 1));
    own_count_ = own_.size();
    start_joint(kept);
    root_spare_ = SIZE_MAX;
    pair_lengths_.assign(candidates_.size() * cached_own_, std::numeric_limits<double>::quiet_NaN());
}

void VoteSearch::add_roots() {
    const Slice all = store(candidates_);
    for (std::uint32_t i = 0; i < losses_.size(); ++i) {
        sets_ = {};
        create(i, 0.0, Node{}, all, tree_.add_root());
    }
}

// True where the search came to its end; else the deadline passed, or the tree takes too much room. What is left in
// heap_ is open. From time to time the best node is followed down to a closed one, for the sake of its witness.
bool VoteSearch::search(const Deadline& deadline) {
    const Later later{nodes_};
    std::int64_t next_dive = created_ + first_dive;
    std::int64_t next_exchange = first_exchange;
    followed_ = no_node;
    while (followed_ != no_node || !heap_.empty()) {
        const double upper = witness_.scaled_length();
        std::uint32_t index = std::exchange(followed_, no_node);
        if (index != no_node && (deadline.passed() || full() || nodes_[index].next == Next::closed)) {
            push(index);
            continue;
        }
        follow_ = index != no_node;
        if (!follow_) {
            if (nodes_[heap_.front()].bound >= upper) return true;
            if (deadline.passed() || full()) return false;
            if (created_ >= next_exchange) {
                exchange_points();
                next_exchange = created_ * exchange_growth;
                continue;
            }
            std::pop_heap(heap_.begin(), heap_.end(), later);
            index = heap_.back();
            heap_.pop_back();
            if (created_ >= next_dive) {
                follow_ = true;
                next_dive = created_ + (created_ >> 1);
            }
        }
        Node& node = nodes_[index];
        if (!node.refined && (node.next == Next::closed || node.norm >= upper * (1.0 - exactness))) {
            refine(node);
            push(index);
        } else if (node.next == Next::closed) {
            settled_ = std::min(settled_, node.bound);
            if (upper <= settled_ * (1.0 + exactness)) return true;
        } else {
            expand(index);
        }
        narrow();
    }
    return true;
}

bool VoteSearch::full() const {
    const std::size_t stored =
        nodes_.size() * sizeof(Node) + ids_.size() * sizeof(ids_[0]) + numbers_.size() * sizeof(numbers_[0]);
    return tree_.full() || stored > most_stored;
}

// Points that no longer matter now that a nearer witness is known.
void VoteSearch::narrow() {
    const double reach = witness_.scaled_length();
    if (reach > narrowed_ * worth_narrowing) return;
    narrowed_ = reach;
    largest_.clear();
    for (const auto& point : nearest_points_) largest_.push_back(point.half + reach * point.length);
    const auto at = largest_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
    std::nth_element(largest_.begin(), at, largest_.end());
    const double limit = *at + 1e-12 * std::fabs(*at);
    std::erase_if(own_, [&](Id x) { return cell_.half(x) - reach * cell_.length(x) > limit; });
}

void VoteSearch::push(std::uint32_t index) {
    if (!(nodes_[index].bound < witness_.scaled_length())) return;
    heap_.push_back(index);
    std::push_heap(heap_.begin(), heap_.end(), Later{nodes_});
}

// The bound that the multipliers prove from the stored arrays.
void VoteSearch::refine(Node& node) {
    far_.clear();
    near_.clear();
    for (std::uint32_t i = 0; i < node.pairs.count; ++i) {
        far_.push_back(cell_.position(ids_[node.pairs.begin + 2 * i]));
        near_.push_back(cell_.position(ids_[node.pairs.begin + 2 * i + 1]));
    }
    const std::span<const double> multipliers(numbers_.data() + node.numbers, node.pairs.count);
    const double proved = bounds_.refined_bounds().halfspace_lower(far_, near_, multipliers, node.norm * (1.0 - 1e-11));
    tree_.improve(node.record, proved);
    node.bound = std::max(node.bound, proved);
    node.refined = true;
}

// Hands out the next children.
void VoteSearch::expand(std::uint32_t index) {
    const Node node = nodes_[index];
    const Loss& loss = losses_[node.loss];
    const auto choice = [&](std::uint32_t i) { return ids_[node.choices.begin + i]; };
    if (node.next == Next::own) {
        // one of the choices is beaten, those before it stay; the last one, whose bound is smallest, comes first
        const std::uint32_t j = node.choices.count - 1 - node.position;
        load(node, sets_);
        for (std::uint32_t i = 0; i < j; ++i) sets_.allowed.push_back(choice(i));
        sets_.beaten.push_back(choice(j));
        const auto bound_of = [&](std::uint32_t i) { return numbers_[node.numbers + node.pairs.count + i]; };
        create(node.loss, std::max(node.bound, bound_of(j)), node, node.candidates, tree_.child(node.record, j));
        if (j == 0) return;
        Node& rest = nodes_[index];
        ++rest.position;
        rest.bound = std::max(rest.bound, bound_of(j - 1));
        push(index);
        return;
    }
    const std::uint32_t i = node.position;
    load(node, sets_);
    for (std::uint32_t j = 0; j < i; ++j) sets_.excluded.push_back(choice(j));
    sets_.entering.push_back(choice(i));
    const double single = numbers_[node.numbers + node.pairs.count + i];
    create(node.loss, std::max(node.bound, single), node, {node.choices.begin + i + 1, node.choices.count - i - 1},
           tree_.add(node.record, cell_.position(choice(i))));
    load(node, sets_);
    Node& rest = nodes_[index];
    ++rest.position;
    rest.bound = std::max(rest.bound, rest_bound(rest, needs(loss)));
    push(index);
}

// Makes the node of sets_, unless its bound shows that it does not matter.
void VoteSearch::create(std::uint32_t loss_index, double bound, const Node& warm, Slice candidates,
                        VoteTree::Index record) {
    const Loss& loss = losses_[loss_index];
    ++created_;
    set_marks(true);
    spare_ = loss.kept - sets_.allowed.size();
    complete_ = sets_.entering.size() == loss.entering;
    nearest_stay_ = false;
    if (!admit_equal_points()) {
        set_marks(false);
        return;
    }
    cell_.clear();
    for (std::uint32_t i = 0; i < warm.pairs.count; ++i) {
        const Pair pair{ids_[warm.pairs.begin + 2 * i], ids_[warm.pairs.begin + 2 * i + 1]};
        if (cell_.violates(pair)) cell_.require(pair);
    }
    const double upper = witness_.scaled_length();
    const double known = bound;
    const auto prove = [&] {
        cell_.active(pairs_, multipliers_);
        const double proved = cell_.prove(pairs_, multipliers_);
        tree_.prove(record, proved, cell_, pairs_, multipliers_);
        bound = std::max(known, proved);
    };
    Outcome outcome = solve(0.0, upper);
    prove();
    if (outcome == Outcome::too_far && bound < upper) {
        outcome = solve(0.0, infinity);
        prove();
    }
    if (bound < upper) {
        Node node{};
        node.bound = bound;
        node.norm = cell_.norm();
        node.loss = loss_index;
        node.record = record;
        node.candidates = candidates;
        node.pairs = {static_cast<std::uint32_t>(ids_.size()), static_cast<std::uint32_t>(pairs_.size())};
        for (const Pair pair : pairs_) {
            ids_.push_back(pair.entering);
            ids_.push_back(pair.beaten);
        }
        node.numbers = static_cast<std::uint32_t>(numbers_.size());
        numbers_.insert(numbers_.end(), multipliers_.begin(), multipliers_.end());
        node.next = Next::closed;
        if (outcome == Outcome::solved) branch(node);
        if (node.bound < upper) {
            node.entering = store(sets_.entering);
            node.allowed = store(sets_.allowed);
            node.beaten = store(sets_.beaten);
            node.excluded = store(sets_.excluded);
            const bool better = node.next == Next::closed && outcome == Outcome::solved && push_inside();
            nodes_.push_back(node);
            const auto index = static_cast<std::uint32_t>(nodes_.size() - 1);
            if (follow_)
                followed_ = index;
            else
                push(index);
            set_marks(false);
            if (better) improve_witness();
            return;
        }
    }
    set_marks(false);
}

}  // namespace robust_metric
