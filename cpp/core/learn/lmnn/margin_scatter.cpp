#include "learn/lmnn/margin_scatter.hpp"

#include <algorithm>
#include <utility>

#include "base/blas.hpp"
#include "base/kernels.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t batch = 1024;        // rows of one product
constexpr std::size_t feature_chunk = 64;  // for threads: the same cut for any number of them

// out += leftᵀ right
void add_product(MatrixView left, MatrixView right, const Execution& execution, MutableMatrixView out) {
    const auto work = static_cast<double>(left.rows() * left.cols() * right.cols());
    parallel_for(left.cols(), feature_chunk, for_work(execution, work), [&](std::size_t first, std::size_t last, int) {
        const MatrixView part(left.data() + first, left.rows(), last - first, left.stride());
        blas::gemm_tn(1.0, part, right, 1.0, out.slice(first, last));
    });
}

}  // namespace

std::vector<double> scatter_of_targets(const MarginProblem& problem, const Execution& execution) {
    const std::size_t d = problem.points.cols();
    std::vector<double> scatter(d * d), differences;
    const auto flush = [&] {
        const MatrixView rows(differences.data(), differences.size() / d, d);
        if (rows.rows() > 0) add_product(rows, rows, execution, {scatter.data(), d, d});
        differences.clear();
    };
    for (std::size_t i = 0; i < problem.targets.size(); ++i) {
        if (problem.targets[i] < 0) continue;
        const double* x = problem.points.row(static_cast<std::size_t>(problem.anchors[i / problem.n_targets]));
        const double* t = problem.points.row(static_cast<std::size_t>(problem.targets[i]));
        for (std::size_t j = 0; j < d; ++j) differences.push_back(x[j] - t[j]);
        if (differences.size() == batch * d) flush();
    }
    flush();
    return scatter;
}

ScatterChanges::ScatterChanges(const MarginProblem& problem)
    : problem_(problem), sums_(problem.anchors.size() * d()), touched_(problem.anchors.size()), product_(d() * d()) {}

void ScatterChanges::prepare(int threads) {
    weights_.resize(static_cast<std::size_t>(threads), std::vector<std::int64_t>(problem_.points.rows()));
    active_.resize(static_cast<std::size_t>(threads));
}

void ScatterChanges::add_target(std::size_t a, std::size_t t, std::int64_t count, int thread) {
    active_[static_cast<std::size_t>(thread)] += count;
    add(a, t, count, thread);
}

double* ScatterChanges::sum(std::size_t a) {
    touched_[a] = 1;
    return sums_.data() + a * d();
}

void ScatterChanges::add(std::size_t a, std::size_t i, std::int64_t weight, int thread) {
    weights_[static_cast<std::size_t>(thread)][i] += weight;
    kernels().axpy(-static_cast<double>(weight), problem_.points.row(i), sum(a), d());
}

std::int64_t ScatterChanges::fold(const Execution& execution, MutableMatrixView scatter) {
    for (std::size_t t = 1; t < weights_.size(); ++t)
        for (std::size_t i = 0; i < weights_[t].size(); ++i) weights_[0][i] += std::exchange(weights_[t][i], 0);
    std::fill(product_.begin(), product_.end(), 0.0);
    for (std::size_t a = 0; a < touched_.size(); ++a)
        if (std::exchange(touched_[a], 0)) fold_anchor(a, execution);
    for (std::size_t i = 0; i < weights_[0].size(); ++i)
        if (weights_[0][i] != 0) fold_square(i, execution);
    flush(execution);
    for (std::size_t i = 0; i < d(); ++i)
        for (std::size_t j = 0; j < d(); ++j) scatter(i, j) += product_[i * d() + j] + product_[j * d() + i];
    std::int64_t more = 0;
    for (std::int64_t& count : active_) more += std::exchange(count, 0);
    return more;
}

// x sᵀ, and half the square of x where it has a weight: the transpose brings the other half.
void ScatterChanges::fold_anchor(std::size_t a, const Execution& execution) {
    const auto anchor = static_cast<std::size_t>(problem_.anchors[a]);
    double* sums = sums_.data() + a * d();
    const double weight = 0.5 * static_cast<double>(std::exchange(weights_[0][anchor], 0));
    kernels().axpy(weight, problem_.points.row(anchor), sums, d());
    append(anchor, sums, execution);
    std::fill_n(sums, d(), 0.0);
}

void ScatterChanges::fold_square(std::size_t i, const Execution& execution) {
    const double weight = 0.5 * static_cast<double>(std::exchange(weights_[0][i], 0));
    scaled_.assign(d(), 0.0);
    kernels().axpy(weight, problem_.points.row(i), scaled_.data(), d());
    append(i, scaled_.data(), execution);
}

void ScatterChanges::append(std::size_t i, const double* factor, const Execution& execution) {
    left_.insert(left_.end(), problem_.points.row(i), problem_.points.row(i) + d());
    right_.insert(right_.end(), factor, factor + d());
    if (left_.size() == batch * d()) flush(execution);
}

void ScatterChanges::flush(const Execution& execution) {
    const std::size_t rows = left_.size() / d();
    if (rows > 0)
        add_product({left_.data(), rows, d()}, {right_.data(), rows, d()}, execution, {product_.data(), d(), d()});
    left_.clear();
    right_.clear();
}

}  // namespace robust_metric
