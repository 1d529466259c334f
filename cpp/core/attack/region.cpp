#include "attack/region.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "base/rounding.hpp"
#include "data/request.hpp"

namespace robust_metric {

namespace {

using rounding::infinity;

constexpr std::size_t none = MovingQuery::none;

// other-class points that may become seeds: this many times the number wanted, or the nearest few hundred
constexpr std::size_t seed_pool = 8, seed_pool_least = 256;

// A region is entered by this share of reach_, more where that does not change the class.
constexpr double least_margin = 1e-11, largest_margin = 1e-3, margin_growth = 1e3;

// A projection is given up once it is no better than this share of the best one.
constexpr double improvement = 0.999;

// For p = 1 and infinity: least squares are reweighted this often, starting from regions whose least squares are at
// most this much worse than the best.
constexpr int reweightings = 12;
constexpr double reweighted_slack = 1.25;

constexpr int region_changes = 8;
constexpr std::size_t fewer_kept = 2;  // plans that keep fewer votes than possible
// Swaps tried on the best region: points taken out, and points that may come in for each.
constexpr std::size_t swapped_out = 4, swapped_in = 6;
constexpr int swap_rounds = 8;

}  // namespace

RegionAttack::RegionAttack(const MappedRows& rows, const Threat& threat)
    : training_(&rows.training()),
      rows_(&rows),
      moving_(rows),
      threat_(&threat),
      neighbors_(rows.training()),
      qp_(training_->dimension()) {
    threat.check_fits(training_->dimension());
    feature_inverse_.assign(training_->dimension(), 1.0);
    if (!threat.weighted()) return;
    for (std::size_t j = 0; j < feature_inverse_.size(); ++j) feature_inverse_[j] = threat.inverse_cost(j);
}

bool RegionAttack::run(const Query& query, int label, std::size_t k, std::size_t regions,
                       std::span<double> perturbation) {
    start(query, label, k);
    for (const std::size_t seed : seeds(regions)) {
        checkpoint();
        for (const Plan& plan : plans(training_->label(seed))) attack_from(seed, plan);
    }
    improve();
    const bool found = best_cost_ < infinity;
    for (std::size_t j = 0; j < perturbation.size(); ++j) perturbation[j] = found ? best_[j] : 0.0;
    return found;
}

void RegionAttack::start(const Query& query, int label, std::size_t k) {
    const PreparedSet& t = *training_;
    const std::size_t d = t.dimension();
    query_ = &query;
    label_ = label;
    k_ = k;
    best_cost_ = best_norm_ = infinity;
    inverse_ = feature_inverse_;
    for (auto* vector : {&step_, &normal_, &point_, &added_, &perturbation_}) vector->assign(d, 0.0);
    moving_.start(query.point, label);
    if (moving_.others().empty()) return;
    const double* other = t.points().row(moving_.others().front(), point_.data());
    for (std::size_t j = 0; j < d; ++j) step_[j] = std::ldexp(other[j] - query.point[j], -t.exponent());
    reach_ = cost_of(step_);
    if (!(reach_ > 0.0)) reach_ = 1.0;
    for (std::size_t j = 0; j < d; ++j) step_[j] = std::ldexp(query.point[j], -52 - t.exponent());
    rounding_ = cost_of(step_);
}

// The ways in which this rival may win that keep most votes: each vote fewer asks for one more point to enter.
auto RegionAttack::plans(int rival) const -> std::vector<Plan> {
    std::vector<Plan> result;
    const std::size_t of_rival = moving_.of_class(rival).size();
    for (std::size_t kept = std::min(k_ / 2, moving_.own().size()) + 1; kept-- > 0;) {
        const std::size_t needed = std::max<std::size_t>(kept + (label_ < rival ? 1 : 0), 1), entering = k_ - kept;
        if (needed > entering || needed > of_rival || entering > moving_.others().size()) continue;
        result.push_back({rival, kept, needed, entering});
        // with two classes all that enter are the rival's, so that one more is only harder
        if (of_rival == moving_.others().size() || result.size() > fewer_kept) break;
    }
    return result;
}

// Other-class points, those first whose half-space against the deciding nearest own-class point is nearest.
std::vector<std::size_t> RegionAttack::seeds(std::size_t count) {
    if (moving_.others().empty()) return {};
    const std::size_t pool = std::min(moving_.others().size(), std::max(seed_pool * count, seed_pool_least));
    const std::size_t own = moving_.own().empty() ? none : moving_.own()[std::min(k_ / 2, moving_.own().size() - 1)];
    std::vector<std::pair<double, std::size_t>> ranked;
    for (std::size_t i = 0; i < pool; ++i) {
        const std::size_t other = moving_.others()[i];
        if (k_ == 1 && training_->shadowed(other)) continue;
        double bound = moving_.start_distance(other);
        if (own != none) {  // as if the metric stretched all directions alike
            const double apart = kernels().squared_distance(rows_->row(other), rows_->row(own), rows_->width());
            bound = apart > 0.0 ? (bound - moving_.start_distance(own)) / std::sqrt(apart) : infinity;
        }
        ranked.emplace_back(bound, other);
    }
    std::sort(ranked.begin(), ranked.end());
    ranked.resize(std::min(ranked.size(), 4 * count));
    for (auto& [bound, other] : ranked)
        if (own != none) bound = pair_distance(other, own);
    std::sort(ranked.begin(), ranked.end());
    ranked.resize(std::min(ranked.size(), count));
    std::vector<std::size_t> result;
    result.reserve(ranked.size());
    for (const auto& entry : ranked) result.push_back(entry.second);
    return result;
}

// From z to the half-space of a pair, in cost space.
double RegionAttack::pair_distance(std::size_t other, std::size_t own) {
    rows_->normal(other, own, normal_);
    for (std::size_t j = 0; j < normal_.size(); ++j) normal_[j] *= feature_inverse_[j];
    const double gap = 0.5 * (moving_.start_distance(other) - moving_.start_distance(own));
    const double length = std::sqrt(kernels().dot(normal_.data(), normal_.data(), normal_.size()));
    if (gap <= 0.0) return 0.0;
    return length > 0.0 ? gap / length : infinity;
}

// Projections onto a region, and from there onto the region of the points that are nearest there: it contains the
// projection, so that the cost only falls.
void RegionAttack::attack_from(std::size_t seed, const Plan& plan) {
    moving_.move_halfway_to(seed);
    choose_region(plan, seed);
    descend(plan);
}

void RegionAttack::descend(const Plan& plan) {
    const double slack = threat_->norm() == Norm::two ? improvement : reweighted_slack;
    inverse_ = feature_inverse_;
    for (int change = 0; change < region_changes; ++change) {
        if (!project_and_try(plan, best_norm_ * slack)) return;
        keep_if_best(plan);
        const Region before = region_;
        choose_region(plan, none);
        if (region_ == before) break;
    }
    if (threat_->norm() == Norm::two) return;
    for (int round = 0; round < reweightings; ++round) {
        reweight();
        if (!project_and_try(plan, infinity)) return;
        choose_region(plan, none);
    }
}

// Remembers the projection that was just made, where it is the nearest so far.
void RegionAttack::keep_if_best(const Plan& plan) {
    if (qp_.norm() >= best_norm_) return;
    best_norm_ = qp_.norm();
    best_plan_ = plan;
    best_region_ = region_;
    best_active_.clear();
    for (std::size_t i = 0; i < qp_.active().size(); ++i)
        best_active_.emplace_back(qp_.multipliers()[i], qp_.active()[i]);
    std::sort(best_active_.rbegin(), best_active_.rend());
}

// Local search on the best region: points that hold the projection back are swapped for others.
void RegionAttack::improve() {
    for (int round = 0; round < swap_rounds && best_cost_ < infinity; ++round) {
        checkpoint();
        const Plan plan = best_plan_;
        if (!swap_kept(plan) && !swap_entering(plan)) return;
    }
}

// The points of the pairs that hold the best projection back most: entering ones, or those they are to beat.
std::vector<std::size_t> RegionAttack::heaviest(bool entering) const {
    const std::size_t n = training_->size();
    std::vector<std::size_t> result;
    for (const auto& [multiplier, id] : best_active_) {
        const std::size_t position = entering ? id / n : id % n;
        const bool pair = id < n * n;  // else a bound of the box
        if (pair && result.size() < swapped_out && !contains(result, position)) result.push_back(position);
    }
    return result;
}

// An own-class point that is to be beaten changes places with one that is not.
bool RegionAttack::swap_kept(const Plan& plan) {
    const Region from = best_region_;
    for (const std::size_t own : heaviest(false)) {
        if (training_->label(own) != label_) continue;
        for (const std::size_t out : from.kept) {
            region_ = from;
            std::replace(region_.kept.begin(), region_.kept.end(), out, own);
            if (project_if_better(plan)) return true;
        }
    }
    return false;
}

// An entering point gives its place to one that is near.
bool RegionAttack::swap_entering(const Plan& plan) {
    const Region from = best_region_;
    for (const std::size_t out : heaviest(true)) {
        const auto at = std::find(from.entering.begin(), from.entering.end(), out);
        const bool rivals_only = at < from.entering.begin() + static_cast<std::ptrdiff_t>(plan.needed);
        const auto& choice = rivals_only ? moving_.of_class(plan.rival) : moving_.others();
        for (const std::size_t in : moving_.nearest(choice, plan.entering + swapped_in)) {
            if (contains(from.entering, in)) continue;
            region_ = from;
            region_.entering[static_cast<std::size_t>(at - from.entering.begin())] = in;
            if (project_if_better(plan)) return true;
        }
    }
    return false;
}

// The points that decide at z + δ: as plan says, the nearest ones; seed, if any, is one of them.
void RegionAttack::choose_region(const Plan& plan, std::size_t seed) {
    auto& entering = region_.entering;
    entering = moving_.nearest(moving_.of_class(plan.rival), plan.needed);
    if (seed != none && !contains(entering, seed)) entering.back() = seed;
    std::sort(entering.begin(), entering.end());
    if (plan.entering > plan.needed) {
        for (const std::size_t other : moving_.nearest(moving_.others(), plan.entering))
            if (entering.size() < plan.entering && !contains(entering, other)) entering.push_back(other);
        std::sort(entering.begin() + static_cast<std::ptrdiff_t>(plan.needed), entering.end());
    }
    region_.kept = moving_.nearest(moving_.own(), plan.kept);
    std::sort(region_.kept.begin(), region_.kept.end());
}

// Weights with which least squares come nearer to the cost: |u|² / |u| for p = 1, and Lawson's for p infinite.
void RegionAttack::reweight() {
    double largest = 0.0;
    for (std::size_t j = 0; j < step_.size(); ++j)
        if (feature_inverse_[j] > 0.0) largest = std::max(largest, std::fabs(step_[j]) / feature_inverse_[j]);
    if (!(largest > 0.0)) return;
    for (std::size_t j = 0; j < step_.size(); ++j) {
        if (!(feature_inverse_[j] > 0.0)) continue;
        const double share = std::fabs(step_[j]) / feature_inverse_[j] / largest;
        if (threat_->norm() == Norm::one)
            inverse_[j] = feature_inverse_[j] * std::sqrt(share + 1e-6);
        else
            inverse_[j] /= std::sqrt(share + 1e-3);
    }
}

// Projects onto the region and runs the classifier there; where the class does not change, again from a little
// further inside. False where the projection was given up.
bool RegionAttack::project_and_try(const Plan& plan, double cutoff) {
    const double margin = std::max(least_margin, 4.0 * rounding_ / reach_);
    for (double share = margin; share <= largest_margin; share *= margin_growth) {
        if (!project(plan, share * reach_, cutoff)) return false;
        if (try_point()) return true;
    }
    return false;
}

// The projection in cost space, constraints generated; leaves it in step_. False where it is farther than cutoff or
// the region is empty.
bool RegionAttack::project(const Plan& plan, double margin, double cutoff) {
    qp_.reset();
    double largest = 0.0;
    for (int stalled = 0; stalled < 8;) {
        checkpoint();
        for (std::size_t j = 0; j < step_.size(); ++j) step_[j] = qp_.solution()[j] * inverse_[j];
        moving_.move(step_);
        bool satisfied = false;
        if (!add_pair(worst_pair(plan), margin, satisfied)) return false;
        if (satisfied && !add_bound(satisfied)) return false;
        if (satisfied) return true;
        const double norm = qp_.norm();
        if (norm > cutoff) return false;
        // against the largest norm so far: degenerate constraints may let it rise and fall for ever
        stalled = norm > largest * (1.0 + 1e-12) ? 0 : stalled + 1;
        largest = std::max(largest, norm);
    }
    return true;
}

// Which order of two points is farthest from what the region asks for, at z + δ.
auto RegionAttack::worst_pair(const Plan& plan) const -> Pair {
    const auto farthest = [&](std::size_t count) {
        MovingQuery::Nearest far{none, -1.0};
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t x = region_.entering[i];
            if (const double value = moving_.distance(x); value > far.distance) far = {x, value};
        }
        return far;
    };
    const auto last = farthest(plan.entering), own = moving_.nearest_outside(moving_.own(), region_.kept, -1);
    Pair worst{last.position, own.position, own.distance - last.distance};
    // the rival's points must not be kept out by further classes either
    if (moving_.of_class(plan.rival).size() == moving_.others().size()) return worst;
    const auto rival = farthest(plan.needed);
    const auto third = moving_.nearest_outside(moving_.others(), region_.entering, plan.rival);
    const double gap = third.distance - rival.distance;
    if (third.position != none && gap < worst.gap) worst = {rival.position, third.position, gap};
    return worst;
}

