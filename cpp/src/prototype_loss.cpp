#include "robust_metric/prototype_loss.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "robust_metric/blas.hpp"
#include "robust_metric/kernels.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t block_size = 128;  // points that go through one set of matrix products: fixed, for equal bits
constexpr std::size_t max_lanes = 16;    // partial gradients in L: bounds memory, fixes the summation order
constexpr std::size_t rows_per_chunk = 8;
constexpr double work_per_thread = 1e7;  // multiplications and additions that make another thread worth waking
constexpr double infinity = std::numeric_limits<double>::infinity();

// ‖a − b‖ below this share of ‖a‖ + ‖b‖ is what rounding leaves of 0.
constexpr double degenerate_share = 1e-12;

std::size_t as_index(std::int64_t i) { return static_cast<std::size_t>(i); }

// Sums in eight fixed lanes, so that the compiler may use SIMD without changing the order of addition.
double absolute_sum(const double* a, const double* b, std::size_t n) {
    double lanes[8] = {};
    std::size_t j = 0;
    for (; j + 8 <= n; j += 8)
        for (std::size_t l = 0; l < 8; ++l) lanes[l] += std::fabs(a[j + l] - b[j + l]);
    double sum = 0.0;
    for (; j < n; ++j) sum += std::fabs(a[j] - b[j]);
    for (const double lane : lanes) sum += lane;
    return sum;
}

double absolute_maximum(const double* a, const double* b, std::size_t n) {
    double lanes[8] = {};
    std::size_t j = 0;
    for (; j + 8 <= n; j += 8)
        for (std::size_t l = 0; l < 8; ++l) {
            const double size = std::fabs(a[j + l] - b[j + l]);
            lanes[l] = lanes[l] < size ? size : lanes[l];
        }
    double largest = 0.0;
    for (; j < n; ++j) largest = std::max(largest, std::fabs(a[j] - b[j]));
    for (const double lane : lanes) largest = std::max(largest, lane);
    return largest;
}

double norm_of_difference(DualNorm q, const double* a, const double* b, std::size_t n) {
    if (q == DualNorm::one) return absolute_sum(a, b, n);
    if (q == DualNorm::infinity) return absolute_maximum(a, b, n);
    return std::sqrt(kernels().squared_distance(a, b, n));
}

// The pair that decides a point's bound. A point without one, or whose loss is flat, has no slope.
struct Decision {
    std::size_t own = 0, other = 0;
    double bound = 0.0, denominator = 1.0, slope = 0.0;
};

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

// The prototypes as the metric sees them, and the rows of a batch.
class Problem {
public:
    Problem(const LabelledPoints& batch, const LabelledPoints& prototypes, MatrixView components,
            const PrototypeLossOptions& options)
        : batch_(batch), prototypes_(prototypes), components_(components), options_(options) {}

    std::size_t d() const { return batch_.points.cols(); }
    std::size_t r() const { return euclidean() ? d() : components_.rows(); }
    bool euclidean() const { return components_.rows() == 0; }
    const LabelledPoints& batch() const { return batch_; }
    const LabelledPoints& prototypes() const { return prototypes_; }
    MatrixView components() const { return components_; }
    const PrototypeLossOptions& options() const { return options_; }
    // L z of a batch's point, L x of a prototype, W⁻¹ M x of a prototype
    const double* mapped(std::size_t i) const { return mapped_view().row(i); }
    const double* embedded(std::size_t j) const { return embedded_view().row(j); }
    const double* normal(std::size_t j) const { return normals_.data() + j * d(); }
    double normal_size(std::size_t j) const { return normal_sizes_[j]; }
    double embedded_square(std::size_t j) const { return embedded_squares_[j]; }
    MatrixView mapped_view() const {
        return euclidean() ? batch_.points : MatrixView{mapped_.data(), batch_.points.rows(), r()};
    }
    MatrixView embedded_view() const {
        return euclidean() ? prototypes_.points : MatrixView{embedded_.data(), prototypes_.points.rows(), r()};
    }

    void prepare(const Execution& execution) {
        const std::size_t n = prototypes_.points.rows(), m = batch_.points.rows();
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

    // out = ∂‖W⁻¹ s‖_q / ∂s at s = M (own − other)
    void direction(const Decision& at, double* out) const {
        const double *a = normal(at.own), *b = normal(at.other);
        std::size_t largest = 0;
        for (std::size_t j = 0; j < d(); ++j) {
            const double s = a[j] - b[j];
            out[j] = options_.dual_norm == DualNorm::two ? s / at.denominator : (s > 0.0) - (s < 0.0);
            if (std::fabs(s) > std::fabs(a[largest] - b[largest])) largest = j;
        }
        if (options_.dual_norm == DualNorm::infinity)
            for (std::size_t j = 0; j < d(); ++j) out[j] = j == largest ? out[j] : 0.0;
        if (!options_.inverse_cost.empty())
            for (std::size_t j = 0; j < d(); ++j) out[j] *= options_.inverse_cost[j];
    }

private:
    void prepare_prototypes(std::size_t first, std::size_t last) {
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
            double* normal = normals_.data() + i * d();
            if (!options_.inverse_cost.empty())
                for (std::size_t j = 0; j < d(); ++j) normal[j] *= options_.inverse_cost[j];
            normal_sizes_[i] = norm_of_difference(options_.dual_norm, normal, zero.data(), d());
            embedded_squares_[i] = kernels().dot(embedded(i), embedded(i), r());
        }
    }

