#include "search/vote/bounds.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/rounding.hpp"

namespace robust_metric {

using rounding::infinity;

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// own-class points by which the bounds of entering points are computed, beside those that must be beaten
constexpr std::size_t extra_own = 8;

// points that may enter, up to which each is looked at with each
constexpr std::size_t most_company = 128, root_company = 512;

// bounds at roots that are kept
constexpr std::size_t cached_root_bounds = std::size_t{1} << 23;

// lengths of pairs that are kept
constexpr std::size_t cached_lengths = std::size_t{1} << 19;

// The count-th smallest, 0 for none; the values are put out of order.
double smallest(std::vector<double>& values, std::size_t count) {
    if (count == 0) return 0.0;
    if (values.size() < count) return infinity;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(count) - 1;
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

}  // namespace

// The own-class points by which points are bounded together are those of the roots, so that evidence names them once.
void VoteBounds::start(std::size_t kept, std::size_t root_own) {
    const auto candidates = points_->candidates();
    root_own_ = root_own;
    std::vector<Id> own;
    if (training_->threat().euclidean() && !candidates.empty())
        own = nearest_to_query(kept + 1 + extra_own + root_own_);
    joint_.start(candidates.empty() ? 0 : candidates.front(), candidates.size(), own, kept);
    root_bounds_.clear();
    cached_own_ = std::min(points_->chosen_own(), cached_lengths / std::max<std::size_t>(candidates.size(), 1));
    pair_lengths_.assign(candidates.size() * cached_own_, unknown);
}

std::vector<CellPoints::Id> VoteBounds::nearest_to_query(std::size_t count) const {
    std::vector<Ranked> ranked;
    for (const Id id : points_->own()) ranked.push_back({cell_->points().half(id), id});
    keep_first(ranked, count);
    std::vector<Id> own;
    own.reserve(ranked.size());
    for (const Ranked& x : ranked) own.push_back(x.id);
    return own;
}

void VoteBounds::choose_own(bool many) {
    near_own_.clear();
    cell_->screen();
    for (const Id own : points_->own())
        if (decided_->is(own, Decided::Mark::free)) near_own_.push_back({cell_->estimate(own), own});
    if (many) cell_->proof().prepare_along();
    // at the root no fewer than HalfspaceBounds uses, so that its bounds are reached
    const bool root = decided_->entering().empty();
    keep_first(near_own_, decided_->spare() + 1 + extra_own + (root ? root_own_ : 0));
    free_own_ = near_own_.size();
    for (const Id own : decided_->sets().beaten) near_own_.push_back({0.0, own});
    for (Ranked& own : near_own_) own.value = cell_->proof().along(own.id);
    if (root) use_root_bounds(decided_->spare());
}

void VoteBounds::use_root_bounds(std::size_t spare) {
    const std::size_t count = points_->candidates().size();
    if (!root_bounds_.contains(spare) && (root_bounds_.size() + 1) * count > cached_root_bounds) root_bounds_.clear();
    at_root_ = &root_bounds_.try_emplace(spare, count, unknown).first->second;
}

double VoteBounds::entering(Id x, double upper) {
    const double bound = together(x);
    if (!(bound < upper)) return bound;
    return std::max(bound, decided_->entering().empty() ? at_root(x, upper) : alone(x, upper));
}

// By each point that has entered, together with x.
double VoteBounds::together(Id x) {
    double bound = 0.0;
    if (joint_.usable())
        for (const Id e : decided_->entering()) bound = std::max(bound, static_cast<double>(joint_.bound(e, x)));
    return bound;
}

// A root's bound is one for all losses that keep as many votes. As upper only falls, what was out of reach stays so.
double VoteBounds::at_root(Id x, double upper) {
    double& known = (*at_root_)[points_->rank(x)];
    if (std::isnan(known)) known = alone(x, upper);
    return known;
}

// x must beat the points to be beaten, and all but the spare ones of the others.
double VoteBounds::alone(Id x, double upper) {
    const double along = cell_->proof().along(x);
    const std::size_t spare = decided_->spare();
    largest_.clear();
    double bound = 0.0;
    std::size_t out_of_reach = 0;
    for (std::size_t i = 0; i < near_own_.size(); ++i) {
        const Ranked& own = near_own_[i];
        const double pair = cell_->proof().prove_with({x, own.id}, along, own.value, pair_length(x, own.id)).bound;
        const bool beaten = i >= free_own_;
        if (pair >= upper && (beaten || ++out_of_reach > spare)) return infinity;
        if (beaten)
            bound = std::max(bound, pair);
        else
            largest_.push_back(pair);
    }
    if (largest_.size() <= spare) return bound;
    const auto at = largest_.begin() + static_cast<std::ptrdiff_t>(spare);
    std::nth_element(largest_.begin(), at, largest_.end(), std::greater<>());
    return std::max(bound, *at);
}

// Points that company keeps out are no company for others, so it is repeated until none is.
bool VoteBounds::raise_by_company(std::vector<Ranked>& ranked, const VoteLoss& loss, const VoteNeeds& needs,
                                  double upper) {
    const std::size_t most = decided_->entering().empty() ? root_company : most_company;
    if (!joint_.usable() || needs.total < 2 || ranked.size() > most) return true;
    for (std::size_t before = 0; before != ranked.size();) {
        before = ranked.size();
        for (Ranked& x : ranked) {
            if (deadline_->passed()) return false;
            x.value = std::max(x.value, with_company(x.id, ranked, loss, needs, upper));
        }
        std::erase_if(ranked, [&](const Ranked& x) { return x.value >= upper; });
    }
    return true;
}

// What it costs to enter with x, of the ranked points as many as are missing beside it, and enough of each kind.
double VoteBounds::with_company(Id x, std::span<const Ranked> ranked, const VoteLoss& loss, const VoteNeeds& needs,
                                double upper) {
    const auto row = joint_.row(x);
    std::vector<double>&all = company_[0], &rivals = company_[1], &others = company_[2];
    for (auto& values : company_) values.clear();
    for (const Ranked& y : ranked) {
        if (y.id == x) continue;
        const double bound = std::max(y.value, static_cast<double>(row[points_->rank(y.id)]));
        if (bound >= upper) continue;
        all.push_back(bound);
        (points_->label(y.id) == loss.rival ? rivals : others).push_back(bound);
    }
    const bool rival = points_->label(x) == loss.rival;
    const auto without = [](std::size_t needed, bool one) { return needed - (one && needed > 0 ? 1 : 0); };
    return std::max({smallest(all, needs.total - 1), smallest(rivals, without(needs.rival, rival)),
                     smallest(others, without(needs.others, !rival))});
}

void VoteBounds::prepare_beaten() {
    entering_along_.clear();
    for (const Id x : decided_->entering()) entering_along_.push_back(cell_->proof().along(x));
}

auto VoteBounds::beaten(Id own) -> Beaten {
    const double along = cell_->proof().along(own);
    const std::vector<Id>& entering = decided_->entering();
    Beaten best{};
    for (std::size_t i = 0; i < entering.size(); ++i) {
        const CellPoints::Pair pair{entering[i], own};
        const auto raised = cell_->proof().prove_with(pair, entering_along_[i], along, pair_length(pair.entering, own));
        if (i == 0 || raised.bound > best.raised.bound) best = {pair, raised};
    }
    return best;
}

double VoteBounds::pair_length(Id x, Id own) {
    if (own >= cached_own_) return cell_->points().pair_length({x, own});  // own-class points come first
    double& known = pair_lengths_[points_->rank(x) * cached_own_ + own];
    if (std::isnan(known)) known = cell_->points().pair_length({x, own});
    return known;
}

}  // namespace robust_metric
