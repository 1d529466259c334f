#include "learn/lmnn/margin_loss_reference.hpp"

#include <algorithm>
#include <vector>

namespace robust_metric::reference {

namespace {

// Lv
std::vector<double> image(MatrixView components, const std::vector<double>& v) {
    std::vector<double> out(components.rows());
    for (std::size_t i = 0; i < out.size(); ++i)
        for (std::size_t j = 0; j < v.size(); ++j) out[i] += components(i, j) * v[j];
    return out;
}

class Sum {
public:
    Sum(const MarginProblem& problem, MatrixView components, MutableMatrixView gradient)
        : points_(problem.points), components_(components), gradient_(gradient) {}

    double squared_distance(std::size_t a, std::size_t b) const {
        double total = 0.0;
        for (const double x : image(components_, difference(a, b))) total += x * x;
        return total;
    }

    // gradient += weight ∂D(a, b)/∂L = 2 weight L v vᵀ
    void add(double weight, std::size_t a, std::size_t b) {
        const std::vector<double> v = difference(a, b), mapped = image(components_, v);
        for (std::size_t i = 0; i < mapped.size(); ++i)
            for (std::size_t j = 0; j < v.size(); ++j) gradient_(i, j) += 2.0 * weight * mapped[i] * v[j];
    }

private:
    std::vector<double> difference(std::size_t a, std::size_t b) const {
        std::vector<double> v(points_.cols());
        for (std::size_t j = 0; j < v.size(); ++j) v[j] = points_(a, j) - points_(b, j);
        return v;
    }

    MatrixView points_, components_;
    MutableMatrixView gradient_;
};

}  // namespace

double margin_loss(const MarginProblem& problem, MatrixView components, MutableMatrixView gradient) {
    for (std::size_t i = 0; i < gradient.rows(); ++i) std::fill_n(gradient.row(i), gradient.cols(), 0.0);
    Sum sum(problem, components, gradient);
    const double pull = problem.pull_weight, push = 1.0 - pull;
    double value = 0.0;
    for (std::size_t a = 0; a < problem.anchors.size(); ++a)
        for (std::size_t j = 0; j < problem.n_targets; ++j) {
            if (problem.targets[a * problem.n_targets + j] < 0) continue;
            const auto anchor = static_cast<std::size_t>(problem.anchors[a]);
            const auto target = static_cast<std::size_t>(problem.targets[a * problem.n_targets + j]);
            const double near = sum.squared_distance(anchor, target);
            value += pull * near;
            sum.add(pull, anchor, target);
            for (std::size_t l = 0; l < problem.points.rows(); ++l) {
                if (problem.labels[l] == problem.labels[anchor]) continue;
                const double hinge = 1.0 + near - sum.squared_distance(anchor, l);
                if (!(hinge > 0.0)) continue;
                value += push * hinge;
                sum.add(push, anchor, target);
                sum.add(-push, anchor, l);
            }
        }
    return value;
}

}  // namespace robust_metric::reference