bool RegionAttack::add_pair(const Pair& pair, double margin, bool& satisfied) {
    const PreparedSet& t = *training_;
    const std::size_t d = t.dimension(), id = pair.beaten == none ? none : pair.entering * t.size() + pair.beaten;
    satisfied = true;
    if (pair.beaten == none || contains(qp_.active(), id)) return true;
    rows_->normal(pair.entering, pair.beaten, normal_);
    for (std::size_t j = 0; j < d; ++j) normal_[j] *= inverse_[j];
    const double wanted = margin * std::sqrt(kernels().dot(normal_.data(), normal_.data(), d));
    if (pair.gap >= wanted) return true;  // half of what the projection aims at: its rounding is no violation
    satisfied = false;
    return qp_.add(normal_.data(),
                   0.5 * (moving_.start_distance(pair.entering) - moving_.start_distance(pair.beaten)) + wanted, id);
}

// The side of the box that z + δ is farthest beyond.
bool RegionAttack::add_bound(bool& satisfied) {
    if (!threat_->boxed()) return true;
    const PreparedSet& t = *training_;
    const double* z = query_->point;
    std::size_t worst = none;
    double excess = 1e-12 * reach_;
    for (std::size_t j = 0; j < step_.size(); ++j) {
        if (inverse_[j] == 0.0) continue;
        const double below = std::ldexp(threat_->lower(j) - z[j], -t.exponent()) - step_[j];
        const double above = step_[j] - std::ldexp(threat_->upper(j) - z[j], -t.exponent());
        if (std::max(below, above) / inverse_[j] <= excess) continue;
        excess = std::max(below, above) / inverse_[j];
        worst = 2 * j + (above > below ? 1 : 0);
    }
    const std::size_t id = t.size() * t.size() + worst;
    if (worst == none || contains(qp_.active(), id)) return true;
    const std::size_t j = worst / 2;
    std::fill(normal_.begin(), normal_.end(), 0.0);
    const bool above = worst % 2 == 1;
    normal_[j] = above ? -inverse_[j] : inverse_[j];
    const double room = std::ldexp(above ? threat_->upper(j) - z[j] : threat_->lower(j) - z[j], -t.exponent());
    satisfied = false;
    return qp_.add(normal_.data(), above ? -room : room, id);
}

