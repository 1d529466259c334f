#include "learn/arml/triplet_loss.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "learn/dual_norm.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t block_size = 128;  // triplets whose normals go through one set of matrix products
constexpr std::size_t slab_size = 2048;  // triplets whose factors are kept at a time: bounds memory
constexpr std::size_t band_size = 64;    // rows of the gradient that are summed together

// ‖LᵀLw‖ below this share of ‖L‖² ‖w‖ is rounding noise around 0 and gives no direction.
template <class Real>
constexpr double degenerate_share = sizeof(Real) == sizeof(double) ? 1e-10 : 1e-5;

// Multiplications and additions that make another thread worth waking: a quarter of a millisecond's worth.
constexpr double work_per_thread = 5e6;

template <class Real>
double squared_norm(BasicMatrixView<const Real> matrix) {
    double sum = 0.0;
    for (std::size_t i = 0; i < matrix.rows(); ++i) sum += dot(matrix.row(i), matrix.row(i), matrix.cols());
    return sum;
}

template <class Real>
BasicMatrixView<const Real> columns(BasicMatrixView<Real> matrix, std::size_t first, std::size_t last) {
    return {matrix.data() + first, matrix.rows(), last - first, matrix.stride()};
}

// The gradient is the sum over triplets of L (c wᵀ + w cᵀ), with w = x⁺ − x⁻ and a factor c of each triplet. Sections
// run in parallel over blocks of triplets (w and c) and over bands of the gradient's rows (the sum), both of fixed
// sizes, so that bits do not depend on the number of threads.
template <class Real>
class Gradient {
public:
    using View = BasicMatrixView<const Real>;
    using MutableView = BasicMatrixView<Real>;

    Gradient(View points, View components, const Triplets& triplets, const BoundLossOptions& options, Norm dual_norm,
             const Execution& execution)
        : points_(points),
          components_(components),
          triplets_(triplets),
          options_(options),
          dual_norm_(dual_norm),
          weight_(1.0 / static_cast<double>(size())),
          degenerate_(degenerate_share<Real> * squared_norm(components)),
          slab_(std::min(slab_size, size())),
          by_metric_(2 * d() * (size() + r()) < 5 * size() * r()),
          execution_{threads(execution.num_threads), execution.keep_going, execution.executor, execution.gemms},
          w_(slab_ * d()),
          c_(slab_ * d()),
          metric_(by_metric_ ? d() * d() : 0),
          sum_(metric_.size()),
          embedded_w_(by_metric_ ? 0 : slab_ * r()),
          embedded_c_(embedded_w_.size()),
          losses_(size()) {
        result_.bounds.resize(size());
        gradient_.resize(r() * d());
    }

    TripletLoss run() {
        if (by_metric_)
            in_bands(d(), [&](std::size_t first, std::size_t last) {
                const View band(components_.data() + first, r(), last - first, components_.stride());
                blas::gemm_tn(one, band, components_, zero, rows(metric_, first, last));
            });
        for (std::size_t start = 0; start < size(); start += slab_) {
            const std::size_t count = std::min(slab_, size() - start);
            parallel_for(count, block_size, execution_,
                         [&](std::size_t first, std::size_t last, int) { load(start, first, last); });
            accumulate(count);
        }
        if (by_metric_) multiply_sum();
        for (const double loss : losses_) result_.loss += weight_ * loss;
        result_.gradient.assign(gradient_.begin(), gradient_.end());
        return std::move(result_);
    }

private:
    std::size_t d() const { return components_.cols(); }
    std::size_t r() const { return components_.rows(); }
    std::size_t size() const { return triplets_.anchor.size(); }
    const Real* point(std::int64_t i) const { return points_.row(static_cast<std::size_t>(i)); }

    int threads(int most) const {
        const double by_metric = 2.0 * static_cast<double>(d() * d()) * static_cast<double>(size() + r());
        const double work = by_metric_ ? by_metric : 5.0 * static_cast<double>(r() * d()) * static_cast<double>(size());
        return static_cast<int>(
            std::clamp(2.0 * work / work_per_thread, 1.0, std::max(1.0, static_cast<double>(most))));
    }

    template <class Body>
    void in_bands(std::size_t count, Body body) {
        parallel_for(count, band_size, execution_,
                     [&](std::size_t first, std::size_t last, int) { body(first, last); });
    }

    MutableView rows(std::vector<Real>& matrix, std::size_t first, std::size_t last) const {
        return {matrix.data() + first * d(), last - first, d()};
    }
    MutableView embedded_rows(std::vector<Real>& matrix, std::size_t first, std::size_t last) const {
        return {matrix.data() + first * r(), last - first, r()};
    }

    // Rows [first, last) of w_ and c_, from the triplets that follow start.
    void load(std::size_t start, std::size_t first, std::size_t last) {
        const MutableView w = rows(w_, first, last), c = rows(c_, first, last);
        std::vector<Real> normals((last - first) * d());
        const MutableView s(normals.data(), last - first, d());
        for (std::size_t t = first; t < last; ++t) gather(start + t, w_.data() + t * d(), c_.data() + t * d());
        if (by_metric_) {
            blas::gemm_nn(one, w, View(metric_.data(), d(), d()), zero, s);
        } else {
            const MutableView embedded = embedded_rows(embedded_w_, first, last);
            blas::gemm_nt(one, w, components_, zero, embedded);
            blas::gemm_nn(one, embedded, components_, zero, s);
        }
        const std::vector<Real> origin(d());
        for (std::size_t i = 0; i < last - first; ++i) weigh(start + first + i, w.row(i), s.row(i), c.row(i), origin);
        if (!by_metric_) blas::gemm_nt(one, c, components_, zero, embedded_rows(embedded_c_, first, last));
    }

