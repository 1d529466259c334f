// What prototype_loss works on: prototypes and a batch as the metric sees them, and the pair of prototypes that decides
// each point's bound.
#pragma once

#include <cstddef>
#include <vector>

#include "learn/prototypes/loss.hpp"

namespace robust_metric {

// The pair that decides a point's bound. A point without one, or whose loss is flat, has no slope.
struct Decision {
    std::size_t own = 0, other = 0;
    double bound = 0.0, denominator = 1.0, slope = 0.0;
};

// Refers to the arrays it is made from.
class PrototypeProblem {
public:
    PrototypeProblem(const LabelledPoints& batch, const LabelledPoints& prototypes, MatrixView components,
                     const PrototypeLossOptions& options, const Execution& all);

    std::size_t d() const { return batch_.points.cols(); }
    std::size_t r() const { return euclidean() ? d() : components_.rows(); }
    bool euclidean() const { return components_.rows() == 0; }
    const LabelledPoints& batch() const { return batch_; }
    const LabelledPoints& prototypes() const { return prototypes_; }
    MatrixView components() const { return components_; }
    const PrototypeLossOptions& options() const { return options_; }
    // L z of the batch's points, L x of the prototypes
    MatrixView mapped() const {
        return euclidean() ? batch_.points : MatrixView{mapped_.data(), batch_.points.rows(), r()};
    }
    MatrixView embedded() const {
        return euclidean() ? prototypes_.points : MatrixView{embedded_.data(), prototypes_.points.rows(), r()};
    }
    double embedded_square(std::size_t j) const { return embedded_squares_[j]; }
    // ‖W⁻¹ M (x_a − x_b)‖_q, 0 where rounding leaves nothing else of it
    double denominator(std::size_t a, std::size_t b) const;
    // out = ∂‖W⁻¹ s‖_q / ∂s at s = M (own − other)
    void direction(const Decision& at, double* out) const;

private:
    void prepare_prototypes(std::size_t first, std::size_t last);
    double norm_of_difference(const double* a, const double* b) const;
    const double* normal(std::size_t j) const { return normals_.data() + j * d(); }

    LabelledPoints batch_, prototypes_;
    MatrixView components_;
    PrototypeLossOptions options_;
    std::vector<double> embedded_, mapped_, embedded_squares_;
    std::vector<double> normals_, normal_sizes_;  // W⁻¹ M x of the prototypes and its q-norm
};

// One decision for each point of the batch.
std::vector<Decision> deciding_prototypes(const PrototypeProblem& problem, const Execution& execution);

}  // namespace robust_metric
