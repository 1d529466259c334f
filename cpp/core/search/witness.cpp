#include "search/witness.hpp"

#include <algorithm>
#include <cmath>

#include "base/double_double.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

using rounding::infinity;
using rounding::up;

void Witness::start(const Query& query, int label, std::size_t k) {
    query_ = &query;
    label_ = label;
    k_ = k;
    scaled_length_ = length_ = infinity;
    adversarial_label_ = -1;
    step_.assign(training_->dimension(), 0.0);
    nearest_ = {};
}

bool Witness::try_step(std::span<const double> step) {
    const PreparedSet& t = *training_;
    const std::size_t d = t.dimension();
    const double* z = query_->point;
    point_.resize(d);
    if (t.threat().confined()) {
        confined_.assign(step.begin(), step.end());
        t.threat().confine(z, confined_);
        step = confined_;
    }
    double squares = 0.0;
    for (std::size_t j = 0; j < d; ++j) {
        point_[j] = z[j] + step[j];
        // what was really added, to double-double accuracy
        const double added = std::ldexp(two_sum(point_[j], -z[j]).hi, -t.exponent());
        squares += added * added;
    }
    const double length = up(std::sqrt(up(squares * (1.0 + rounding::gamma(d + 6)))));
    if (!(length < infinity)) return false;
    const double cost =
        t.threat().euclidean() && !t.threat().weighted() ? length : space_->cost_upper(z, point_.data());
    nearest_ = neighbors_.nearest_around(*query_, point_.data(), length, k_);
    const int found = neighbors_.vote(nearest_);
    if (found == label_) return false;
    if (cost < scaled_length_) {
        scaled_length_ = cost;
        length_ = t.unscale_up(cost);
        adversarial_label_ = found;
        step_.assign(step.begin(), step.end());
        // the way to the point that was tried, where adding it leads there: its own length is at most the cost as well
        for (std::size_t j = 0; j < d; ++j)
            if (const double way = point_[j] - z[j]; z[j] + way == point_[j]) step_[j] = way;
    }
    return true;
}

}  // namespace robust_metric
