#include "search/vote/cell.hpp"

#include <algorithm>
#include <cmath>

#include "base/kernels.hpp"
#include "base/rounding.hpp"
#include "geometry/half_space_pair.hpp"

namespace robust_metric {

namespace {

using rounding::gamma;
using rounding::infinity;
using rounding::up;

// a violation below this share of ‖normal‖ ‖δ‖ is rounding
constexpr double violation_tolerance = 1e-12;

// products of a row with all others are kept once they were wanted this often, and while they take no more room
constexpr std::size_t worth_keeping = 3, products_room = std::size_t{1} << 23;

}  // namespace

void VoteCell::start(const Query& query) {
    query_ = &query;
    points_.clear();
    id_of_.assign(training_->size(), none);
    rows_.clear();
    products_.clear();
    products_kept_ = 0;
    for (std::vector<double>* values : {&normal_, &stored_, &other_stored_}) values->resize(training_->dimension());
    clear();
    prove({}, {});
}

auto VoteCell::measure(std::size_t position) -> Measured {
    const PreparedSet& t = *training_;
    const Embedding& z = *query_->embedding;
    const double distance = t.distance(z, position, scratch_);
    const double* row = t.twice_mapped_row(position, scratch_);
    double length = std::sqrt(kernels().squared_distance(z.twice_mapped_row().data(), row, t.dimension()));
    if (t.threat().norm() != Norm::two) {
        for (std::size_t j = 0; j < normal_.size(); ++j) normal_[j] = z.twice_mapped_row()[j] - row[j];
        length = space_->dual_norm(normal_);
    }
    const Interval interval = t.distance_interval(z, position, distance);
    return {position, 0.5 * distance, length, 0.5 * interval.lower, 0.5 * interval.upper};
}

VoteCell::Id VoteCell::add_point(const Measured& point) {
    const PreparedSet& t = *training_;
    const double* row = t.twice_mapped_row(point.position, scratch_);
    const double row_norm = std::sqrt(kernels().dot(row, row, t.dimension()));
    rows_.insert(rows_.end(), row, row + t.dimension());
    points_.push_back({point, row_norm, t.twice_mapped_norm_error(t.extent(point.position), 0.0)});
    screened_ = along_known_ = false;  // they know nothing of this point
    return id_of_[point.position] = static_cast<Id>(points_.size() - 1);
}

void VoteCell::clear() {
    qp_.reset();
    pairs_.clear();
    contradicted_ = screened_ = false;
    norm_ = at_query_ = 0.0;
}

bool VoteCell::require(Pair pair, double margin) {
    const Point &near = points_[pair.entering], &far = points_[pair.beaten];
    const double *a = row(pair.entering), *b = row(pair.beaten);
    for (std::size_t j = 0; j < normal_.size(); ++j) normal_[j] = a[j] - b[j];
    const double offset = near.half - far.half + margin * (near.length + far.length);
    pairs_.push_back(pair);
    screened_ = false;
    contradicted_ = !qp_.add(normal_.data(), offset, pairs_.size() - 1);
    norm_ = qp_.norm();
    at_query_ = kernels().dot(query_->embedding->twice_mapped_row().data(), qp_.solution().data(), normal_.size());
    return !contradicted_;
}

bool VoteCell::equal(Id a, Id b) const {
    if (half(a) != half(b)) return false;
    const Points& points = training_->points();
    const double *x = points.row(position(a), stored_.data()), *y = points.row(position(b), other_stored_.data());
    return std::equal(x, x + points.cols(), y);
}

bool VoteCell::violates(Pair pair, double margin) const {
    const PreparedSet& t = *training_;
    if (equal(pair.entering, pair.beaten)) return false;
    const double lengths = length(pair.entering) + length(pair.beaten), bound = t.metric().norm_bound();
    const double extents = t.comparison_extents(*query_->embedding, position(pair.entering), position(pair.beaten));
    // half of a margin is room enough for rounding
    const double tolerance = margin > 0.0 ? 0.5 * margin * lengths
                                          : violation_tolerance * lengths * norm_ +
                                                4.0 * rounding::unit * bound * bound * extents + rounding::underflow;
    return value(pair.entering) + margin * lengths - value(pair.beaten) > tolerance;
}

double VoteCell::value(Id id) const {
    if (norm_ == 0.0) return half(id);
    return half(id) - (kernels().dot(row(id), qp_.solution().data(), normal_.size()) - at_query_);
}

// The rows of weighed_ in Σ 2^-scale multiplier (entering - beaten), each once.
void VoteCell::weigh(std::span<const double> multipliers, int scale) {
    weights_.clear();
    const auto add = [&](Id id, double weight) {
        for (auto& entry : weights_)
            if (entry.first == id) {
                entry.second += weight;
                return;
            }
        weights_.emplace_back(id, weight);
    };
    for (std::size_t i = 0; i < weighed_.size(); ++i) {
        const double weight = std::ldexp(multipliers[i], -scale);
        if (weight == 0.0) continue;
        add(weighed_[i].entering, weight);
        add(weighed_[i].beaten, -weight);
    }
}

// The products of all rows with the direction that weights_ make; false where too many are not kept.
bool VoteCell::sum_products(std::vector<double>& sums) {
    const std::size_t n = points_.size(), d = normal_.size();
    products_.resize(n);
    bool known = true;
    for (const auto& entry : weights_) {
        Products& products = products_[entry.first];
        const std::size_t done = products.values.size();  // fewer than n where points were added since
        if (done == n) continue;
        if (done == 0) {
            if (++products.asked < worth_keeping || (products_kept_ + 1) * n > products_room) {
                known = false;
                continue;
            }
            ++products_kept_;
        }
        products.values.resize(n);
        for (std::size_t i = done; i < n; ++i)
            products.values[i] = kernels().dot(row(static_cast<Id>(i)), row(entry.first), d);
    }
    if (!known) return false;
    sums.assign(n, 0.0);
    for (const auto& entry : weights_)
        kernels().axpy(entry.second, products_[entry.first].values.data(), sums.data(), n);
    return true;
}

void VoteCell::screen() {
    if (screened_ || !space_->threat().euclidean()) return;
    weighed_.clear();
    for (const std::size_t id : qp_.active()) weighed_.push_back(pairs_[id]);
    weigh(qp_.multipliers(), 0);
    screened_ = sum_products(screen_);
    if (!screened_) return;
    double size = 0.0;
    for (const auto& entry : weights_) size += std::fabs(entry.second) * points_[entry.first].row_norm;
    screen_error_ = 8.0 * gamma(normal_.size() + 2 * weights_.size()) * size;
}

void VoteCell::active(std::vector<Pair>& pairs, std::vector<double>& multipliers) const {
    pairs.clear();
    for (const std::size_t id : qp_.active()) pairs.push_back(pairs_[id]);
    const auto& source = contradicted_ && !qp_.contradiction().empty() ? qp_.contradiction() : qp_.multipliers();
    multipliers.assign(source.begin(), source.end());
    if (multipliers.size() > pairs.size()) pairs.push_back(pairs_.back());
}

double VoteCell::prove(std::span<const Pair> pairs, std::span<const double> multipliers) {
    along_known_ = false;
    proved_pairs_.assign(pairs.begin(), pairs.end());
    proved_multipliers_.assign(multipliers.begin(), multipliers.end());
    const auto summand = [&](Id id) {
        const Point& x = points_[id];
        return HalfspaceSum::Point{row(id), x.row_norm, training_->extent(x.position), {x.half_lower, x.half_upper}};
    };
    sum_.start(multipliers);
    for (std::size_t i = 0; i < pairs.size(); ++i)
        sum_.add(multipliers[i], summand(pairs[i].entering), summand(pairs[i].beaten));
    sum_.finish();
    inner_error_ = gamma(normal_.size() + 3 * pairs.size() + 12) * sum_.size();
    return proved_ = sum_.distance(*space_);
}

double VoteCell::along(Id id) const {
    return along_known_ ? along_[id] : kernels().dot(row(id), sum_.direction().data(), normal_.size());
}

void VoteCell::prepare_along() {
    if (along_known_) return;
    weighed_ = proved_pairs_;
    weigh(proved_multipliers_, sum_.scale());
    along_known_ = sum_products(along_);
}

double VoteCell::pair_length(Pair pair) const {
    const PreparedSet& t = *training_;
    const std::size_t d = t.dimension();
    const double error =
        t.twice_mapped_norm_error(t.extent(position(pair.entering)), t.extent(position(pair.beaten))) + 0x1p-480;
    if (t.threat().norm() != Norm::two) {
        const double *a = row(pair.entering), *b = row(pair.beaten);
        std::vector<double> difference(d);
        double largest = 0.0;
        for (std::size_t j = 0; j < d; ++j) {
            difference[j] = a[j] - b[j];
            largest = std::max(largest, std::fabs(difference[j]));
        }
        const double rounded = largest * static_cast<double>(d) * rounding::unit;
        return up(space_->dual_norm(difference) + t.threat().dual_factor() * (error + rounded));
    }
    const double squares = kernels().squared_distance(row(pair.entering), row(pair.beaten), d);
    return up(std::sqrt(squares) * (1.0 + gamma(d + 6)) + error);
}

double VoteCell::product(Id x, Id y) const { return kernels().dot(row(x), row(y), normal_.size()); }

void VoteCell::products(Id x, Id first, std::span<double> out) const {
    for (std::size_t j = 0; j < out.size(); ++j) out[j] = product(first + static_cast<Id>(j), x);
}

// Adds t times the pair to the inequality that was proved: (gap + t offset) / ‖direction + t normal‖, at the
// best t. Derivation: docs/vote_search.md.
auto VoteCell::prove_with(Pair pair, double along_entering, double along_beaten, double pair_length) const -> Raised {
    const Point &near = points_[pair.entering], &far = points_[pair.beaten];
    const HalfSpace added{near.half_lower - far.half_upper, pair_length};
    const double alone = added.distance();
    const Raised without = alone > proved_ ? Raised{alone, 0.0, 1.0} : Raised{proved_, 1.0, 0.0};
    // the inner products below are those of the 2-norm without a box
    if (!space_->threat().euclidean()) return without;
    if (!(sum_.gap() > 0.0) || !(sum_.longest() < infinity) || !(pair_length < infinity)) return without;
    const double error = up(near.row_error + far.row_error);
    // what rounding can hide in the inner product of direction and normal
    const double slack = up(sum_.direction_error() * pair_length + sum_.longest() * error +
                            inner_error_ * (near.row_norm + far.row_norm));
    const HalfSpacePair both({sum_.gap(), sum_.longest()}, added, along_entering - along_beaten + slack);
    return both.bound > without.bound ? Raised{both.bound, 1.0, std::ldexp(both.weight, sum_.scale())} : without;
}

}  // namespace robust_metric
