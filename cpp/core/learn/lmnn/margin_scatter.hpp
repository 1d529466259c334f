// Scatters that the gradient of large-margin nearest neighbours is made of: sums of (x − t)(x − t)ᵀ over anchors x and
// their targets t, and how the sum over the triplets that count changes when some start or cease to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

struct MarginProblem {
    MatrixView points;                      // n × d; near their mean, or digits are lost
    std::span<const std::int32_t> labels;   // n; equal ones side by side are searched fastest
    std::span<const std::int64_t> anchors;  // rows of points
    std::span<const std::int64_t> targets;  // anchors × n_targets rows of points; negative where there is none
    std::size_t n_targets;
    double pull_weight;  // μ
};

// d × d
std::vector<double> scatter_of_targets(const MarginProblem& problem, const Execution& execution);

// What triplets that start (+1) or cease (−1) to count add to their scatter
//   (x − t)(x − t)ᵀ − (x − l)(x − l)ᵀ = ttᵀ − llᵀ + x(l − t)ᵀ + (l − t)xᵀ:
// integer weights of squares, and for every anchor a sum of points.
class ScatterChanges {
public:
    explicit ScatterChanges(const MarginProblem& problem);

    // To be called before others, which take a thread below this number, and an anchor from one thread only.
    void prepare(int threads);
    void add_target(std::size_t a, std::size_t t, std::int64_t count, int thread);
    void add_impostor(std::size_t a, std::size_t l, std::int64_t count, int thread) { add(a, l, -count, thread); }

    // The same in parts: Σ x_l − x_t of an anchor, and the weight of a point's square.
    double* sum(std::size_t a);
    void add_weight(std::size_t i, std::int64_t count) { weights_[0][i] += count; }

    // Adds the changes to the scatter, d × d, and forgets them; returns how many triplets more there are.
    std::int64_t fold(const Execution& execution, MutableMatrixView scatter);

private:
    std::size_t d() const { return problem_.points.cols(); }
    void add(std::size_t a, std::size_t i, std::int64_t weight, int thread);
    void fold_anchor(std::size_t a, const Execution& execution);
    void fold_square(std::size_t i, const Execution& execution);
    void append(std::size_t i, const double* factor, const Execution& execution);
    void flush(const Execution& execution);

    MarginProblem problem_;
    std::vector<double> sums_;  // anchors × d, zero where not touched
    std::vector<char> touched_;
    std::vector<std::vector<std::int64_t>> weights_;  // of each thread, n: integers, so their order is free
    std::vector<std::int64_t> active_;                // of each thread
    std::vector<double> left_, right_, product_, scaled_;
};

}  // namespace robust_metric
