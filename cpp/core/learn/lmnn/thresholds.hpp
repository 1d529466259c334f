// How near points of other classes must be to anchors to count as impostors, and how far that has moved.
#pragma once

#include <cstddef>
#include <vector>

#include "base/parallel.hpp"
#include "learn/lmnn/images.hpp"
#include "learn/lmnn/margin_scatter.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

class Thresholds {
public:
    explicit Thresholds(const MarginProblem& problem);

    // The squared distances of the targets plus the margin.
    void measure(const Images& images, const Execution& execution);
    // From here on `path` is measured.
    void mark();

    std::size_t anchors() const { return problem_.anchors.size(); }
    std::size_t targets() const { return problem_.n_targets; }
    // squared; -∞ where there is no target
    double operator()(std::size_t a, std::size_t j) const { return squares_[a * targets() + j]; }
    MatrixView view() const { return {squares_.data(), anchors(), targets()}; }
    // the largest threshold of an anchor, as a distance
    double reach(std::size_t a) const { return reach_[a]; }
    bool finite() const;
    // the way since the mark of the root that moved most, step by step
    double path(std::size_t a) const { return paths_[a]; }

private:
    double measure_anchor(const Images& images, std::size_t a);

    MarginProblem problem_;
    std::vector<double> squares_, roots_;  // anchors × targets
    std::vector<double> reach_, paths_;    // of anchors
};

}  // namespace robust_metric