    LabelledPoints batch_, prototypes_;
    MatrixView components_;
    PrototypeLossOptions options_;
    std::vector<double> embedded_, mapped_, normals_, normal_sizes_, embedded_squares_;
};

// Finds the deciding pairs of a block of points; one per chunk, so that its buffers are reused.
class PairFinder {
public:
    explicit PairFinder(const Problem& problem) : problem_(problem) {}

    void run(std::size_t first, std::size_t last, std::vector<Decision>& decisions) {
        const std::size_t n = problem_.prototypes().points.rows();
        products_.resize((last - first) * n);
        blas::gemm_nt(-2.0, problem_.mapped_view().slice(first, last), problem_.embedded_view(), 0.0,
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
        decision.denominator = denominator(decision.own, decision.other);
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
            c.value = kernels().squared_distance(problem_.mapped(i), problem_.embedded(c.index), problem_.r());
        std::sort(side.begin(), side.end(), smaller_first);
    }

    double denominator(std::size_t a, std::size_t b) const {
        return norm_of_difference(problem_.options().dual_norm, problem_.normal(a), problem_.normal(b), problem_.d());
    }

    // The own_rank-th largest bound against one prototype of another class, and which own candidate has it.
    Candidate ranked_own(const Candidate& other) {
        row_.clear();
        for (std::size_t o = 0; o < own_.size(); ++o) {
            const double length = denominator(own_[o].index, other.index);
            const double scale = problem_.normal_size(own_[o].index) + problem_.normal_size(other.index);
            const bool half_space = length > degenerate_share * scale;
            row_.push_back({half_space ? (other.value - own_[o].value) / (2.0 * length) : -infinity, o});
        }
        const auto nth =
            row_.begin() + static_cast<std::ptrdiff_t>(std::min(problem_.options().own_rank, row_.size() - 1));
        std::nth_element(row_.begin(), nth, row_.end(), larger_first);
        return *nth;
    }

    const Problem& problem_;
    std::vector<double> products_;
    std::vector<Candidate> own_, other_, row_, column_;
};

// Gradient in the prototypes: row by row, each summed over the points that it decides in their order.
class PrototypesGradient {
public:
    PrototypesGradient(const Problem& problem, const std::vector<Decision>& decisions)
        : problem_(problem), decisions_(decisions), users_(problem.prototypes().points.rows()) {
        for (std::size_t i = 0; i < decisions.size(); ++i) {
            if (decisions[i].slope == 0.0) continue;
            users_[decisions[i].own].push_back(i);
            users_[decisions[i].other].push_back(i);
        }
    }

    std::vector<double> run(const Execution& execution) const {
        const std::size_t n = users_.size(), d = problem_.d(), r = problem_.r();
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

    const Problem& problem_;
    const std::vector<Decision>& decisions_;
    std::vector<std::vector<std::size_t>> users_;
};

// Gradient in L of a contiguous share of the points, block by block: with p = z − x⁻, q = z − x⁺, w = x⁺ − x⁻,
// (a Lp + b Lh) pᵀ − (a Lq + b Lh) qᵀ + (b Lw) hᵀ, a = g / D and b = −a ε. Buffers hold p above q.
class ComponentsLane {
public:
    ComponentsLane(const Problem& problem, const std::vector<Decision>& decisions)
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
        const MatrixView prototypes = problem_.prototypes().points;
        subtract(problem_.batch().points.row(i), prototypes.row(at.other), problem_.d(), difference_.data(), t);
        subtract(problem_.batch().points.row(i), prototypes.row(at.own), problem_.d(), difference_.data(), count + t);
        subtract(problem_.mapped(i), problem_.embedded(at.other), problem_.r(), embedded_.data(), t);
        subtract(problem_.mapped(i), problem_.embedded(at.own), problem_.r(), embedded_.data(), count + t);
        subtract(problem_.embedded(at.own), problem_.embedded(at.other), problem_.r(), embedded_w_.data(), t);
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

    const Problem& problem_;
    const std::vector<Decision>& decisions_;
    std::vector<double> difference_, direction_, embedded_, embedded_w_, embedded_h_;
};

std::vector<double> components_gradient(const Problem& problem, const std::vector<Decision>& decisions,
                                        const Execution& execution) {
    const std::size_t count = decisions.size(), size = problem.r() * problem.d();
    const std::size_t lanes = std::clamp<std::size_t>(count / (block_size / 2), 1, max_lanes);
    std::vector<double> gradients(lanes * size);
    parallel_for(lanes, 1, execution, [&](std::size_t lane, std::size_t, int) {
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
        const auto own = as_index(std::count(prototype_labels.begin(), prototype_labels.end(), label));
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
    Problem problem(batch, prototypes, components, options);
    problem.prepare(execution);
    std::vector<Decision> decisions(count);
    parallel_for(count, block_size, execution, [&](std::size_t first, std::size_t last, int) {
        PairFinder(problem).run(first, last, decisions);
    });
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
