#include "geometry/cost_space_reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace robust_metric::reference {

namespace {

constexpr Real infinity = std::numeric_limits<Real>::infinity();

Real cap(Real normal, Real below, Real above) { return normal > 0 ? above : below; }

// the largest x in [0, 2^60) with fits(x), which holds up to some x
template <class Fits>
Real bisect(Fits fits) {
    Real low = 0, high = 0x1p60L;
    for (int round = 0; round < 220; ++round) {
        const Real middle = (low + high) / 2;
        (fits(middle) ? low : high) = middle;
    }
    return low;
}

}  // namespace

Real gain(Norm norm, const Vector& normal, const Vector& below, const Vector& above, Real radius) {
    const std::size_t d = normal.size();
    Vector sizes(d), caps(d);
    for (std::size_t j = 0; j < d; ++j) {
        caps[j] = cap(normal[j], below[j], above[j]);
        sizes[j] = std::fabs(normal[j]);
    }
    Real total = 0;
    if (norm == Norm::infinity)
        for (std::size_t j = 0; j < d; ++j) total += sizes[j] * std::min(radius, caps[j]);
    if (norm == Norm::one) {  // the best coordinates first
        std::vector<std::size_t> order(d);
        for (std::size_t j = 0; j < d; ++j) order[j] = j;
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
        for (const std::size_t j : order) {
            const Real spent = std::min(radius, caps[j]);
            total += sizes[j] * spent;
            radius -= spent;
        }
    }
    if (norm == Norm::two) {  // δ = price · normal, cut off at the box
        const auto step = [&](std::size_t j, Real price) { return std::min(price * sizes[j], caps[j]); };
        const auto squares = [&](Real price) {
            Real sum = 0;
            for (std::size_t j = 0; j < d; ++j) sum += step(j, price) * step(j, price);
            return sum;
        };
        const Real price = bisect([&](Real x) { return squares(x) <= radius * radius; });
        for (std::size_t j = 0; j < d; ++j) total += sizes[j] * step(j, price);
    }
    return total;
}

Real halfspace_distance(Norm norm, const Vector& normal, Real offset, const Vector& below, const Vector& above) {
    if (offset <= 0) return 0;
    Real most = 0;
    for (std::size_t j = 0; j < normal.size(); ++j) {
        const Real reach = cap(normal[j], below[j], above[j]);
        if (normal[j] != 0 && reach > 0) most += std::fabs(normal[j]) * reach;
    }
    if (most < offset) return infinity;
    return bisect([&](Real radius) { return gain(norm, normal, below, above, radius) < offset; });
}

}  // namespace robust_metric::reference
