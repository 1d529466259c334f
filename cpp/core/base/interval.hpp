// A number that is known up to an interval.
#pragma once

#include <algorithm>

namespace robust_metric {

struct Interval {
    double lower, upper;

    // whether the two have no number in common, and this one's are the smaller
    bool below(Interval b) const { return upper < b.lower; }
};

// What both know of one number.
inline Interval intersection(Interval a, Interval b) {
    return {std::max(a.lower, b.lower), std::min(a.upper, b.upper)};
}

// Of a - b; each end is rounded to nearest, which the caller's bounds have room for.
inline Interval difference(Interval a, Interval b) { return {a.lower - b.upper, a.upper - b.lower}; }

// Of a / 2; exact unless it underflows.
inline Interval half(Interval a) { return {0.5 * a.lower, 0.5 * a.upper}; }

}  // namespace robust_metric
