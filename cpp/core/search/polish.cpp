#include "search/polish.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/rounding.hpp"

namespace robust_metric {

namespace {

// halvings of a segment: more than float64 has bits, for witnesses that lie near the query
constexpr int bisections = 64;

// binary places that are kept, counted from the largest coordinate, and decimal places
constexpr std::array<int, 5> binary_places{46, 38, 30, 22, 14};
constexpr std::array<int, 5> decimal_places{14, 11, 8, 5, 3};

}  // namespace

void shrink_witness(Witness& witness) {
    if (!(witness.length() < rounding::infinity)) return;
    const std::vector<double> whole(witness.step().begin(), witness.step().end());
    std::vector<double> step(whole.size());
    double inside = 1.0, outside = 0.0;
    for (int round = 0; round < bisections; ++round) {
        const double middle = 0.5 * (inside + outside);
        if (middle == inside || middle == outside) return;
        for (std::size_t j = 0; j < step.size(); ++j) step[j] = middle * whole[j];
        (witness.try_step(step) ? inside : outside) = middle;
    }
}

bool try_rounded(Witness& witness, const double* query, std::span<const double> step) {
    std::vector<double> rounded(step.size());
    bool changed = false;
    const auto attempt = [&](auto round) {
        for (std::size_t j = 0; j < step.size(); ++j)
            rounded[j] = step[j] == 0.0 ? 0.0 : round(query[j] + step[j]) - query[j];
        changed = witness.try_step(rounded) || changed;
    };
    double largest = 0.0;
    for (std::size_t j = 0; j < step.size(); ++j)
        largest = std::max({largest, std::fabs(query[j] + step[j]), std::fabs(step[j])});
    if (!(largest > 0.0 && largest < rounding::infinity)) return false;
    for (const int places : binary_places) {
        const int shift = places - std::ilogb(largest);
        attempt([&](double x) { return std::ldexp(std::nearbyint(std::ldexp(x, shift)), -shift); });
    }
    for (const int places : decimal_places) {
        const double power = std::pow(10.0, places);
        if (largest * power > 0x1p52 || largest * power < 1.0) continue;
        attempt([&](double x) { return std::nearbyint(x * power) / power; });
    }
    return changed;
}

}  // namespace robust_metric
