#include "learn/prototypes/pairs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "learn/dual_norm.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t block_size = 128;  // rows that go through one matrix product: fixed, for equal bits
constexpr double infinity = std::numeric_limits<double>::infinity();

// ‖a − b‖ below this share of ‖a‖ + ‖b‖ is what rounding leaves of 0.
constexpr double degenerate_share = 1e-12;

struct Candidate {
    double value;
    std::size_t index;
};

bool smaller_first(const Candidate& a, const Candidate& b) {
    return a.value != b.value ? a.value < b.value : a.index < b.index;
}

bool larger_first(const Candidate& a, const Candidate& b) {
    return a.value != b.value ? a.value > b.value : a.index < b.index;
}

void keep_smallest(std::vector<Candidate>& candidates, std::size_t count) {
    count = std::min(count, candidates.size());
    const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(count);
    std::partial_sort(candidates.begin(), end, candidates.end(), smaller_first);
    candidates.resize(count);
}

// Finds the deciding pairs of a block of points; one per chunk, so that its buffers are reused.
class PairFinder {
public:
    explicit PairFinder(const PrototypeProblem& problem) : problem_(problem) {}

    void run(std::size_t first, std::size_t last, std::vector<Decision>& decisions) {
        const std::size_t n = problem_.prototypes().points.rows();
        products_.resize((last - first) * n);
        blas::gemm_nt(-2.0, problem_.mapped().slice(first, last), problem_.embedded(), 0.0,
                      {products_.data(), last - first, n});
        for (std::size_t i = first; i < last; ++i) decisions[i] = decide(i, products_.data() + (i - first) * n);
    }

private:
    Decision decide(std::size_t i, const double* products) {
        collect(problem_.batch().labels[i], products);
        measure(i, own_);
        measure(i, other_);
        column_.clear();
        for (std::size_t o = 0; o < other_.size(); ++o) {
            const Candidate best = ranked_own(other_[o]);
            if (best.value > -infinity) column_.push_back({best.value, o * own_.size() + best.index});
        }
        Decision decision;
        if (column_.empty()) return decision;
        const auto nth =
            column_.begin() + static_cast<std::ptrdiff_t>(std::min(problem_.options().other_rank, column_.size() - 1));
        std::nth_element(column_.begin(), nth, column_.end(), smaller_first);
        decision.own = own_[nth->index % own_.size()].index;
        decision.other = other_[nth->index / own_.size()].index;
        decision.bound = nth->value;
        decision.denominator = problem_.denominator(decision.own, decision.other);
        decision.slope = loss_of_bound(problem_.options().loss, decision.bound).slope;
        return decision;
    }

    // The nearest prototypes of the class, and of the others, by products as good as rounding leaves them.
    void collect(std::int32_t label, const double* products) {
        own_.clear();
        other_.clear();
        const auto labels = problem_.prototypes().labels;
        for (std::size_t j = 0; j < labels.size(); ++j)
            (labels[j] == label ? own_ : other_).push_back({problem_.embedded_square(j) + products[j], j});
        keep_smallest(own_, problem_.options().own_candidates);
        keep_smallest(other_, problem_.options().other_candidates);
    }

    // Their squared distances without cancellation.
    void measure(std::size_t i, std::vector<Candidate>& side) const {
        for (Candidate& c : side)
            c.value =
                kernels().squared_distance(problem_.mapped().row(i), problem_.embedded().row(c.index), problem_.r());
        std::sort(side.begin(), side.end(), smaller_first);
    }

    // The own_rank-th largest bound against one prototype of another class, and which own candidate has it.
    Candidate ranked_own(const Candidate& other) {
        row_.clear();
        for (std::size_t o = 0; o < own_.size(); ++o) {
            const double length = problem_.denominator(own_[o].index, other.index);
            row_.push_back({length > 0.0 ? (other.value - own_[o].value) / (2.0 * length) : -infinity, o});
        }
        const auto nth =
            row_.begin() + static_cast<std::ptrdiff_t>(std::min(problem_.options().own_rank, row_.size() - 1));
        std::nth_element(row_.begin(), nth, row_.end(), larger_first);
        return *nth;
    }

