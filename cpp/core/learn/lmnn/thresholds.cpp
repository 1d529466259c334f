#include "learn/lmnn/thresholds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/kernels.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t anchor_chunk = 64;  // for threads

}  // namespace

Thresholds::Thresholds(const MarginProblem& problem)
    : problem_(problem),
      squares_(problem.targets.size(), -std::numeric_limits<double>::infinity()),
      roots_(problem.targets.size()),
      reach_(anchors()),
      paths_(anchors()) {}

void Thresholds::measure(const Images& images, const Execution& execution) {
    const auto work = static_cast<double>(anchors() * targets() * images.components());
    parallel_for(anchors(), anchor_chunk, for_work(execution, work), [&](std::size_t first, std::size_t last, int) {
        for (std::size_t a = first; a < last; ++a) paths_[a] += measure_anchor(images, a);
    });
}

// Returns how far the root that moved most has moved.
double Thresholds::measure_anchor(const Images& images, std::size_t a) {
    const double* anchor = images[static_cast<std::size_t>(problem_.anchors[a])];
    double moved = 0.0;
    reach_[a] = 0.0;
    for (std::size_t i = a * targets(); i < (a + 1) * targets(); ++i) {
        if (problem_.targets[i] < 0) continue;
        const double* target = images[static_cast<std::size_t>(problem_.targets[i])];
        squares_[i] = 1.0 + kernels().squared_distance(anchor, target, images.components());
        const double root = std::sqrt(squares_[i]);
        moved = std::max(moved, std::abs(root - roots_[i]));
        roots_[i] = root;
        reach_[a] = std::max(reach_[a], root);
    }
    return moved;
}

void Thresholds::mark() { std::fill(paths_.begin(), paths_.end(), 0.0); }

bool Thresholds::finite() const {
    return std::all_of(reach_.begin(), reach_.end(), [](double reach) { return std::isfinite(reach); });
}

}  // namespace robust_metric
