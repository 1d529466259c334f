// Two half-spaces n·δ >= gap together, from a lower bound of each gap and an upper bound of each ‖n‖.
// Derivation: docs/vote_search.md.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/rounding.hpp"

namespace robust_metric {

struct HalfSpace {
    double gap, length;

    // lower bound of how far it is
    double distance() const { return gap > 0.0 ? rounding::down(gap / length) : 0.0; }
};

// Lower bound of how far their intersection is, by (gap + t gap') / ‖n + t n'‖ at the best t > 0, the weight of the
// second; inner: an upper bound of n·n'. Both are 0 where one of the two alone bounds it as well.
struct HalfSpacePair {
    double bound = 0.0, weight = 0.0;

    HalfSpacePair(const HalfSpace& a, const HalfSpace& b, double inner) {
        const double numerator = b.gap * a.length * a.length - a.gap * inner;
        const double denominator = a.gap * b.length * b.length - b.gap * inner;
        if (!(numerator > 0.0) || !(denominator > 0.0)) return;
        weight = numerator / denominator;
        // both sums may have cancelled; their terms bound the rounding
        const double top = a.gap + weight * b.gap, top_terms = std::fabs(a.gap) + weight * std::fabs(b.gap);
        const double squares = a.length * a.length + weight * (2.0 * inner + weight * b.length * b.length);
        const double terms = a.length * a.length + weight * (2.0 * std::fabs(inner) + weight * b.length * b.length);
        const double lower = top - rounding::gamma(4) * top_terms;
        const double upper = rounding::up(std::max(squares + rounding::gamma(12) * terms, 0.0));
        if (lower > 0.0) bound = rounding::down(lower / rounding::up(std::sqrt(upper)));
    }
};

}  // namespace robust_metric
