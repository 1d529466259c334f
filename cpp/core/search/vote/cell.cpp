#include "search/vote/cell.hpp"

#include <cmath>

#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

namespace {

// a violation below this share of ‖normal‖ ‖δ‖ is rounding
constexpr double violation_tolerance = 1e-12;

}  // namespace

void VoteCell::start(const Query& query) {
    query_ = &query;
    points_.start(query);
    products_.start();
    normal_.resize(training_->dimension());
    clear();
    proof_.prove({}, {});
}

VoteCell::Id VoteCell::add_point(const CellPoints::Measured& point) {
    screened_ = false;  // what is known of all rows knows nothing of this one
    proof_.point_added();
    return points_.add(point);
}

void VoteCell::clear() {
    qp_.reset();
    pairs_.clear();
    contradicted_ = screened_ = false;
    norm_ = at_query_ = 0.0;
}

bool VoteCell::require(Pair pair, double margin) {
    const CellPoints::Point &near = points_[pair.entering], &far = points_[pair.beaten];
    const double *a = points_.row(pair.entering), *b = points_.row(pair.beaten);
    for (std::size_t j = 0; j < normal_.size(); ++j) normal_[j] = a[j] - b[j];
    // where both are where the query is, in all that may move, any margin contradicts
    const double lengths = near.length + far.length > 0.0 ? near.length + far.length : 1.0;
    const double offset = near.half - far.half + margin * lengths;
    pairs_.push_back(pair);
    screened_ = false;
    contradicted_ = !qp_.add(normal_.data(), offset, pairs_.size() - 1);
    norm_ = qp_.norm();
    at_query_ = kernels().dot(query_->embedding->twice_mapped_row().data(), qp_.solution().data(), normal_.size());
    return !contradicted_;
}

bool VoteCell::violates(Pair pair, double margin) const {
    if (points_.equal(pair.entering, pair.beaten)) return false;
    const double lengths = points_.length(pair.entering) + points_.length(pair.beaten);
    // half of a margin is room enough for rounding
    const double allowed = margin > 0.0 ? 0.5 * margin * lengths : tolerance(pair.entering, pair.beaten);
    return value(pair.entering) + margin * lengths - value(pair.beaten) > allowed;
}

double VoteCell::tolerance(Id id, Id other) const {
    const PreparedSet& t = *training_;
    const CellPoints::Point &a = points_[id], &b = points_[other];
    const double bound = t.metric().norm_bound();
    const double extents = t.comparison_extents(*query_->embedding, a.position, b.position);
    return violation_tolerance * (a.length + b.length) * norm_ + 4.0 * rounding::unit * bound * bound * extents +
           rounding::underflow;
}

double VoteCell::value(Id id) const {
    if (norm_ == 0.0) return points_.half(id);
    return points_.half(id) - (kernels().dot(points_.row(id), qp_.solution().data(), normal_.size()) - at_query_);
}

void VoteCell::screen() {
    if (screened_ || !space_->threat().euclidean()) return;
    screened_pairs_.clear();
    for (const std::size_t id : qp_.active()) screened_pairs_.push_back(pairs_[id]);
    products_.weigh(screened_pairs_, qp_.multipliers(), 0);
    screened_ = products_.sum(screen_);
    if (screened_) screen_error_ = 8.0 * rounding::gamma(normal_.size() + 2 * products_.terms()) * products_.size();
}

void VoteCell::active(std::vector<Pair>& pairs, std::vector<double>& multipliers) const {
    pairs.clear();
    for (const std::size_t id : qp_.active()) pairs.push_back(pairs_[id]);
    const auto& source = contradicted_ && !qp_.contradiction().empty() ? qp_.contradiction() : qp_.multipliers();
    multipliers.assign(source.begin(), source.end());
    if (multipliers.size() > pairs.size()) pairs.push_back(pairs_.back());
}

}  // namespace robust_metric