    const PrototypeProblem& problem_;
    std::vector<double> products_;
    std::vector<Candidate> own_, other_, row_, column_;
};

}  // namespace

PrototypeProblem::PrototypeProblem(const LabelledPoints& batch, const LabelledPoints& prototypes, MatrixView components,
                                   const PrototypeLossOptions& options, const Execution& all)
    : batch_(batch), prototypes_(prototypes), components_(components), options_(options) {
    const std::size_t n = prototypes_.points.rows(), m = batch_.points.rows();
    const Execution execution = for_work(all, static_cast<double>(euclidean() ? n * d() : (2 * n + m) * d() * r()));
    normals_.resize(n * d());
    normal_sizes_.resize(n);
    embedded_squares_.resize(n);
    if (!euclidean()) {
        embedded_.resize(n * r());
        mapped_.resize(m * r());
    }
    parallel_for(n, block_size, execution,
                 [&](std::size_t first, std::size_t last, int) { prepare_prototypes(first, last); });
    if (euclidean()) return;
    parallel_for(m, block_size, execution, [&](std::size_t first, std::size_t last, int) {
        blas::gemm_nt(1.0, batch_.points.slice(first, last), components_, 0.0,
                      {mapped_.data() + first * r(), last - first, r()});
    });
}

void PrototypeProblem::prepare_prototypes(std::size_t first, std::size_t last) {
    const MatrixView rows = prototypes_.points.slice(first, last);
    const MutableMatrixView normals{normals_.data() + first * d(), last - first, d()};
    if (euclidean()) {
        for (std::size_t i = 0; i < rows.rows(); ++i) std::copy_n(rows.row(i), d(), normals.row(i));
    } else {
        const MutableMatrixView embedded{embedded_.data() + first * r(), last - first, r()};
        blas::gemm_nt(1.0, rows, components_, 0.0, embedded);
        blas::gemm_nn(1.0, embedded, components_, 0.0, normals);
    }
    const std::vector<double> zero(d());
    for (std::size_t i = first; i < last; ++i) {
        const double* image = this->embedded().row(i);
        double* normal = normals_.data() + i * d();
        if (!options_.inverse_cost.empty())
            for (std::size_t j = 0; j < d(); ++j) normal[j] *= options_.inverse_cost[j];
        normal_sizes_[i] = norm_of_difference(normal, zero.data());
        embedded_squares_[i] = kernels().dot(image, image, r());
    }
}

double PrototypeProblem::norm_of_difference(const double* a, const double* b) const {
    return dual_length(options_.dual_norm, a, b, d());
}

double PrototypeProblem::denominator(std::size_t a, std::size_t b) const {
    const double length = norm_of_difference(normal(a), normal(b));
    return length > degenerate_share * (normal_sizes_[a] + normal_sizes_[b]) ? length : 0.0;
}

void PrototypeProblem::direction(const Decision& at, double* out) const {
    const double *a = normal(at.own), *b = normal(at.other);
    for (std::size_t j = 0; j < d(); ++j) out[j] = a[j] - b[j];
    to_dual_gradient(options_.dual_norm, at.denominator, out, d());
    if (!options_.inverse_cost.empty())
        for (std::size_t j = 0; j < d(); ++j) out[j] *= options_.inverse_cost[j];
}

std::vector<Decision> deciding_prototypes(const PrototypeProblem& problem, const Execution& execution) {
    std::vector<Decision> decisions(problem.batch().points.rows());
    const std::size_t work = decisions.size() * problem.prototypes().points.rows() * problem.r();
    parallel_for(decisions.size(), block_size, for_work(execution, static_cast<double>(work)),
                 [&](std::size_t first, std::size_t last, int) { PairFinder(problem).run(first, last, decisions); });
    return decisions;
}

}  // namespace robust_metric
