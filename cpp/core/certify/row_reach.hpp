// How far from a query the rows can be that a certified radius may still depend on: docs/halfspace_bounds.md.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "base/interval.hpp"
#include "base/rounding.hpp"
#include "certify/halfspace_bounds.hpp"
#include "data/prepared_set.hpp"

namespace robust_metric {

class RowReach {
public:
    explicit RowReach(const PreparedSet& training) : norm_(training.metric().operator_norm()) {}

    // nearest_own: as many own-class points as may have to be beaten, those nearest to the query
    template <class Point>
    void start(std::span<const Point> nearest_own, const Interval& squared_norm) {
        double farthest = -rounding::infinity;
        for (const Point& p : nearest_own) farthest = std::max<double>(farthest, p.upper());
        squared_norm_ = squared_norm;
        own_length_ = rounding::up(std::sqrt(rounding::up(std::max(farthest + squared_norm.upper, 0.0))));
    }

    // What S is at most for a row with R_v at most this radius for some v.
    double limit(double radius) const {
        const double within = radius * (1.0 + HalfspaceBounds::margin);
        const double length = rounding::up(own_length_ + 2.0 * norm_ * within);
        return rounding::up(length * length) - squared_norm_.lower;
    }

private:
    double norm_;  // of the map, an upper bound
    Interval squared_norm_{};
    double own_length_ = 0.0;  // ‖L(z - x)‖ of the farthest of those points, an upper bound
};

}  // namespace robust_metric
