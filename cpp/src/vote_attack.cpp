// VoteSearch, the part that solves cells and finds witnesses: greedily, and pushed over the boundary.
#include <algorithm>
#include <cmath>

#include "robust_metric/rounding.hpp"
#include "robust_metric/vote_search.hpp"

namespace robust_metric {

using rounding::infinity;

namespace {

// own-class points that the first attack looks at
constexpr std::size_t attack_own = 256;

// rounds of improving the first witness, and what a round must gain for another
constexpr int improvements = 12;
constexpr double worthwhile = 1e-6;

// rounds of exchanging points, pairs that are looked at in a round, and points that may come in for one; what an
// exchange must gain
constexpr int exchanges = 8;
constexpr std::size_t exchanged_out = 6, exchanged_in = 6;
constexpr double worth_exchanging = 1e-4;

// a witness is pushed over the boundary so far that its norm grows by this share, which a first push measures
constexpr double growth = 1.5e-10, first_share = 0x1p-36;

}  // namespace

// A first witness: the points with the smallest bounds enter, the own-class points nearest at the moment stay.
void VoteSearch::attack(const LosingVote& vote) {
    const TrainingSet& t = *training_;
    std::vector<std::size_t> entering;
    if (vote.kept < t.class_size(label_) && choose_entering(vote, entering)) {
        cell_.start(*query_);
        add_near_own();
        sets_ = {};
        for (const std::size_t position : entering) sets_.entering.push_back(cell_.add_point(position));
        marks_.assign(cell_.size(), Mark::free);
        spare_ = vote.kept;
        complete_ = false;
        nearest_stay_ = true;
        cell_.clear();
        if (solve(0.0, infinity) == Outcome::solved && push_inside()) improve_witness();
        nearest_stay_ = false;
    }
    if (witness_.scaled_length() < infinity) return;
    bisect_segments();
    if (witness_.scaled_length() == infinity) return;
    step_.assign(witness_.step().begin(), witness_.step().end());
    witness_.try_step(step_);  // for its neighbours
    cell_.start(*query_);
    add_near_own();
    improve_witness();
}

// The own-class points nearest to the query, chosen by numbers that are not the filter's.
void VoteSearch::add_near_own() {
    const TrainingSet& t = *training_;
    const auto members = t.members(label_);
    const std::size_t wanted = std::min(members.size(), attack_own);
    largest_.clear();
    for (const std::size_t i : members) largest_.push_back(bounds_.relative_distance(i).upper);
    const auto at = largest_.begin() + static_cast<std::ptrdiff_t>(wanted) - 1;
    std::nth_element(largest_.begin(), at, largest_.end());
    const double limit = *at + 1e-12 * std::fabs(*at);
    ranked_.clear();
    for (const std::size_t i : members) {
        if (bounds_.relative_distance(i).lower > limit) continue;
        const Id id = cell_.add_point(i);
        ranked_.push_back({cell_.half(id), id});
    }
    std::partial_sort(ranked_.begin(), ranked_.begin() + static_cast<std::ptrdiff_t>(wanted), ranked_.end());
    own_.clear();
    candidates_.clear();
    for (std::size_t i = 0; i < wanted; ++i) own_.push_back(ranked_[i].id);
}

bool VoteSearch::choose_entering(const LosingVote& vote, std::vector<std::size_t>& positions) {
    const TrainingSet& t = *training_;
    bounds_.enqueue(vote.kept, false, infinity);
    std::vector<std::size_t> rows, count(vote.needed.size(), 0);
    for (auto row = bounds_.top(HalfspaceBounds::refined); row && rows.size() < 8 * vote.entering;
         row = bounds_.top(HalfspaceBounds::refined)) {
        const auto rival = static_cast<std::size_t>(t.label(row->position));
        rows.push_back(row->position);
        ++count[rival];
        bounds_.pop();
        std::size_t winner = rival;
        for (std::size_t r = 0; r < count.size(); ++r)
            if (vote.needed[r] > 0 && count[r] >= vote.needed[r]) winner = r;
        if (rows.size() < vote.entering || vote.needed[winner] == 0 || count[winner] < vote.needed[winner]) continue;
        std::size_t of_winner = vote.needed[winner], free = vote.entering - of_winner;
        for (const std::size_t position : rows) {
            std::size_t& room =
                static_cast<std::size_t>(t.label(position)) == winner && of_winner > 0 ? of_winner : free;
            if (room == 0) continue;
            --room;
            positions.push_back(position);
        }
        return true;
    }
    return false;
}

// The cell that the witness lies in has a nearest point; the next witness is near that.
void VoteSearch::improve_witness() {
    for (int round = 0; round < improvements; ++round)
        if (!choose_nearest() || !improve_in_cell(worthwhile)) return;
}

// Into sets_: what enters and stays at the last point that was tried. False where a point does not take part.
bool VoteSearch::choose_nearest() {
    const std::vector<std::size_t> nearest(witness_.nearest().begin(), witness_.nearest().end());
    sets_ = {};
    for (const std::size_t position : nearest) {
        const Id known = cell_.find(position);
        if (training_->label(position) == label_) {
            if (known != VoteCell::none) sets_.allowed.push_back(known);
            continue;
        }
        if (known == VoteCell::none && searching_) return false;
        sets_.entering.push_back(known == VoteCell::none ? cell_.add_point(position) : known);
    }
    return true;
}

// A witness in the cell of sets_, if it is nearer by this share.
bool VoteSearch::improve_in_cell(double share) {
    const double wanted = witness_.scaled_length() * (1.0 - share);
    const bool better = project(wanted) && cell_.norm() < wanted && push_inside() && witness_.scaled_length() < wanted;
    set_marks(false);
    return better;
}

// Solves the cell of sets_, all of whose own-class points are named; leaves the marks on.
bool VoteSearch::project(double cutoff) {
    marks_.resize(cell_.size(), Mark::free);
    set_marks(true);
    spare_ = 0;
    nearest_stay_ = complete_ = false;
    cell_.clear();
    return solve(0.0, cutoff) == Outcome::solved;
}

// Exchanges single points of the cell that the witness lies in: an own-class point that holds the projection back may
// stay in place of another, a point that enters gives way to one of its class that is near.
void VoteSearch::exchange_points() {
    for (int round = 0; round < exchanges; ++round) {
        step_.assign(witness_.step().begin(), witness_.step().end());
        witness_.try_step(step_);  // for its neighbours
        if (!choose_nearest()) return;
        const Sets from = sets_;
        const bool solved = project(infinity);
        cell_.active(pairs_, multipliers_);
        std::vector<Ranked> pairs, others;
        for (std::size_t i = 0; i < pairs_.size(); ++i) pairs.push_back({-multipliers_[i], static_cast<Id>(i)});
        for (const Id other : candidates_)
            if (marks_[other] != Mark::entering) others.push_back({cell_.value(other), other});
        set_marks(false);
        if (!solved) return;
        std::sort(pairs.begin(), pairs.end());
        std::sort(others.begin(), others.end());
        const std::vector<Pair> active = pairs_;
        bool better = false;
        for (std::size_t i = 0; i < std::min(pairs.size(), exchanged_out) && !better; ++i)
            better = exchange_pair(from, active[pairs[i].id], others);
        if (!better) return;
        improve_witness();
    }
}

bool VoteSearch::exchange_pair(const Sets& from, Pair pair, std::span<const Ranked> others) {
    const auto attempt = [&](std::vector<Id> Sets::*list, Id out, Id in) {
        sets_ = from;
        std::replace((sets_.*list).begin(), (sets_.*list).end(), out, in);
        return improve_in_cell(worth_exchanging);
    };
    for (const Id out : from.allowed)
        if (attempt(&Sets::allowed, out, pair.beaten)) return true;
    const auto label = [&](Id id) { return training_->label(cell_.position(id)); };
    std::size_t tried = 0;
    for (const Ranked& in : others) {
        if (label(in.id) != label(pair.entering)) continue;
        if (attempt(&Sets::entering, pair.entering, in.id)) return true;
        if (++tried == exchanged_in) break;
    }
    return false;
}

// Where no cell gave a witness (duplicates, ties): a training point that is one, and the segment to it.
void VoteSearch::bisect_segments() {
    const TrainingSet& t = *training_;
    const std::size_t d = t.dimension();
    cell_.start(*query_);
    ranked_.clear();
    for (std::size_t i = 0; i < t.size(); ++i)
        if (t.label(i) != label_) {
            const Id id = cell_.add_point(i);
            ranked_.push_back({cell_.half(id), id});
        }
    std::sort(ranked_.begin(), ranked_.end());
    ranked_.resize(std::min<std::size_t>(ranked_.size(), 64));
    step_.resize(d);
    std::vector<double> stored(d);
    const auto attempt = [&](const double* x, double share) {
        for (std::size_t j = 0; j < d; ++j) step_[j] = share * (x[j] - query_->point[j]);
        return witness_.try_step(step_);
    };
    for (const Ranked& other : ranked_) {
        const double* x = t.points().row(cell_.position(other.id), stored.data());
        if (!attempt(x, 1.0)) continue;
        double inside = 1.0, outside = 0.0;
        for (int round = 0; round < 30; ++round) {
            const double middle = 0.5 * (inside + outside);
            (attempt(x, middle) ? inside : outside) = middle;
        }
        return;
    }
}

// Adds the most violated pair until none is left.
auto VoteSearch::solve(double margin, double cutoff) -> Outcome {
    double previous = -1.0;
    std::size_t stalled = 0;
    for (Pair worst{}; find_violated(margin, worst);) {
        checkpoint();
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
    const TrainingSet& t = *training_;
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
    const TrainingSet& t = *training_;
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
