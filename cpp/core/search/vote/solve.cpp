// VoteSearch, the part that solves cells: constraints brought in as they are violated, solutions pushed over the
// boundary.
#include <algorithm>
#include <cmath>

#include "base/rounding.hpp"
#include "search/vote/search.hpp"

namespace robust_metric {

using rounding::infinity;

namespace {

// a witness is pushed over the boundary so far that its norm grows by this share, which a first push measures
constexpr double growth = 1.5e-10, first_share = 0x1p-36;

}  // namespace

// Adds the most violated pair until none is left. A time limit does not end it: a first witness is worth more than the
// moments that it takes beyond.
auto VoteSearch::solve(double margin, double cutoff) -> Outcome {
    double previous = -1.0;
    std::size_t stalled = 0;
    for (Pair worst{}; find_violated(margin, worst);) {
        if (stop_requested()) return Outcome::stopped;
        if (!cell_.require(worst, margin)) return Outcome::contradiction;
        const double norm = cell_.norm();
        // rounding alone keeps it going once the norm has stopped to grow
        stalled = norm > previous * (1.0 + 1e-15) ? 0 : stalled + 1;
        // a linear program's solution may move on while the norm stays
        if (stalled > (training_->threat().norm() == Norm::two ? 8 : 100)) break;
        previous = std::max(previous, norm);  // rounding may let it fall, and circle
        if (norm > cutoff * (1.0 + 1e-7)) return Outcome::too_far;
    }
    return Outcome::solved;
}

// A point enters only after every equal point of smaller index: those of the own class stay. False where a decision
// of the node forbids it.
bool VoteSearch::admit_equal_points() {
    const PreparedSet& t = *training_;
    for (const Id x : sets_.entering) {
        if (!t.shadowed(cell_.position(x))) continue;
        const auto before = [&](Id y) { return cell_.position(y) < cell_.position(x) && cell_.equal(x, y); };
        for (const Id own : own_) {
            if (marks_[own] == Mark::allowed || !before(own)) continue;
            if (marks_[own] == Mark::beaten || spare_ == 0) return false;
            --spare_;
            marks_[own] = Mark::allowed;
            sets_.allowed.push_back(own);
        }
        for (const Id other : candidates_)
            if (marks_[other] != Mark::entering && (complete_ || marks_[other] == Mark::excluded) && before(other))
                return false;
    }
    return true;
}

auto VoteSearch::farthest_entering() const -> Id {
    Id last = sets_.entering.front();
    double value = -infinity;
    for (const Id id : sets_.entering) {
        const double v = cell_.value(id);
        if (v > value || (v == value && id < last)) {
            value = v;
            last = id;
        }
    }
    return last;
}

// The farthest point that enters and the nearest that must be beaten, where the order is wrong.
bool VoteSearch::find_violated(double margin, Pair& worst) {
    if (sets_.entering.empty()) return false;
    const Id last = farthest_entering();
    Ranked nearest{infinity, 0};
    const auto consider = [&](Id id) {
        if (cell_.least_value(id) > nearest.value) return;
        const Ranked found{cell_.value(id), id};
        // an equal point of larger index is beaten already, and must not hide the others
        if (found < nearest && !cell_.equal(last, id)) nearest = found;
    };
    if (nearest_stay_) {
        // the (spare_ + 1)-th nearest own-class point
        near_own_.clear();
        for (const Id own : own_) {
            if (near_own_.size() > spare_ && cell_.least_value(own) > near_own_.front().value) continue;
            near_own_.push_back({cell_.value(own), own});
            std::push_heap(near_own_.begin(), near_own_.end());
            if (near_own_.size() <= spare_ + 1) continue;
            std::pop_heap(near_own_.begin(), near_own_.end());
            near_own_.pop_back();
        }
        if (near_own_.size() > spare_) nearest = near_own_.front();
    } else if (spare_ == 0) {
        cell_.screen();
        for (const Id own : own_)
            if (marks_[own] != Mark::allowed) consider(own);
    } else {
        for (const Id own : sets_.beaten) consider(own);
    }
    if (complete_) {
        for (const Id other : candidates_)
            if (marks_[other] != Mark::entering) consider(other);
    } else {
        for (const Id other : sets_.excluded) consider(other);
    }
    if (nearest.value == infinity) return false;
    worst = {last, nearest.id};
    return cell_.violates(worst, margin);
}

// Solves the cell of sets_ with its boundaries moved inwards, as little as it takes to change the class. The first
// move makes the norm grow by about `growth`: less would leave orders to be decided that float64 cannot.
bool VoteSearch::push_inside() {
    const PreparedSet& t = *training_;
    const double norm = cell_.norm(), unit = std::max(norm, 0x1p-20 * std::sqrt(query_->embedding->extent));
    double share = first_share;
    if (solve(share * unit, infinity) != Outcome::solved) return false;
    const double grown = cell_.norm() / norm - 1.0;
    share *= std::clamp(growth / grown, 0x1p-16, 0x1p6);
    if (share < first_share) cell_.clear();
    for (; share < 0x1p-8; share *= 4.0) {
        if (solve(share * unit, infinity) != Outcome::solved) return false;
        if (cell_.norm() >= witness_.scaled_length()) return false;
        step_.resize(t.dimension());
        for (std::size_t j = 0; j < step_.size(); ++j)
            step_[j] = std::ldexp(cell_.perturbation()[j], t.exponent()) *
                       (t.threat().weighted() ? t.threat().inverse_cost(j) : 1.0);
        if (witness_.try_step(step_)) return true;
    }
    return false;
}

void VoteSearch::set_marks(bool on) {
    const auto mark = [&](const std::vector<Id>& ids, Mark value) {
        for (const Id id : ids) marks_[id] = on ? value : Mark::free;
    };
    mark(sets_.excluded, Mark::excluded);
    mark(sets_.beaten, Mark::beaten);
    mark(sets_.allowed, Mark::allowed);
    mark(sets_.entering, Mark::entering);
}

void VoteSearch::load(const Node& node, Sets& sets) const {
    const auto fill = [&](std::vector<Id>& ids, Slice slice) {
        ids.assign(ids_.begin() + slice.begin, ids_.begin() + slice.begin + slice.count);
    };
    fill(sets.entering, node.entering);
    fill(sets.allowed, node.allowed);
    fill(sets.beaten, node.beaten);
    fill(sets.excluded, node.excluded);
}

auto VoteSearch::store(std::span<const Id> ids) -> Slice {
    const Slice slice{static_cast<std::uint32_t>(ids_.size()), static_cast<std::uint32_t>(ids.size())};
    ids_.insert(ids_.end(), ids.begin(), ids.end());
    return slice;
}

}  // namespace robust_metric
