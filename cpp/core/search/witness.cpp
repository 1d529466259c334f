#include "search/witness.hpp"

#include <algorithm>
#include <cmath>

#include "base/double_double.hpp"
#include "base/rounding.hpp"
#include "search/witness_rounding.hpp"

namespace robust_metric {

using rounding::infinity;
using rounding::up;

void Witness::start(const Query& query, int label, std::size_t k, int wanted) {
    query_ = &query;
    label_ = label;
    wanted_ = wanted;
    k_ = k;
    scaled_length_ = length_ = infinity;
    adversarial_label_ = -1;
    step_.assign(training_->dimension(), 0.0);
    nearest_ = {};
    rounding_ = {};
}

std::vector<double> Witness::require(const WitnessRounding& to) {
    const std::vector<double> known = step_;
    start(*query_, label_, k_, wanted_);
    rounding_ = to;
    return known;
}

bool Witness::try_step(std::span<const double> step) {
    place(step);
    const double length = length_of(point_);
    if (!(length < infinity)) return false;
    double cost = cost_of(point_, length);
    const int found = answer(point_, length);
    if (!accepts(found) || !survives(found, cost)) return false;
    if (cost < scaled_length_) {
        const double* z = query_->point;
        scaled_length_ = cost;
        length_ = training_->unscale_up(cost, query_->embedding->far);
        adversarial_label_ = found;
        // the way to the point that was tried, where adding it leads there: its own length is at most the cost as well
        for (std::size_t j = 0; j < step_.size(); ++j) {
            const double way = point_[j] - z[j];
            step_[j] = z[j] + way == point_[j] ? way : confined_[j];
        }
    }
    return true;
}

// The point that is tried, and in confined_ the step that leads to it.
void Witness::place(std::span<const double> step) {
    const Threat& threat = training_->threat();
    const double* z = query_->point;
    confined_.assign(step.begin(), step.end());
    const std::span<const double> start(z, step.size());
    threat.confine(start, confined_);
    if (rounding_.kind != WitnessRounding::Kind::none) {
        for (std::size_t j = 0; j < confined_.size(); ++j)
            confined_[j] = rounded_within(rounding_, z[j] + confined_[j], threat.lower(j), threat.upper(j)) - z[j];
        threat.confine(start, confined_);
    }
    point_.resize(confined_.size());
    for (std::size_t j = 0; j < confined_.size(); ++j) point_[j] = z[j] + confined_[j];
}

// scaled ‖point - query‖₂, rounded up
double Witness::length_of(std::span<const double> point) const {
    const int exponent = training_->exponent(*query_->embedding);
    double squares = 0.0;
    for (std::size_t j = 0; j < point.size(); ++j) {
        // what was really added, to double-double accuracy
        const double added = std::ldexp(two_sum(point[j], -query_->point[j]).hi, -exponent);
        squares += added * added;
    }
    return up(std::sqrt(up(squares * (1.0 + rounding::gamma(point.size() + 6)))));
}

double Witness::cost_of(std::span<const double> point, double length) const {
    const Threat& threat = training_->threat();
    return threat.euclidean() && !threat.weighted() ? length : space_->cost_upper(query_->point, point.data());
}

int Witness::answer(std::span<const double> point, double length) {
    nearest_ = neighbors_.nearest_around(*query_, point.data(), length, k_);
    return neighbors_.vote(nearest_);
}

// Whether the class found stays where all coordinates are rounded, those that are frozen among them; cost is then at
// least that of the others.
bool Witness::survives(int found, double& cost) {
    if (rounding_.kind == WitnessRounding::Kind::none) return true;
    rounded_.resize(point_.size());
    for (std::size_t j = 0; j < point_.size(); ++j) rounded_[j] = rounded(rounding_, point_[j]);
    if (rounded_ == point_) return true;
    const double length = length_of(rounded_);
    if (!(length < infinity) || answer(rounded_, length) != found) return false;
    for (std::size_t j = 0; j < point_.size(); ++j)
        if (training_->threat().is_frozen(j)) rounded_[j] = point_[j];
    cost = std::max(cost, cost_of(rounded_, length_of(rounded_)));
    return true;
}

}  // namespace robust_metric
