#include "search/vote/attack.hpp"

#include <algorithm>
#include <utility>

#include "base/kernels.hpp"
#include "base/rounding.hpp"
#include "search/polish.hpp"
#include "search/result.hpp"

namespace robust_metric {

using rounding::infinity;

namespace {

using Outcome = CellSolver::Outcome;
using Pushed = CellSolver::Pushed;

// a first witness up to this much above the certified bound is good enough to search with
constexpr double good_start = 1.25;

// classes that are tried where the first witness is not
constexpr std::size_t most_seeds = 4;

// points of other classes, the nearest ones, to which segments are bisected, and how often each is
constexpr std::size_t most_segments = 64;
constexpr int bisections = 30;

// past the deadline, how much later in the order of distances the next training point is that is tried
constexpr std::size_t far_growth = 4;

// rounds of improving a witness, and what a round must gain for another
constexpr int improvements = 12;
constexpr double worthwhile = 1e-6;

// rounds of exchanging points, pairs that are looked at in a round, and points that may come in for one; what an
// exchange must gain
constexpr int exchanges = 8;
constexpr std::size_t exchanged_out = 6, exchanged_in = 6;
constexpr double worth_exchanging = 1e-4;

}  // namespace

void VoteAttack::start(const Query& query, int label, double certified) {
    query_ = &query;
    label_ = label;
    certified_ = certified;
}

bool VoteAttack::has_good_start() const { return witness_->scaled_length() <= certified_ * good_start; }

void VoteAttack::find_first(const LosingVote& vote) {
    std::vector<std::size_t> seen, entering;
    if (vote.kept < training_->class_size(label_) && choose_entering(vote, seen, entering)) {
        points_->use_near_own();
        try_cell(entering, vote.kept);
        try_seeds(vote, seen);
    }
    if (witness_->scaled_length() < infinity) return;
    bisect_segments();
    if (witness_->scaled_length() == infinity) return;
    try_witness_again();
    points_->use_near_own();
    improve();
}

// seen: the points that were looked at, those with the smallest bounds; positions: those of them that are to enter.
bool VoteAttack::choose_entering(const LosingVote& vote, std::vector<std::size_t>& seen,
                                 std::vector<std::size_t>& positions) {
    const PreparedSet& t = *training_;
    bounds_->enqueue(vote.kept, false, infinity);
    std::vector<std::size_t> count(static_cast<std::size_t>(t.classes()), 0);
    int last_winner = -1;  // the largest class of which enough were seen
    for (auto row = bounds_->top(HalfspaceBounds::refined);
         row && seen.size() < 8 * vote.entering && !deadline_->passed(); row = bounds_->top(HalfspaceBounds::refined)) {
        const int rival = t.label(row->position);
        const std::size_t needed = vote.needed(rival);
        seen.push_back(row->position);
        bounds_->pop();
        if (++count[static_cast<std::size_t>(rival)] >= needed && needed > 0)
            last_winner = std::max(last_winner, rival);
        if (seen.size() < vote.entering || last_winner < 0) continue;
        std::size_t of_winner = vote.needed(last_winner), free = vote.entering - of_winner;
        for (const std::size_t position : seen) {
            std::size_t& room = t.label(position) == last_winner && of_winner > 0 ? of_winner : free;
            if (room == 0) continue;
            --room;
            positions.push_back(position);
        }
        return true;
    }
    return false;
}

// Until the witness is good: of a few classes, the point with the smallest bound and others near it.
void VoteAttack::try_seeds(const LosingVote& vote, std::span<const std::size_t> seen) {
    std::vector<std::size_t> entering;
    std::vector<char> tried(static_cast<std::size_t>(training_->classes()), 0);
    std::size_t seeds = 0;
    for (const std::size_t seed : seen) {
        if (seeds == most_seeds || has_good_start() || deadline_->passed()) return;
        char& known = tried[static_cast<std::size_t>(training_->label(seed))];
        if (known || !gather(vote, seed, entering)) continue;
        known = 1;
        ++seeds;
        try_cell(entering, vote.kept);
    }
}

// The points of the seed's class that are nearest to the middle between query and seed.
bool VoteAttack::gather(const LosingVote& vote, std::size_t seed, std::vector<std::size_t>& positions) {
    const PreparedSet& t = *training_;
    const int rival = t.label(seed);
    if (vote.needed(rival) == 0 || t.class_size(rival) < vote.entering) return false;
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

// Projects onto the cell that these points make with whatever own-class points are nearest.
void VoteAttack::try_cell(std::span<const std::size_t> entering, std::size_t kept) {
    Decided::Sets sets;
    for (const std::size_t position : entering) sets.entering.push_back(id_of(position));
    const Decided::Rule rule{.spare = kept, .nearest_stay = true};
    if (solver_->solve_afresh(std::move(sets), rule, witness_->scaled_length()) == Outcome::solved &&
        solver_->push_inside() == Pushed::nearer)
        improve();
}

auto VoteAttack::id_of(std::size_t position) -> Id {
    const Id known = cell_->points().find(position);
    return known == CellPoints::none ? cell_->add_point(position) : known;
}

// Where no cell gave a witness (duplicates, ties, no time): a training point that is one, and the segment to it.
// Without the time for the nearest ones, the first that is one of a few at growing distances.
void VoteAttack::bisect_segments() {
    cell_->start(*query_);
    std::vector<std::pair<double, std::size_t>> others;
    for (std::size_t i = 0; i < training_->size(); ++i)
        if (witness_->accepts(training_->label(i))) others.emplace_back(cell_->points().measure(i).half, i);
    const auto end = others.begin() + static_cast<std::ptrdiff_t>(std::min(most_segments, others.size()));
    std::partial_sort(others.begin(), end, others.end());
    for (auto other = others.begin(); other != end && !deadline_->passed(); ++other)
        if (bisect_to(other->second)) return;
    if (!deadline_->passed()) return;
    for (std::size_t rank = 0; rank < others.size(); rank = far_growth * rank + 1) {
        std::nth_element(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(rank), others.end());
        if (try_share(others[rank].second, 1.0)) return;
    }
}

// Whether the point that is so far on the way to this training point is a witness.
bool VoteAttack::try_share(std::size_t position, double share) {
    const std::size_t d = training_->dimension();
    stored_.resize(d);
    step_.resize(d);
    const double* x = training_->points().row(position, stored_.data());
    for (std::size_t j = 0; j < d; ++j) step_[j] = share * (x[j] - query_->point[j]);
    return witness_->try_step(step_);
}

bool VoteAttack::bisect_to(std::size_t position) {
    if (!try_share(position, 1.0)) return false;
    double inside = 1.0, outside = 0.0;
    for (int round = 0; round < bisections && !deadline_->passed(); ++round) {
        const double middle = 0.5 * (inside + outside);
        (try_share(position, middle) ? inside : outside) = middle;
    }
    return true;
}

// For its neighbours.
void VoteAttack::try_witness_again() {
    step_.assign(witness_->step().begin(), witness_->step().end());
    witness_->try_step(step_);
}

void VoteAttack::improve() {
    Decided::Sets sets;
    for (int round = 0; round < improvements; ++round)
        if (!nearest_cell(sets) || !improve_in_cell(sets, worthwhile)) return;
}

// What enters and what stays at the last point that was tried. False where a point does not take part.
bool VoteAttack::nearest_cell(Decided::Sets& sets) {
    const std::vector<std::size_t> nearest(witness_->nearest().begin(), witness_->nearest().end());
    sets = {};
    for (const std::size_t position : nearest) {
        const Id known = cell_->points().find(position);
        if (training_->label(position) == label_) {
            if (known != CellPoints::none) sets.allowed.push_back(known);
            continue;
        }
        if (known == CellPoints::none && points_->chosen()) return false;
        sets.entering.push_back(id_of(position));
    }
    return true;
}

// Whether a witness in this cell, all of whose own-class points are named, is nearer by this share.
bool VoteAttack::improve_in_cell(const Decided::Sets& sets, double share) {
    if (deadline_->passed()) return false;
    const double wanted = witness_->scaled_length() * (1.0 - share);
    return solver_->solve_afresh(sets, {}, wanted) == Outcome::solved && cell_->norm() < wanted &&
           solver_->push_inside() == Pushed::nearer && witness_->scaled_length() < wanted;
}

void VoteAttack::tighten() {
    if (witness_->scaled_length() == infinity) return;
    try_witness_again();
    Decided::Sets sets;
    if (nearest_cell(sets) && solver_->solve_afresh(sets, {}, infinity) == Outcome::solved) {
        if (witness_->scaled_length() <= cell_->norm() * (1.0 + exactness)) return;
        shrink_witness(*witness_, *deadline_, solver_->solution());
    }
    shrink_witness(*witness_, *deadline_);
}

void VoteAttack::survive(const WitnessRounding& to) {
    if (witness_->scaled_length() == infinity) return;
    try_witness_again();
    Decided::Sets sets;
    const bool known = nearest_cell(sets);
    const std::vector<double> from = witness_->require(to);
    if (known && solver_->solve_afresh(sets, {}, infinity) == Outcome::solved) solver_->push_far();
    if (witness_->scaled_length() == infinity) survive_anywhere(*witness_, *training_, *query_, from);
}

void VoteAttack::exchange() {
    Decided::Sets from;
    for (int round = 0; round < exchanges; ++round) {
        try_witness_again();
        if (!nearest_cell(from) || !exchange_one(from)) return;
        improve();
    }
}

// An own-class point that holds the projection back may stay in place of another, a point that enters gives way to one
// of its class that is near: the first exchange that helps.
bool VoteAttack::exchange_one(const Decided::Sets& from) {
    if (solver_->solve_afresh(from, {}, infinity) != Outcome::solved) return false;
    std::vector<Pair> active;
    std::vector<double> multipliers;
    cell_->active(active, multipliers);
    std::vector<Ranked> pairs, others;
    for (std::size_t i = 0; i < active.size(); ++i) pairs.push_back({-multipliers[i], static_cast<Id>(i)});
    for (const Id other : points_->candidates())
        if (!decided_->is(other, Decided::Mark::entering)) others.push_back({cell_->value(other), other});
    keep_first(pairs, exchanged_out);
    std::sort(others.begin(), others.end());
    return std::any_of(pairs.begin(), pairs.end(),
                       [&](const Ranked& pair) { return exchange_pair(from, active[pair.id], others); });
}

bool VoteAttack::exchange_pair(const Decided::Sets& from, Pair pair, std::span<const Ranked> others) {
    const auto attempt = [&](std::vector<Id> Decided::Sets::*list, Id out, Id in) {
        Decided::Sets sets = from;
        std::replace((sets.*list).begin(), (sets.*list).end(), out, in);
        return improve_in_cell(sets, worth_exchanging);
    };
    for (const Id out : from.allowed)
        if (attempt(&Decided::Sets::allowed, out, pair.beaten)) return true;
    std::size_t tried = 0;
    for (const Ranked& in : others) {
        if (points_->label(in.id) != points_->label(pair.entering)) continue;
        if (attempt(&Decided::Sets::entering, pair.entering, in.id)) return true;
        if (++tried == exchanged_in) break;
    }
    return false;
}

}  // namespace robust_metric
