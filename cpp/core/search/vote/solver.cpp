#include "search/vote/solver.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/rounding.hpp"
#include "search/polish.hpp"

namespace robust_metric {

using rounding::infinity;

namespace {

using Mark = Decided::Mark;

// a witness is pushed over the boundary so far that its norm grows by this share, which a first push measures
constexpr double growth = 1.5e-10, first_share = 0x1p-36;

// how far a witness is pushed that is to survive rounding, and halvings of the last part of that way
constexpr double farthest_share = 0x1p40;
constexpr int refinements = 8;

// own-class points of the rest that are taken in before a cell is solved again
constexpr std::size_t most_taken = 16;

// rounds in which a solution is moved onto the ties of its pairs
constexpr int tie_sweeps = 3;

}  // namespace

CellSolver::CellSolver(const PreparedSet& training, VoteCell& cell, VotePoints& points, Decided& decided,
                       Witness& witness, const Deadline& deadline)
    : training_(&training),
      cell_(&cell),
      points_(&points),
      decided_(&decided),
      witness_(&witness),
      deadline_(&deadline),
      gap_(training) {
    for (std::size_t j = 0; j < training.dimension(); ++j)
        if (!training.threat().is_frozen(j)) free_.push_back(j);
}

// A tie goes to the point of smaller index.
bool CellSolver::strict(Pair pair) const {
    return cell_->points().position(pair.entering) > cell_->points().position(pair.beaten);
}

// Adds the most violated pair until none is left.
auto CellSolver::solve(double margin, double cutoff, Margins margins) -> Outcome {
    Outcome outcome = solve_among_own(margin, cutoff, margins);
    while (outcome == Outcome::solved && take_in_rest()) outcome = solve_among_own(margin, cutoff, margins);
    return outcome;
}

bool CellSolver::take_in_rest() {
    if (decided_->entering().empty() || points_->rest().empty()) return false;
    const VoteCell& cell = *cell_;
    const Id last = farthest_entering();
    const double limit = cell.value(last);
    std::vector<Ranked>& near = near_own_;
    near.clear();
    for (const Id own : points_->rest()) {
        if (cell.least_value(own) - limit > cell.tolerance(own, last)) continue;
        if (!cell.violates({own, last})) near.push_back({cell.value(own), own});
    }
    keep_first(near, most_taken);
    for (const Ranked& own : near) points_->take_in(own.id);
    return !near.empty();
}

auto CellSolver::solve_among_own(double margin, double cutoff, Margins margins) -> Outcome {
    double previous = -1.0;
    std::size_t stalled = 0;
    const bool all = margins == Margins::all;
    for (Pair worst{}; all ? find_violated(margin, worst) : find_violated_strictly(margin, worst);) {
        if (deadline_->passed()) return Outcome::stopped;
        if (!cell_->require(worst, all || strict(worst) ? margin : 0.0)) return Outcome::contradiction;
        const double norm = cell_->norm();
        // rounding alone keeps it going once the norm has stopped to grow
        stalled = norm > previous * (1.0 + 1e-15) ? 0 : stalled + 1;
        // a linear program's solution may move on while the norm stays
        if (stalled > (training_->threat().norm() == Norm::two ? 8u : 100u)) break;
        previous = std::max(previous, norm);  // rounding may let it fall, and circle
        if (norm > cutoff * (1.0 + 1e-7)) return Outcome::too_far;
    }
    return Outcome::solved;
}

auto CellSolver::solve_afresh(Decided::Sets sets, Decided::Rule rule, double cutoff) -> Outcome {
    decided_->decide(std::move(sets), rule, cell_->points().size());
    cell_->clear();
    return solve(0.0, cutoff);
}

// A point enters only after every equal point of smaller index: those of the own class stay.
bool CellSolver::admit_equal_points() {
    for (const Id x : decided_->entering()) {
        if (!training_->shadowed(cell_->points().position(x))) continue;
        const auto before = [&](Id y) {
            return cell_->points().position(y) < cell_->points().position(x) && cell_->points().equal(x, y);
        };
        for (const std::span<const Id> some : {points_->own(), points_->rest()})
            for (const Id own : some) {
                if (decided_->is(own, Mark::allowed) || !before(own)) continue;
                if (decided_->is(own, Mark::beaten) || decided_->spare() == 0) return false;
                decided_->allow(own);
            }
        for (const Id other : points_->candidates()) {
            const bool kept_out = decided_->rule().complete || decided_->is(other, Mark::excluded);
            if (kept_out && !decided_->is(other, Mark::entering) && before(other)) return false;
        }
    }
    return true;
}

auto CellSolver::farthest_entering() const -> Id {
    Id last = decided_->entering().front();
    double value = -infinity;
    for (const Id id : decided_->entering()) {
        const double v = cell_->value(id);
        if (v > value || (v == value && id < last)) {
            value = v;
            last = id;
        }
    }
    return last;
}

// The farthest point that enters and the nearest that must be beaten, where the order is wrong.
bool CellSolver::find_violated(double margin, Pair& worst) {
    const Decided& decided = *decided_;
    if (decided.entering().empty()) return false;
    VoteCell& cell = *cell_;
    const Decided::Rule rule = decided.rule();
    const Id last = farthest_entering();
    Ranked nearest{infinity, 0};
    Id hidden = CellPoints::none;
    const auto consider = [&](Id id) {
        if (cell.least_value(id) > nearest.value) return;
        const Ranked found{cell.value(id), id};
        if (!(found < nearest)) return;
        // an equal point of larger index is beaten already, and must not hide the others
        if (cell.points().equal(last, id))
            hidden = id;
        else
            nearest = found;
    };
    if (rule.nearest_stay)
        nearest = nearest_unspared();
    else if (rule.spare == 0)
        cell.screen();
    for_each_beaten(consider);
    worst = {last, nearest.id};
    if (nearest.value < infinity && cell.violates(worst, margin)) return true;
    return margin > 0.0 && hidden != CellPoints::none && find_violated_by_others(hidden, margin, worst);
}

// Of a point that equals the farthest which enters: the others have to keep a margin from it.
bool CellSolver::find_violated_by_others(Id beaten, double margin, Pair& worst) {
    for (const Id entering : decided_->entering()) {
        worst = {entering, beaten};
        if (cell_->violates(worst, margin)) return true;
    }
    return false;
}

// Of the pairs whose order is wrong, those that have to be strict by the margin, the one that is wrong most.
bool CellSolver::find_violated_strictly(double margin, Pair& worst) {
    const VoteCell& cell = *cell_;
    const std::vector<Id>& ids = decided_->entering();
    values_.clear();
    for (const Id entering : ids) values_.push_back(cell.value(entering));
    double most = 0.0;
    bool found = false;
    const auto consider = [&](Id beaten) {
        const double value = cell.value(beaten);
        for (std::size_t i = 0; i < ids.size(); ++i) {
            const Id entering = ids[i];
            const Pair pair{entering, beaten};
            const double inside = strict(pair) ? margin : 0.0;
            const double lengths = cell.points().length(entering) + cell.points().length(beaten);
            double wrong = values_[i] + inside * lengths - value;
            // both are where the query is, in all that may move: no margin tells them apart, and nothing else
            const bool together = inside > 0.0 && lengths == 0.0 && !cell.violates({beaten, entering});
            if (together) wrong = infinity;
            if (wrong <= most || !(together || cell.violates(pair, inside))) continue;
            most = wrong;
            worst = pair;
            found = true;
        }
    };
    for_each_beaten(consider);
    return found;
}

// The points that what enters has to beat, beside those that depend on where the solution is.
template <class Visit>
void CellSolver::for_each_beaten(Visit visit) {
    const Decided& decided = *decided_;
    const Decided::Rule rule = decided.rule();
    if (rule.spare == 0 && !rule.nearest_stay) {
        for (const Id own : points_->own())
            if (!decided.is(own, Mark::allowed)) visit(own);
    } else if (!rule.nearest_stay) {
        for (const Id own : decided.sets().beaten) visit(own);
    }
    if (rule.complete) {
        for (const Id other : points_->candidates())
            if (!decided.is(other, Mark::entering)) visit(other);
    } else {
        for (const Id other : decided.sets().excluded) visit(other);
    }
}

// The nearest own-class point beside the `spare` nearest ones.
Ranked CellSolver::nearest_unspared() {
    const VoteCell& cell = *cell_;
    const std::size_t wanted = decided_->spare() + 1;
    std::vector<Ranked>& near = near_own_;  // a heap, the farthest first
    near.clear();
    double limit = infinity;
    for (const Id own : points_->own()) {
        if (cell.least_value(own) > limit) continue;
        near.push_back({cell.value(own), own});
        std::push_heap(near.begin(), near.end());
        if (near.size() > wanted) {
            std::pop_heap(near.begin(), near.end());
            near.pop_back();
        }
        if (near.size() == wanted) limit = near.front().value;
    }
    return near.size() == wanted ? near.front() : Ranked{infinity, 0};
}

// Moves the boundaries inwards until the class changes: all of them, or, where that leaves nothing, those that a tie
// does not satisfy.
auto CellSolver::push_inside() -> Pushed {
    const double unit = unit_of_push();
    const Pushed pushed = push(unit);
    if (pushed != Pushed::unchanged || decided_->rule().nearest_stay || deadline_->passed()) return pushed;
    return push_strictly(unit);
}

void CellSolver::push_far() {
    const double unit = unit_of_push();
    double outside = 0.0, inside = first_share;
    const auto attempt = [&](double share) {
        return solve(share * unit, infinity) == Outcome::solved && witness_->try_step(solution());
    };
    while (!attempt(inside)) {
        if (inside > farthest_share) return;
        outside = inside;
        inside *= 2.0;
    }
    for (int round = 0; round < refinements; ++round) {
        const double middle = 0.5 * (inside + outside);
        cell_->clear();
        (attempt(middle) ? inside : outside) = middle;
    }
}

// What margins are shares of: the norm, or, near the query, what its distances from points are known to.
double CellSolver::unit_of_push() const {
    double extent = query_->embedding->extent;
    for (const Id x : decided_->entering())
        extent = std::max(extent, 0x1p-40 * training_->extent(cell_->points().position(x)));
    return std::max(cell_->norm(), 0x1p-20 * std::sqrt(extent));
}

// As little as it takes to change the class. The first move makes the norm grow by about `growth`: less would leave
// orders to be decided that float64 cannot.
auto CellSolver::push(double unit) -> Pushed {
    const double norm = cell_->norm();
    double share = first_share;
    if (solve(share * unit, infinity) != Outcome::solved) return Pushed::unchanged;
    if (norm > 0.0) share *= std::clamp(growth / (cell_->norm() / norm - 1.0), 0x1p-16, 0x1p6);
    if (share < first_share) cell_->clear();
    for (; share < 0x1p-8; share *= 4.0) {
        if (solve(share * unit, infinity) != Outcome::solved) return Pushed::unchanged;
        if (cell_->norm() >= witness_->scaled_length()) return Pushed::not_nearer;
        if (witness_->try_step(solution())) return Pushed::nearer;
    }
    return Pushed::unchanged;
}

// The other boundaries may meet in distances that are equal all over the cell. Only numbers with few digits can be
// there, or single floats next to the solution.
auto CellSolver::push_strictly(double unit) -> Pushed {
    // beyond 2^-20 of the query's distances, which near the query is what the unit is: a contradiction is seen there
    for (double share = 0.0; share < 0x1p14; share = std::max(first_share, share * 0x1p8)) {
        cell_->clear();  // of margins that rounding hides the solver may know more than is true
        const Outcome outcome = solve(share * unit, infinity, Margins::strict);
        if (outcome == Outcome::contradiction) return Pushed::contradiction;
        if (outcome != Outcome::solved) return Pushed::unchanged;
        if (cell_->norm() >= witness_->scaled_length()) return Pushed::not_nearer;
        if (share == 0.0 ? try_around() : try_rounded(*witness_, query_->point, solution())) return Pushed::nearer;
    }
    return Pushed::unchanged;
}

bool CellSolver::try_around() {
    bool found = try_rounded(*witness_, query_->point, solution());
    for (const bool straight : {true, false})
        found = try_floats_around(*witness_, query_->point, tied_solution(straight), free_) || found;
    return found;
}

// The solution, moved until the pairs that hold it back are as equally far as double-double can tell, one after the
// other: straight on from the query, as corners of a norm's ball are kept by, or along their normals.
std::span<const double> CellSolver::tied_solution(bool straight) {
    const std::span<const double> step = solution();
    const double* z = query_->point;
    std::vector<Pair> pairs;
    std::vector<double> multipliers, point(step.size());
    cell_->active(pairs, multipliers);
    for (std::size_t j = 0; j < point.size(); ++j) point[j] = z[j] + step[j];
    for (int sweep = 0; sweep < tie_sweeps; ++sweep)
        for (const Pair& pair : pairs) move_to_tie(pair, straight, point);
    for (std::size_t j = 0; j < point.size(); ++j)
        if (std::isfinite(point[j])) step_[j] = point[j] - z[j];
    return step_;
}

void CellSolver::move_to_tie(Pair pair, bool straight, std::span<double> point) {
    const Threat& threat = training_->threat();
    const PairGap::Value gap =
        gap_.evaluate(point.data(), cell_->points().position(pair.entering), cell_->points().position(pair.beaten));
    const std::span<const DoubleDouble> normal = gap_.normal();
    const auto direction = [&](std::size_t j) {
        if (straight) return step_[j];
        const double inverse = threat.is_frozen(j) ? 0.0 : threat.weighted() ? threat.inverse_cost(j) : 1.0;
        return normal[j].hi * inverse * inverse;
    };
    double gain = 0.0;
    for (std::size_t j = 0; j < point.size(); ++j) gain += normal[j].hi * direction(j);
    if (gain == 0.0) return;
    const double way = std::ldexp(0.5 * gap.value.hi / gain, gap.sum_exponent);
    for (std::size_t j = 0; j < point.size(); ++j) point[j] -= way * direction(j);
}

std::span<const double> CellSolver::solution() {
    const PreparedSet& t = *training_;
    const int exponent = t.exponent(*query_->embedding);
    step_.resize(t.dimension());
    for (std::size_t j = 0; j < step_.size(); ++j)
        step_[j] =
            std::ldexp(cell_->perturbation()[j], exponent) * (t.threat().weighted() ? t.threat().inverse_cost(j) : 1.0);
    return step_;
}

}  // namespace robust_metric
