#include "search/vote/roots.hpp"

#include <algorithm>

#include "base/rounding.hpp"

namespace robust_metric {

using rounding::infinity;

namespace {

// a heap with the smallest bound on top; of equal ones the first loss
struct Later {
    bool operator()(const VoteRoots::Root& a, const VoteRoots::Root& b) const {
        return a.bound != b.bound ? a.bound > b.bound : a.loss > b.loss;
    }
};

// candidates that are bounded before the deadline is asked again
constexpr std::size_t candidates_per_question = 32;

}  // namespace

void VoteRoots::start(std::span<const VoteLoss> losses) {
    losses_ = losses;
    records_.clear();
    for (std::size_t i = 0; i < losses.size(); ++i) records_.push_back(tree_->add_root());
    waiting_.clear();
    next_ = 0;
    next_bound_ = 0.0;
    own_.clear();
}

double VoteRoots::least_bound() const {
    const double waiting = waiting_.empty() ? infinity : waiting_.front().bound;
    return next_ < losses_.size() ? std::min(waiting, next_bound_) : waiting;
}

auto VoteRoots::take(double upper) -> std::optional<Root> {
    if (waiting_.empty() || (next_ < losses_.size() && next_bound_ < waiting_.front().bound)) {
        look_at_next(upper);
        return std::nullopt;
    }
    std::pop_heap(waiting_.begin(), waiting_.end(), Later());
    const Root root = waiting_.back();
    waiting_.pop_back();
    return root;
}

// Bounds all losses that keep as many votes as the next one. Those that keep fewer need more points, each of which has
// to beat more: their bound is that of so many points by the bounds just computed.
void VoteRoots::look_at_next(double upper) {
    if (next_ == losses_.size() || !rank_candidates(losses_[next_].kept, upper)) return;
    sort_by_class();
    const std::size_t kept = losses_[next_].kept;
    for (; next_ < losses_.size() && losses_[next_].kept == kept; ++next_) {
        for (const Id own : own_) tree_->use_own(records_[next_], *cell_, own);
        const double bound = bound_of(losses_[next_]);
        if (!(bound < upper)) continue;
        waiting_.push_back({bound, static_cast<std::uint32_t>(next_), records_[next_]});
        std::push_heap(waiting_.begin(), waiting_.end(), Later());
    }
    if (next_ < losses_.size()) next_bound_ = std::max(next_bound_, value(losses_[next_].entering - 1));
}

// Into ranked_: candidates within reach, as the root of a loss that keeps so many votes bounds them. False where the
// deadline passed.
bool VoteRoots::rank_candidates(std::size_t kept, double upper) {
    decided_->decide({}, {.spare = kept}, cell_->points().size());
    cell_->clear();
    cell_->proof().prove({}, {});
    bounds_->choose_own(true);
    ranked_.clear();
    std::size_t asked = 0;
    for (const Id x : points_->candidates()) {
        if (asked++ % candidates_per_question == 0 && deadline_->passed()) return false;
        const double bound = bounds_->entering(x, upper);
        if (bound < upper) ranked_.push_back({bound, x});
    }
    std::sort(ranked_.begin(), ranked_.end());
    own_.clear();
    for (const Ranked& own : bounds_->free_own()) own_.push_back(own.id);
    return true;
}

void VoteRoots::sort_by_class() {
    class_begin_.assign(static_cast<std::size_t>(training_->classes()) + 1, 0);
    for (const Ranked& x : ranked_) ++class_begin_[static_cast<std::size_t>(points_->label(x.id)) + 1];
    for (std::size_t c = 1; c < class_begin_.size(); ++c) class_begin_[c] += class_begin_[c - 1];
    class_ranks_.resize(ranked_.size());
    std::vector<std::size_t> end(class_begin_.begin(), class_begin_.end() - 1);
    for (std::size_t i = 0; i < ranked_.size(); ++i)
        class_ranks_[end[static_cast<std::size_t>(points_->label(ranked_[i].id))]++] = i;
}

double VoteRoots::value(std::size_t rank) const { return rank < ranked_.size() ? ranked_[rank].value : infinity; }

// As many must enter as are missing, and enough of each kind.
double VoteRoots::bound_of(const VoteLoss& loss) const {
    const auto rival = static_cast<std::size_t>(loss.rival);
    const auto rivals =
        std::span(class_ranks_).subspan(class_begin_[rival], class_begin_[rival + 1] - class_begin_[rival]);
    if (rivals.size() < loss.least) return infinity;
    const double bound = std::max(value(loss.entering - 1), value(rivals[loss.least - 1]));
    const std::size_t others = loss.entering - loss.most;
    if (others == 0) return bound;
    std::size_t last = others - 1;  // of that many others, if the rivals before them are passed over
    for (const std::size_t rank : rivals) {
        if (rank > last) break;
        ++last;
    }
    return std::max(bound, value(last));
}

void VoteRoots::name_own_of_rest() {
    for (std::size_t i = next_; i < losses_.size(); ++i)
        for (const Id own : own_) tree_->use_own(records_[i], *cell_, own);
}

}  // namespace robust_metric