// Runs the classifier on the float64 point z + δ, and keeps δ where it is the cheapest that changes the class.
bool RegionAttack::try_point() {
    const PreparedSet& t = *training_;
    const double* z = query_->point;
    for (std::size_t j = 0; j < step_.size(); ++j) perturbation_[j] = std::ldexp(step_[j], t.exponent());
    threat_->confine({z, step_.size()}, perturbation_);
    for (std::size_t j = 0; j < step_.size(); ++j) {
        point_[j] = z[j] + perturbation_[j];
        added_[j] = std::ldexp(point_[j] - z[j], -t.exponent());
    }
    const double length = std::sqrt(kernels().dot(added_.data(), added_.data(), added_.size())) * (1.0 + 1e-9);
    if (!(length < infinity)) return false;
    if (neighbors_.vote(neighbors_.nearest_around(*query_, point_.data(), rounding::up(length), k_)) == label_)
        return false;
    const double cost = cost_of(added_);
    if (cost < best_cost_) {
        best_cost_ = cost;
        best_ = perturbation_;
    }
    return true;
}

void region_attacks(const PreparedSet& training, MatrixView queries, std::size_t k, const Threat& threat,
                    std::size_t regions, const Execution& execution, MutableMatrixView perturbations) {
    check_request(training, queries, k, execution);
    const MappedRows rows(training, execution);
    for_each_query(training, queries, execution, false, [&](int) {
        return [&, neighbors = NeighborSearch(training), attack = RegionAttack(rows, threat)](const Query& query,
                                                                                              std::size_t row) mutable {
            const int label = neighbors.vote(neighbors.nearest(query, k, false));
            attack.run(query, label, k, regions, {perturbations.row(row), perturbations.cols()});
        };
    });
}

}  // namespace robust_metric
