#include "search/vote/cell_proof.hpp"

#include <cmath>

#include "base/kernels.hpp"
#include "base/rounding.hpp"
#include "geometry/half_space_pair.hpp"

namespace robust_metric {

using rounding::gamma;
using rounding::infinity;
using rounding::up;

double CellProof::prove(std::span<const Pair> pairs, std::span<const double> multipliers) {
    along_known_ = false;
    pairs_.assign(pairs.begin(), pairs.end());
    multipliers_.assign(multipliers.begin(), multipliers.end());
    sum_.start(multipliers);
    for (std::size_t i = 0; i < pairs.size(); ++i)
        sum_.add(multipliers[i], points_->summand(pairs[i].entering), points_->summand(pairs[i].beaten));
    sum_.finish();
    inner_error_ = gamma(points_->dimension() + 3 * pairs.size() + 12) * sum_.size();
    return proved_ = sum_.distance(*space_);
}

double CellProof::along(Id id) const {
    if (along_known_ && id < along_.size()) return along_[id];
    return kernels().dot(points_->row(id), sum_.direction().data(), points_->dimension());
}

void CellProof::prepare_along() {
    if (along_known_) return;
    products_->weigh(pairs_, multipliers_, sum_.scale());
    along_known_ = products_->sum(along_);
}

// Adds t times the pair to the inequality that was proved: (gap + t offset) / ‖direction + t normal‖, at the
// best t. Derivation: docs/vote_search.md.
auto CellProof::prove_with(Pair pair, double along_entering, double along_beaten, double pair_length) const -> Raised {
    const CellPoints::Point &near = (*points_)[pair.entering], &far = (*points_)[pair.beaten];
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
