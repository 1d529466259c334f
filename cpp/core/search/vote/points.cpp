#include "search/vote/points.hpp"

#include <algorithm>
#include <cmath>

#include "base/rounding.hpp"

namespace robust_metric {

using rounding::infinity;

namespace {

// own-class points that are looked at before any are chosen
constexpr std::size_t most_near_own = 256;

// own-class points that every cell is held against from the beginning, beside those that may stay
constexpr std::size_t most_near_query = 64, most_near_witness = 64;

// rows that are measured before the deadline is asked again
constexpr std::size_t rows_per_question = 1024;

// ½ d(z + δ, x) for ‖δ‖ up to reach, as far as it depends on x
double farthest(double half, double length, double reach) {
    return reach < infinity ? half + reach * length : infinity;
}
double nearest(double half, double length, double reach) {
    return reach < infinity ? half - reach * length : -infinity;
}

}  // namespace

void keep_first(std::vector<Ranked>& ranked, std::size_t count) {
    count = std::min(count, ranked.size());
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), ranked.end());
    ranked.resize(count);
}

void VotePoints::start(const Query& query, int label, std::size_t k) {
    query_ = &query;
    label_ = label;
    k_ = k;
    chosen_ = false;
    own_.clear();
    rest_.clear();
    candidates_.clear();
}

// By numbers that are not the filter's.
void VotePoints::use_near_own() {
    const auto members = training_->members(label_);
    const std::size_t wanted = std::min(members.size(), most_near_own);
    values_.clear();
    for (const std::size_t i : members) values_.push_back(bounds_->relative_distance(i).upper);
    const auto at = values_.begin() + static_cast<std::ptrdiff_t>(wanted) - 1;
    std::nth_element(values_.begin(), at, values_.end());
    const double limit = *at + 1e-12 * std::fabs(*at);
    cell_->start(*query_);
    std::vector<Ranked> ranked;
    for (const std::size_t i : members) {
        if (bounds_->relative_distance(i).lower > limit) continue;
        const Id id = cell_->add_point(i);
        ranked.push_back({cell_->points().half(id), id});
    }
    keep_first(ranked, wanted);
    own_.clear();
    rest_.clear();
    candidates_.clear();
    for (const Ranked& x : ranked) own_.push_back(x.id);
}

bool VotePoints::choose(std::size_t kept, double reach, std::span<const double> step) {
    own_.clear();
    rest_.clear();
    candidates_.clear();
    chosen_ = find_entering(kept, reach) && measure_own(reach);
    if (!chosen_) return false;
    choose_first_own(kept, step);
    for (const auto& point : std::span(measured_own_).first(chosen_own_)) own_.push_back(cell_->add_point(point));
    for (std::size_t i = 0; i < training_->size(); ++i)
        if (may_enter_[i]) candidates_.push_back(cell_->add_point(i));
    cell_->screen_first(cell_->points().size());
    for (const auto& point : std::span(measured_own_).subspan(chosen_own_)) rest_.push_back(cell_->add_point(point));
    reach_ = reach;
    return true;
}

// Into may_enter_; false where the deadline passed.
bool VotePoints::find_entering(std::size_t kept, double reach) {
    const PreparedSet& t = *training_;
    may_enter_.assign(t.size(), 0);
    if (kept + 1 > t.class_size(label_)) {  // no own-class point has to be beaten
        for (std::size_t i = 0; i < t.size(); ++i) may_enter_[i] = t.label(i) != label_;
        return true;
    }
    bounds_->enqueue(kept, false, infinity);
    const double limit = reach * (1.0 + 1e-6);
    for (auto row = bounds_->top(HalfspaceBounds::near_pairs); row && row->bound < limit;
         row = bounds_->top(HalfspaceBounds::near_pairs)) {
        if (deadline_->passed()) return false;
        may_enter_[row->position] = 1;
        bounds_->pop();
    }
    return true;
}

