#include "learn/prototypes/loss.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "base/blas.hpp"
#include "learn/prototypes/pairs.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t block_size = 128;  // points that go through one set of matrix products: fixed, for equal bits
constexpr std::size_t max_lanes = 16;    // partial gradients in L: bounds memory, fixes the summation order
constexpr std::size_t rows_per_chunk = 8;

// Gradient in the prototypes: row by row, each summed over the points that it decides in their order.
class PrototypesGradient {
public:
    PrototypesGradient(const PrototypeProblem& problem, const std::vector<Decision>& decisions)
        : problem_(problem), decisions_(decisions), users_(problem.prototypes().points.rows()) {
        for (std::size_t i = 0; i < decisions.size(); ++i) {
            if (decisions[i].slope == 0.0) continue;
            users_[decisions[i].own].push_back(i);
            users_[decisions[i].other].push_back(i);
        }
    }

    std::vector<double> run(const Execution& all) const {
        const std::size_t n = users_.size(), d = problem_.d(), r = problem_.r();
        const std::size_t products = problem_.euclidean() ? 0 : 2 * n * d * r;
        const Execution execution = for_work(all, static_cast<double>(4 * decisions_.size() * d + products));
        std::vector<double> gradient(n * d), mapped(problem_.euclidean() ? 0 : n * r);
        parallel_for(n, rows_per_chunk, execution, [&](std::size_t first, std::size_t last, int) {
            std::vector<double> direction(d);
            for (std::size_t j = first; j < last; ++j) add_row(j, direction, gradient.data() + j * d);
        });
        if (problem_.euclidean()) return gradient;
        parallel_for(n, block_size, execution, [&](std::size_t first, std::size_t last, int) {
            const MutableMatrixView rows{gradient.data() + first * d, last - first, d};
            const MutableMatrixView image{mapped.data() + first * r, last - first, r};
            blas::gemm_nt(1.0, rows, problem_.components(), 0.0, image);
            blas::gemm_nn(1.0, image, problem_.components(), 0.0, rows);
        });
        return gradient;
    }

private:
    // out += ± g ((z − x) − ε h) / D over the points: M times it is the gradient.
    void add_row(std::size_t j, std::vector<double>& direction, double* out) const {
        const double* x = problem_.prototypes().points.row(j);
        const double weight = 1.0 / static_cast<double>(decisions_.size());
        for (const std::size_t i : users_[j]) {
            const Decision& at = decisions_[i];
            const double* z = problem_.batch().points.row(i);
            const double factor = (at.own == j ? weight : -weight) * at.slope / at.denominator;
            problem_.direction(at, direction.data());
            for (std::size_t c = 0; c < direction.size(); ++c)
                out[c] += factor * ((z[c] - x[c]) - at.bound * direction[c]);
        }
    }

    const PrototypeProblem& problem_;
    const std::vector<Decision>& decisions_;
    std::vector<std::vector<std::size_t>> users_;
};

// Gradient in L of a contiguous share of the points, block by block: with p = z − x⁻, q = z − x⁺, w = x⁺ − x⁻,
// (a Lp + b Lh) pᵀ − (a Lq + b Lh) qᵀ + (b Lw) hᵀ, a = g / D and b = −a ε. Buffers hold p above q.
class ComponentsLane {
public:
    ComponentsLane(const PrototypeProblem& problem, const std::vector<Decision>& decisions)
        : problem_(problem),
          decisions_(decisions),
          difference_(2 * block_size * problem.d()),
          direction_(block_size * problem.d()),
          embedded_(2 * block_size * problem.r()),
          embedded_w_(block_size * problem.r()),
          embedded_h_(block_size * problem.r()) {}

    void run(std::size_t first, std::size_t last, MutableMatrixView gradient) {
        const std::size_t d = problem_.d(), r = problem_.r();
        for (std::size_t start = first; start < last; start += block_size) {
            const std::size_t count = std::min(block_size, last - start);
            for (std::size_t t = 0; t < count; ++t) gather(start + t, t, count);
            blas::gemm_nt(1.0, {direction_.data(), count, d}, problem_.components(), 0.0,
                          {embedded_h_.data(), count, r});
            for (std::size_t t = 0; t < count; ++t) weigh(decisions_[start + t], t, count);
            blas::gemm_tn(1.0, {embedded_.data(), 2 * count, r}, {difference_.data(), 2 * count, d}, 1.0, gradient);
            blas::gemm_tn(1.0, {embedded_w_.data(), count, r}, {direction_.data(), count, d}, 1.0, gradient);
        }
    }

private:
    void gather(std::size_t i, std::size_t t, std::size_t count) {
        const Decision& at = decisions_[i];
        const MatrixView prototypes = problem_.prototypes().points, embedded = problem_.embedded();
        subtract(problem_.batch().points.row(i), prototypes.row(at.other), problem_.d(), difference_.data(), t);
        subtract(problem_.batch().points.row(i), prototypes.row(at.own), problem_.d(), difference_.data(), count + t);
        subtract(problem_.mapped().row(i), embedded.row(at.other), problem_.r(), embedded_.data(), t);
        subtract(problem_.mapped().row(i), embedded.row(at.own), problem_.r(), embedded_.data(), count + t);
        subtract(embedded.row(at.own), embedded.row(at.other), problem_.r(), embedded_w_.data(), t);
        problem_.direction(at, direction_.data() + t * problem_.d());
    }

