#include "search/single/cell.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

// own-class points looked at first, sorted by distance
constexpr std::size_t near_count = 128;

// a violation below this share of ‖normal‖ ‖δ‖ is rounding
constexpr double violation_tolerance = 1e-12;

// constraints added while the norm stays where it is, before the projection counts as found
constexpr std::size_t most_stalled = 8;

}  // namespace

void SingleCell::start(const Query& query, int label) {
    const PreparedSet& t = *training_;
    query_ = &query;
    const std::vector<double>& mapped = query.embedding->mapped_row();
    squared_norm_ = query.embedding->far == 0 ? kernels().dot(mapped.data(), mapped.data(), mapped.size()) : 0.0;
    own_order_.assign(t.members(label).begin(), t.members(label).end());
    const std::size_t near = std::min(near_count, own_order_.size());
    std::partial_sort(own_order_.begin(), own_order_.begin() + static_cast<std::ptrdiff_t>(near), own_order_.end(),
                      [values = query.mapped.values](std::size_t a, std::size_t b) { return values[a] < values[b]; });
    distances_.assign(t.size(), std::numeric_limits<double>::quiet_NaN());
    normal_.resize(t.dimension());
}

auto SingleCell::project(std::size_t other, double cutoff, const Deadline& deadline) -> Projection {
    qp_.reset();
    bool complete = true;
    double previous = -1.0;
    for (std::size_t stalled = 0;;) {
        complete = !deadline.passed();
        if (!complete || !add_most_violated(other)) break;
        const double norm = qp_.norm();
        // rounding alone keeps it going once the norm has stopped to grow, and may let it fall, and circle
        stalled = norm > previous * (1.0 + 1e-15) ? 0 : stalled + 1;
        if (stalled > most_stalled) break;
        previous = std::max(previous, norm);
        complete = !(norm > cutoff * (1.0 + 1e-6));
        if (!complete) break;
    }
    return {other,
            {qp_.solution().begin(), qp_.solution().end()},
            {qp_.active().begin(), qp_.active().end()},
            {qp_.multipliers().begin(), qp_.multipliers().end()},
            qp_.norm(),
            complete};
}

// False where there is none, or where it contradicts the others.
bool SingleCell::add_most_violated(std::size_t other) {
    const std::size_t own = most_violated(other, qp_.solution());
    if (own == none) return false;
    const double* far = training_->twice_mapped_row(other, other_scratch_);
    const double* near = training_->twice_mapped_row(own, own_scratch_);
    for (std::size_t j = 0; j < normal_.size(); ++j) normal_[j] = far[j] - near[j];
    return qp_.add(normal_.data(), 0.5 * (distance(other) - distance(own)), own);
}

double SingleCell::distance(std::size_t position) {
    double& known = distances_[position];
    if (std::isnan(known)) known = training_->distance(*query_->embedding, position, own_scratch_);
    return known;
}

// Half of what z + δ is nearer to x than to the query's image, up to a number that is the same for all x: larger is
// nearer.
double SingleCell::nearness(std::size_t x, std::span<const double> perturbation, double at_query) {
    const double half = 0.5 * distance(x);
    const double* row = training_->twice_mapped_row(x, own_scratch_);
    return kernels().dot(row, perturbation.data(), perturbation.size()) - at_query - half;
}

// The own-class point nearest to z + δ, where it is nearer than `other` by more than rounding explains. The filter's
// rows tell the few that may be, float64 decides.
std::size_t SingleCell::most_violated(std::size_t other, std::span<const double> perturbation) {
    const Kernels& k = kernels();
    const std::size_t d = perturbation.size();
    const double norm = std::sqrt(k.dot(perturbation.data(), perturbation.data(), d));
    const double at_query = k.dot(query_->embedding->twice_mapped_row().data(), perturbation.data(), d);
    const double threshold = nearness(other, perturbation, at_query);
    const double least = list_near(perturbation, norm, at_query, threshold);
    double largest = threshold;
    std::size_t best = none;
    for (const auto& [own, upper] : near_) {
        if (upper < least) continue;
        const double value = nearness(own, perturbation, at_query);
        if (value > largest || (value == largest && best != none && own < best)) {
            largest = value;
            best = own;
        }
    }
    if (best == none) return none;
    return largest - threshold > tolerance(other, best, norm) || norm == 0.0 ? best : none;
}

// Fills near_ with the own-class points that may be nearer than threshold and than each other; returns what the
// nearest is at least.
double SingleCell::list_near(std::span<const double> perturbation, double norm, double at_query, double threshold) {
    const Kernels& k = kernels();
    const FilterRows& rows = training_->twice_mapped();
    const double shift = at_query + 0.5 * squared_norm_;  // between the filter's relative values and nearness
    double least = threshold;
    near_.clear();
    for (const std::size_t own : own_order_) {
        const Interval relative = bounds_->relative_distance(own);
        if (bounds_->length(own) * norm - 0.5 * (relative.lower + squared_norm_) < least) continue;
        const double along = k.dot_mixed(rows.row(own), perturbation.data(), perturbation.size());
        const double slack = rows.error(own) * norm + 1e-12 * (std::fabs(along) + std::fabs(shift));
        const double upper = along - 0.5 * relative.lower - shift + slack;
        if (upper < least) continue;
        near_.push_back({own, upper});
        least = std::max(least, along - 0.5 * relative.upper - shift - slack);
    }
    return least;
}

// What rounding may make of nearness.
double SingleCell::tolerance(std::size_t other, std::size_t own, double norm) {
    const PreparedSet& t = *training_;
    const Embedding& z = *query_->embedding;
    const auto length = [&](std::size_t x) {
        const double* row = t.twice_mapped_row(x, own_scratch_);
        return std::sqrt(kernels().squared_distance(z.twice_mapped_row().data(), row, t.dimension()));
    };
    return violation_tolerance * (length(other) + length(own)) * norm + t.comparison_error(z, other, own);
}

HalfspaceSum::Point SingleCell::point(std::size_t position, Embedding& scratch) {
    const PreparedSet& t = *training_;
    const double computed = distance(position), extent = t.extent(position);
    const double* row = t.twice_mapped_row(position, scratch);
    return {row, std::sqrt(kernels().dot(row, row, t.dimension())), extent,
            half(t.distance_interval(*query_->embedding, position, computed))};
}

double SingleCell::lower(const Projection& projection) {
    sum_.start(projection.multipliers);
    const HalfspaceSum::Point entering = point(projection.other, other_scratch_);
    for (std::size_t i = 0; i < projection.own.size(); ++i)
        sum_.add(projection.multipliers[i], entering, point(projection.own[i], own_scratch_));
    sum_.finish();
    return sum_.distance(bounds_->refined_bounds().space());
}

}  // namespace robust_metric
