// VoteSearch, the part that finds witnesses before the search and from those it finds.
#include <algorithm>
#include <cmath>

#include "base/kernels.hpp"
#include "base/rounding.hpp"
#include "search/vote/search.hpp"

namespace robust_metric {

using rounding::infinity;

namespace {

// own-class points that the first attack looks at
constexpr std::size_t attack_own = 256;

// classes that are tried where the first witness is far above the bound
constexpr std::size_t most_seeds = 4;

// rounds of improving the first witness, and what a round must gain for another
constexpr int improvements = 12;
constexpr double worthwhile = 1e-6;

// rounds of exchanging points, pairs that are looked at in a round, and points that may come in for one; what an
// exchange must gain
constexpr int exchanges = 8;
constexpr std::size_t exchanged_out = 6, exchanged_in = 6;
constexpr double worth_exchanging = 1e-4;

}  // namespace

// A first witness: the points with the smallest bounds enter, or, where that leaves much above the bound, points of
// one class that are near each other; the own-class points nearest at the moment stay.
void VoteSearch::attack(const LosingVote& vote) {
    const PreparedSet& t = *training_;
    std::vector<std::size_t> rows, entering;
    if (vote.kept < t.class_size(label_) && choose_entering(vote, rows, entering)) {
        cell_.start(*query_);
        add_near_own();
        attack_cell(entering, vote.kept);
        std::vector<char> tried(vote.needed.size(), 0);
        std::size_t seeds = 0;
        for (const std::size_t seed : rows) {
            if (seeds == most_seeds || has_good_start()) break;
            char& known = tried[static_cast<std::size_t>(t.label(seed))];
            if (known || !gather(vote, seed, entering)) continue;
            known = 1;
            ++seeds;
            attack_cell(entering, vote.kept);
        }
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

// Projects onto the cell that these points make with whatever own-class points are nearest.
void VoteSearch::attack_cell(std::span<const std::size_t> entering, std::size_t kept) {
    sets_ = {};
    for (const std::size_t position : entering) {
        const Id known = cell_.find(position);
        sets_.entering.push_back(known == VoteCell::none ? cell_.add_point(position) : known);
    }
    marks_.assign(cell_.size(), Mark::free);
    spare_ = kept;
    complete_ = false;
    nearest_stay_ = true;
    cell_.clear();
    const bool found = solve(0.0, witness_.scaled_length()) == Outcome::solved && push_inside();
    nearest_stay_ = false;
    if (found) improve_witness();
}

// The points of the seed's class that are nearest to the middle between query and seed.
bool VoteSearch::gather(const LosingVote& vote, std::size_t seed, std::vector<std::size_t>& positions) {
    const PreparedSet& t = *training_;
    const int rival = t.label(seed);
    if (vote.needed[static_cast<std::size_t>(rival)] == 0 || t.class_size(rival) < vote.entering) return false;
    const std::size_t rank = t.metric().rank();
    const auto mapped = query_->embedding->mapped_row();
    std::vector<double> middle(mapped.begin(), mapped.end());
    const double* row = t.mapped_row(seed, embedding_);
    for (std::size_t i = 0; i < rank; ++i) middle[i] = 0.5 * (middle[i] + row[i]);
    std::vector<std::pair<double, std::size_t>> near;
    for (const std::size_t i : t.members(rival))
        near.emplace_back(kernels().squared_distance(middle.data(), t.mapped_row(i, embedding_), rank), i);
    const auto end = near.begin() + static_cast<std::ptrdiff_t>(vote.entering);
    std::partial_sort(near.begin(), end, near.end());
    positions.clear();
    for (auto at = near.begin(); at != end; ++at) positions.push_back(at->second);
    return true;
}

// The own-class points nearest to the query, chosen by numbers that are not the filter's.
void VoteSearch::add_near_own() {
    const PreparedSet& t = *training_;
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

// rows: the points that were looked at, those with the smallest bounds.
bool VoteSearch::choose_entering(const LosingVote& vote, std::vector<std::size_t>& rows,
                                 std::vector<std::size_t>& positions) {
    const PreparedSet& t = *training_;
    bounds_.enqueue(vote.kept, false, infinity);
    std::vector<std::size_t> count(vote.needed.size(), 0);
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
    const PreparedSet& t = *training_;
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

}  // namespace robust_metric