    static void subtract(const double* a, const double* b, std::size_t size, double* rows, std::size_t t) {
        for (std::size_t j = 0; j < size; ++j) rows[t * size + j] = a[j] - b[j];
    }

    void weigh(const Decision& at, std::size_t t, std::size_t count) {
        const std::size_t r = problem_.r();
        const double a = at.slope / (at.denominator * static_cast<double>(decisions_.size()));
        const double b = -a * at.bound;
        double *lp = embedded_.data() + t * r, *lq = embedded_.data() + (count + t) * r;
        double* lw = embedded_w_.data() + t * r;
        const double* lh = embedded_h_.data() + t * r;
        for (std::size_t j = 0; j < r; ++j) {
            lp[j] = a * lp[j] + b * lh[j];
            lq[j] = -(a * lq[j] + b * lh[j]);
            lw[j] *= b;
        }
    }

    const PrototypeProblem& problem_;
    const std::vector<Decision>& decisions_;
    std::vector<double> difference_, direction_, embedded_, embedded_w_, embedded_h_;
};

std::vector<double> components_gradient(const PrototypeProblem& problem, const std::vector<Decision>& decisions,
                                        const Execution& execution) {
    const std::size_t count = decisions.size(), size = problem.r() * problem.d();
    const std::size_t lanes = std::clamp<std::size_t>(count / (block_size / 2), 1, max_lanes);
    std::vector<double> gradients(lanes * size);
    parallel_for(lanes, 1, for_work(execution, static_cast<double>(4 * count * size)),
                 [&](std::size_t lane, std::size_t, int) {
                     ComponentsLane(problem, decisions)
                         .run(count * lane / lanes, count * (lane + 1) / lanes,
                              {gradients.data() + lane * size, problem.r(), problem.d()});
                 });
    for (std::size_t lane = 1; lane < lanes; ++lane)
        for (std::size_t i = 0; i < size; ++i) gradients[i] += gradients[lane * size + i];
    gradients.resize(size);
    return gradients;
}

void check_sizes(const LabelledPoints& batch, const LabelledPoints& prototypes, MatrixView components,
                 const PrototypeLossOptions& options) {
    const std::size_t d = batch.points.cols();
    const auto wrong = [d](const char* name, std::size_t got) {
        throw std::invalid_argument(std::string(name) + " must have as many columns as points, " + std::to_string(d) +
                                    ", got " + std::to_string(got));
    };
    if (prototypes.points.cols() != d) wrong("prototypes", prototypes.points.cols());
    if (components.rows() > 0 && components.cols() != d) wrong("components", components.cols());
    if (!options.inverse_cost.empty() && options.inverse_cost.size() != d)
        wrong("inverse_cost", options.inverse_cost.size());
    if (batch.labels.size() != batch.points.rows() || prototypes.labels.size() != prototypes.points.rows())
        throw std::invalid_argument("labels must have one entry for each point");
    if (batch.labels.empty()) throw std::invalid_argument("points must not be empty");
    if (options.own_candidates == 0 || options.other_candidates == 0)
        throw std::invalid_argument("own_candidates and other_candidates must be at least 1, got 0");
    if (options.with_components_gradient && components.rows() == 0)
        throw std::invalid_argument("components must be given where their gradient is asked for");
}

void check_classes(const LabelledPoints& batch, std::span<const std::int32_t> prototype_labels) {
    for (const std::int32_t label : batch.labels) {
        const auto own = static_cast<std::size_t>(std::count(prototype_labels.begin(), prototype_labels.end(), label));
        if (own == 0 || own == prototype_labels.size())
            throw std::invalid_argument("prototypes must be of class " + std::to_string(label) +
                                        " and of another, got " + std::to_string(own) + " of it among " +
                                        std::to_string(prototype_labels.size()));
    }
}

}  // namespace

PrototypeLoss prototype_loss(const LabelledPoints& batch, const LabelledPoints& prototypes, MatrixView components,
                             const PrototypeLossOptions& options, const Execution& execution) {
    check_sizes(batch, prototypes, components, options);
    check_classes(batch, prototypes.labels);
    const std::size_t count = batch.points.rows();
    const PrototypeProblem problem(batch, prototypes, components, options, execution);
    const std::vector<Decision> decisions = deciding_prototypes(problem, execution);
    PrototypeLoss result;
    for (const Decision& decision : decisions) {
        result.loss += loss_of_bound(options.loss, decision.bound).value / static_cast<double>(count);
        result.bounds.push_back(decision.bound);
    }
    result.prototypes_gradient = PrototypesGradient(problem, decisions).run(execution);
    if (options.with_components_gradient)
        result.components_gradient = components_gradient(problem, decisions, execution);
    return result;
}

}  // namespace robust_metric
