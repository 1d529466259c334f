#include "search/polish.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/rounding.hpp"

namespace robust_metric {

namespace {

// halvings of a segment: more than float64 has bits, for witnesses that lie near the query
constexpr int bisections = 64;

// binary places that are kept, counted from the largest coordinate, and decimal places
constexpr std::array<int, 5> binary_places{46, 38, 30, 22, 14};
constexpr std::array<int, 5> decimal_places{14, 11, 8, 5, 3};

// floats to either side of each coordinate that are combined, by the number of coordinates; in more than these, single
// coordinates are moved by one, as long as there are no more than so many
constexpr std::array<int, 4> combined{4, 2, 1, 1};
constexpr std::size_t most_coordinates = 64;

// other-class points that a witness which is to survive rounding is moved to, and halvings of the last part of the way
constexpr std::size_t most_targets = 64;
constexpr int refinements = 8;

}  // namespace

void shrink_witness(Witness& witness, const Deadline& deadline, std::span<const double> start) {
    if (!(witness.length() < rounding::infinity)) return;
    const std::vector<double> whole(witness.step().begin(), witness.step().end());
    std::vector<double> step(whole.size());
    double inside = 1.0, outside = 0.0;
    for (int round = 0; round < bisections && !deadline.passed(); ++round) {
        const double middle = 0.5 * (inside + outside);
        if (middle == inside || middle == outside) return;
        for (std::size_t j = 0; j < step.size(); ++j) {
            const double from = start.empty() ? 0.0 : start[j];
            step[j] = from + middle * (whole[j] - from);
        }
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

bool try_floats_around(Witness& witness, const double* query, std::span<const double> step,
                       std::span<const std::size_t> free) {
    std::vector<double> moved(step.begin(), step.end());
    std::vector<int> floats(free.size(), 0);
    bool changed = false;
    const auto attempt = [&] {
        for (std::size_t i = 0; i < free.size(); ++i) {
            const std::size_t j = free[i];
            double to = query[j] + step[j];
            const double end = floats[i] > 0 ? rounding::infinity : -rounding::infinity;
            for (int n = std::abs(floats[i]); n > 0; --n) to = std::nextafter(to, end);
            moved[j] = floats[i] == 0 ? step[j] : to - query[j];
        }
        changed = witness.try_step(moved) || changed;
    };
    if (free.size() <= combined.size()) {
        const int most = free.empty() ? 0 : combined[free.size() - 1];
        std::fill(floats.begin(), floats.end(), -most);
        for (std::size_t i = 0; i < free.size();) {
            attempt();
            for (i = 0; i < free.size() && ++floats[i] > most; ++i) floats[i] = -most;
        }
        return changed;
    }
    attempt();
    for (const int side : {-1, 1}) {
        std::fill(floats.begin(), floats.end(), side);
        attempt();
        std::fill(floats.begin(), floats.end(), 0);
        for (std::size_t i = 0; i < free.size() && free.size() <= most_coordinates; ++i) {
            floats[i] = side;
            attempt();
            floats[i] = 0;
        }
    }
    return changed;
}

bool survive_towards(Witness& witness, const double* query, std::span<const double> from, const double* target) {
    std::vector<double> step(from.size());
    const auto attempt = [&](double share) {
        for (std::size_t j = 0; j < step.size(); ++j) step[j] = from[j] + share * ((target[j] - query[j]) - from[j]);
        return witness.try_step(step);
    };
    double outside = 0.0, inside = 0x1p-30;
    while (!attempt(inside)) {
        if (inside == 1.0) return false;
        outside = inside;
        inside *= 2.0;
    }
    for (int round = 0; round < refinements; ++round) {
        const double middle = 0.5 * (inside + outside);
        (attempt(middle) ? inside : outside) = middle;
    }
    return true;
}

void survive_anywhere(Witness& witness, const PreparedSet& training, const Query& query, std::span<const double> from) {
    Embedding scratch;
    std::vector<std::pair<double, std::size_t>> others;
    for (std::size_t i = 0; i < training.size(); ++i)
        if (witness.accepts(training.label(i)) && !training.shadowed(i))
            others.emplace_back(training.distance(*query.embedding, i, scratch), i);
    const std::size_t count = std::min(most_targets, others.size());
    std::partial_sort(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(count), others.end());
    std::vector<double> stored(training.dimension());
    for (std::size_t i = 0; i < count; ++i)
        if (survive_towards(witness, query.point, from, training.points().row(others[i].second, stored.data()))) return;
}

}  // namespace robust_metric