    // w = x⁺ − x⁻, and into v the sum of p = x − x⁻ and q = x − x⁺.
    void gather(std::size_t t, Real* w, Real* v) const {
        const Real* x = point(triplets_.anchor[t]);
        const Real* near = point(triplets_.near[t]);
        const Real* far = point(triplets_.far[t]);
        for (std::size_t j = 0; j < d(); ++j) {
            w[j] = near[j] - far[j];
            v[j] = (x[j] - far[j]) + (x[j] - near[j]);
        }
    }

    // Notes the bound and the loss of triplet t; its factor c replaces v. s = LᵀLw is overwritten.
    void weigh(std::size_t t, const Real* w, Real* s, Real* v, const std::vector<Real>& origin) {
        const double length = dual_length(dual_norm_, s, origin.data(), d());
        const double norm_w = std::sqrt(static_cast<double>(dot(w, w, d())));
        if (length <= degenerate_ * norm_w) {
            losses_[t] = loss_of_bound(options_, 0.0).value;
            std::fill_n(v, d(), zero);
            return;
        }
        const double bound = dot(v, s, d()) / (2.0 * length);  // ‖Lp‖² − ‖Lq‖² = v · s
        const LossValue value = loss_of_bound(options_, bound);
        result_.bounds[t] = bound;
        losses_[t] = value.value;
        const double a = weight_ * value.slope / length;
        to_dual_gradient(dual_norm_, length, s, d());
        for (std::size_t j = 0; j < d(); ++j) v[j] = static_cast<Real>(0.5 * a * v[j] - a * bound * s[j]);
    }

    // Adds Σ c wᵀ to sum_, or with fewer rows Σ (Lc wᵀ + Lw cᵀ) to the gradient.
    void accumulate(std::size_t count) {
        const MutableView w = rows(w_, 0, count), c = rows(c_, 0, count);
        if (by_metric_)
            return in_bands(d(), [&](std::size_t first, std::size_t last) {
                blas::gemm_tn(one, columns(c, first, last), w, one, rows(sum_, first, last));
            });
        const MutableView lw = embedded_rows(embedded_w_, 0, count), lc = embedded_rows(embedded_c_, 0, count);
        in_bands(r(), [&](std::size_t first, std::size_t last) {
            const MutableView band = rows(gradient_, first, last);
            blas::gemm_tn(one, columns(lc, first, last), w, one, band);
            blas::gemm_tn(one, columns(lw, first, last), c, one, band);
        });
    }

    // The gradient is L times the sum and its transpose.
    void multiply_sum() {
        in_bands(d(), [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i)
                for (std::size_t j = 0; j <= i; ++j) {
                    const Real both = sum_[i * d() + j] + sum_[j * d() + i];
                    sum_[i * d() + j] = sum_[j * d() + i] = both;
                }
        });
        in_bands(r(), [&](std::size_t first, std::size_t last) {
            blas::gemm_nn(one, components_.slice(first, last), View(sum_.data(), d(), d()), zero,
                          rows(gradient_, first, last));
        });
    }

    static constexpr Real one = 1, zero = 0;

    View points_, components_;
    Triplets triplets_;
    BoundLossOptions options_;
    Norm dual_norm_;
    double weight_, degenerate_;
    std::size_t slab_;
    bool by_metric_;  // through M = LᵀL and a d × d sum: fewer multiplications unless r is much smaller than d
    Execution execution_;
    std::vector<Real> w_, c_, metric_, sum_, embedded_w_, embedded_c_;
    std::vector<double> losses_;
    std::vector<Real> gradient_;
    TripletLoss result_;
};

template <class Real>
void check(BasicMatrixView<const Real> points, BasicMatrixView<const Real> components, const Triplets& triplets) {
    if (components.cols() != points.cols())
        throw std::invalid_argument("components must have as many columns as points, " + std::to_string(points.cols()) +
                                    ", got " + std::to_string(components.cols()));
    const std::size_t count = triplets.anchor.size();
    if (count == 0) throw std::invalid_argument("triplets must not be empty");
    if (triplets.near.size() != count || triplets.far.size() != count)
        throw std::invalid_argument("anchor, near and far must be of one length, got " + std::to_string(count) + ", " +
                                    std::to_string(triplets.near.size()) + " and " +
                                    std::to_string(triplets.far.size()));
    for (const auto indices : {triplets.anchor, triplets.near, triplets.far})
        for (const std::int64_t i : indices)
            if (i < 0 || static_cast<std::size_t>(i) >= points.rows())
                throw std::invalid_argument("triplets must hold rows of the " + std::to_string(points.rows()) +
                                            " points, got " + std::to_string(i));
}

template <class Real>
TripletLoss loss_and_gradient(BasicMatrixView<const Real> points, BasicMatrixView<const Real> components,
                              const Triplets& triplets, const BoundLossOptions& options, const Execution& execution,
                              Norm dual_norm) {
    check(points, components, triplets);
    return Gradient<Real>(points, components, triplets, options, dual_norm, execution).run();
}

}  // namespace

TripletLoss triplet_loss(MatrixView points, MatrixView components, const Triplets& triplets,
                         const BoundLossOptions& options, const Execution& execution, Norm dual_norm) {
    return loss_and_gradient(points, components, triplets, options, execution, dual_norm);
}

TripletLoss triplet_loss(FloatMatrixView points, FloatMatrixView components, const Triplets& triplets,
                         const BoundLossOptions& options, const Execution& execution, Norm dual_norm) {
    return loss_and_gradient(points, components, triplets, options, execution, dual_norm);
}

}  // namespace robust_metric
