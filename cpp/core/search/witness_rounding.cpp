#include "search/witness_rounding.hpp"

#include <cmath>
#include <cstdlib>

#include "base/rounding.hpp"

namespace robust_metric {

namespace {

// the number next to x, towards a direction, among those that rounding leaves as they are
double next(const WitnessRounding& to, double x, double direction) {
    if (to.kind == WitnessRounding::Kind::float32)
        return std::nextafter(static_cast<float>(x), static_cast<float>(direction));
    return rounded(to, x + std::copysign(std::pow(10.0, -to.decimals), direction - x));
}

}  // namespace

double rounded(const WitnessRounding& to, double x) {
    if (to.kind == WitnessRounding::Kind::none) return x;
    if (to.kind == WitnessRounding::Kind::float32) return static_cast<float>(x);
    const double power = std::pow(10.0, std::abs(to.decimals));
    return to.decimals < 0 ? std::nearbyint(x / power) * power : std::nearbyint(x * power) / power;
}

double rounded_within(const WitnessRounding& to, double x, double lower, double upper) {
    double value = rounded(to, x);
    if (value > upper) value = next(to, value, -rounding::infinity);
    if (value < lower) value = next(to, value, rounding::infinity);
    return value;
}

}  // namespace robust_metric