// Into measured_own_: own-class points that can be among the k nearest, those that come nearest first. The filter
// leaves out what is far; the rest is decided by numbers that are not the filter's, so that its bits make no
// difference. False where the deadline passed.
bool VotePoints::measure_own(double reach) {
    const PreparedSet& t = *training_;
    const double factor = t.threat().dual_factor();
    std::vector<double> filtered;
    filtered.reserve(t.size());
    for (std::size_t i = 0; i < t.size(); ++i)
        filtered.push_back(farthest(0.5 * bounds_->relative_distance(i).upper, factor * bounds_->length(i), reach));
    values_ = filtered;
    const double filter_limit = kth_smallest();
    cell_->start(*query_);
    nearest_.clear();
    std::vector<CellPoints::Measured>& own = measured_own_;
    own.clear();
    for (std::size_t i = 0; i < t.size(); ++i) {
        if (i % rows_per_question == 0 && deadline_->passed()) return false;
        const double length = factor * bounds_->length(i), lower = 0.5 * bounds_->relative_distance(i).lower;
        // with room for what the filter may be off by
        const bool first = !(filtered[i] > filter_limit + 1e-3 * (std::fabs(filter_limit) + reach * length));
        const bool reachable = t.label(i) == label_ && nearest(lower, length, reach) <= filter_limit;
        if (!first && !reachable) continue;
        const CellPoints::Measured point = cell_->points().measure(i);
        if (first) nearest_.push_back(point);
        if (reachable) own.push_back(point);
    }
    const double limit = kth_farthest(nearest_, reach);
    std::erase_if(own, [&](const auto& x) { return nearest(x.half, x.length, reach) > limit; });
    std::sort(own.begin(), own.end(), [&](const auto& a, const auto& b) {
        const double first = nearest(a.half, a.length, reach), second = nearest(b.half, b.length, reach);
        if (first != second) return first < second;
        return a.half != b.half ? a.half < b.half : a.position < b.position;
    });
    return true;
}

// Puts first, of measured_own_, those that every cell is held against from the beginning: the nearest to the query and
// to the witness, between which most solutions lie.
void VotePoints::choose_first_own(std::size_t kept, std::span<const double> step) {
    std::vector<double> place(step.begin(), step.end());
    for (std::size_t j = 0; j < place.size(); ++j) place[j] += query_->point[j];
    training_->embed(place.data(), witness_);
    const std::size_t near_query = std::min(measured_own_.size(), most_near_query + kept);
    const auto others = std::span(measured_own_).subspan(near_query);
    std::vector<Ranked> order;
    for (std::size_t i = 0; i < others.size(); ++i)
        order.push_back({training_->distance(witness_, others[i].position, scratch_), static_cast<Id>(i)});
    keep_first(order, most_near_witness);
    std::sort(order.begin(), order.end(), [](const Ranked& a, const Ranked& b) { return a.id < b.id; });
    for (std::size_t i = 0; i < order.size(); ++i) std::swap(others[i], others[order[i].id]);
    chosen_own_ = near_query + order.size();
}

void VotePoints::narrow(double reach) {
    reach_ = reach;
    const double limit = kth_farthest(nearest_, reach);
    for (auto* own : {&own_, &rest_})
        std::erase_if(*own,
                      [&](Id x) { return nearest(cell_->points().half(x), cell_->points().length(x), reach) > limit; });
}

void VotePoints::take_in(Id of_rest) {
    own_.push_back(of_rest);
    rest_.erase(std::find(rest_.begin(), rest_.end(), of_rest));
}

// Of the farthest that these points can come to be, the k-th smallest, with room for rounding.
double VotePoints::kth_farthest(const std::vector<CellPoints::Measured>& points, double reach) {
    values_.clear();
    for (const auto& point : points) values_.push_back(farthest(point.half, point.length, reach));
    return kth_smallest();
}

// The k-th smallest of values_, which are put out of order, with room for rounding.
double VotePoints::kth_smallest() {
    const auto at = values_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
    std::nth_element(values_.begin(), at, values_.end());
    return *at + 1e-12 * std::fabs(*at);
}

}  // namespace robust_metric
