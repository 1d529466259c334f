#include "robust_metric/triplet_loss.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "robust_metric/blas.hpp"
#include "robust_metric/dual_norm.hpp"
#include "robust_metric/kernels.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t block_size = 128;  // triplets that go through one set of matrix products
constexpr std::size_t max_lanes = 16;    // partial gradients: bounds memory, fixes the summation order

// ‖LᵀLw‖ below this share of ‖L‖² ‖w‖ is rounding noise around 0 and gives no direction.
constexpr double degenerate_share = 1e-10;

// Multiplications and additions that make another thread worth waking: half a millisecond's worth.
constexpr double work_per_thread = 1e7;

double squared_norm(const double* x, std::size_t size) { return kernels().dot(x, x, size); }

double squared_norm(MatrixView matrix) {
    double sum = 0.0;
    for (std::size_t i = 0; i < matrix.rows(); ++i) sum += squared_norm(matrix.row(i), matrix.cols());
    return sum;
}

// A contiguous share of the triplets, worked through block by block into one partial gradient. Each
// row of the buffers belongs to one triplet; "difference" holds p = x − x⁻ above q = x − x⁺.
class Lane {
public:
    Lane(MatrixView points, MatrixView components, const Triplets& triplets, const BoundLossOptions& options,
         Norm dual_norm)
        : points_(points),
          components_(components),
          triplets_(triplets),
          options_(options),
          dual_norm_(dual_norm),
          weight_(1.0 / static_cast<double>(triplets.anchor.size())),
          degenerate_(degenerate_share * squared_norm(components)),
          difference_(2 * block_size * d()),
          embedded_(2 * block_size * r()),
          embedded_w_(block_size * r()),
          h_(block_size * d()),
          lengths_(block_size),
          zero_(d()),
          embedded_h_(block_size * r()) {}

    // Adds the loss and gradient of the triplets [first, last); writes their bounds.
    void run(std::size_t first, std::size_t last, std::vector<double>& bounds, double& loss, double* gradient) {
        for (std::size_t start = first; start < last; start += block_size) {
            const std::size_t count = std::min(block_size, last - start);
            gather(start, count);
            project(count);
            for (std::size_t t = 0; t < count; ++t) bounds[start + t] = weigh(t, count, loss);
            accumulate(count, {gradient, r(), d()});
        }
    }

private:
    std::size_t d() const { return components_.cols(); }
    std::size_t r() const { return components_.rows(); }
    const double* point(std::int64_t i) const { return points_.row(static_cast<std::size_t>(i)); }

    void gather(std::size_t start, std::size_t count) {
        for (std::size_t t = 0; t < count; ++t) {
            const double* x = point(triplets_.anchor[start + t]);
            const double* near = point(triplets_.near[start + t]);
            const double* far = point(triplets_.far[start + t]);
            double* p = difference_.data() + t * d();
            double* q = difference_.data() + (count + t) * d();
            for (std::size_t j = 0; j < d(); ++j) {
                p[j] = x[j] - far[j];
                q[j] = x[j] - near[j];
            }
        }
    }

    // Lp, Lq, Lw with w = x⁺ − x⁻ = p − q, the length D of s = LᵀLw, its gradient h in s, and Lh.
    void project(std::size_t count) {
        blas::gemm_nt(1.0, {difference_.data(), 2 * count, d()}, components_, 0.0, {embedded_.data(), 2 * count, r()});
        for (std::size_t i = 0; i < count * r(); ++i) embedded_w_[i] = embedded_[i] - embedded_[count * r() + i];
        blas::gemm_nn(1.0, {embedded_w_.data(), count, r()}, components_, 0.0, {h_.data(), count, d()});
        for (std::size_t t = 0; t < count; ++t) {
            double* s = h_.data() + t * d();
            lengths_[t] = dual_length(dual_norm_, s, zero_.data(), d());
            if (lengths_[t] <= degenerate_ * norm_w(t, count)) lengths_[t] = 0.0;
            if (lengths_[t] > 0.0) to_dual_gradient(dual_norm_, lengths_[t], s, d());
        }
        blas::gemm_nt(1.0, {h_.data(), count, d()}, components_, 0.0, {embedded_h_.data(), count, r()});
    }

    double norm_w(std::size_t t, std::size_t count) const {
        const double* p = difference_.data() + t * d();
        const double* q = difference_.data() + (count + t) * d();
        return std::sqrt(kernels().squared_distance(p, q, d()));
    }

    // Adds the loss of triplet t and overwrites Lp, Lq, Lw by the left factors of its gradient,
    // (a Lp + b Lh) pᵀ − (a Lq + b Lh) qᵀ + (b Lw) hᵀ. Returns ε.
    double weigh(std::size_t t, std::size_t count, double& loss) {
        double* lp = embedded_.data() + t * r();
        double* lq = embedded_.data() + (count + t) * r();
        double* lw = embedded_w_.data() + t * r();
        const double* lh = embedded_h_.data() + t * r();
        const double length = lengths_[t];
        const bool degenerate = length == 0.0;
        const double margin = squared_norm(lp, r()) - squared_norm(lq, r());
        const double bound = degenerate ? 0.0 : margin / (2.0 * length);
        const LossValue value = loss_of_bound(options_, bound);
        loss += weight_ * value.value;
        const double a = degenerate ? 0.0 : weight_ * value.slope / length;
        const double b = -a * bound;
        for (std::size_t j = 0; j < r(); ++j) {
            lp[j] = a * lp[j] + b * lh[j];
            lq[j] = -(a * lq[j] + b * lh[j]);
            lw[j] *= b;
        }
        return bound;
    }

    void accumulate(std::size_t count, MutableMatrixView gradient) const {
        blas::gemm_tn(1.0, {embedded_.data(), 2 * count, r()}, {difference_.data(), 2 * count, d()}, 1.0, gradient);
        blas::gemm_tn(1.0, {embedded_w_.data(), count, r()}, {h_.data(), count, d()}, 1.0, gradient);
    }

    MatrixView points_, components_;
    Triplets triplets_;
    BoundLossOptions options_;
    Norm dual_norm_;
    double weight_, degenerate_;
    std::vector<double> difference_, embedded_, embedded_w_, h_, lengths_, zero_, embedded_h_;
};

void check(MatrixView points, MatrixView components, const Triplets& triplets) {
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

}  // namespace

TripletLoss triplet_loss(MatrixView points, MatrixView components, const Triplets& triplets,
                         const BoundLossOptions& options, const Execution& execution, Norm dual_norm) {
    check(points, components, triplets);
    const std::size_t count = triplets.anchor.size();
    const std::size_t size = components.rows() * components.cols();
    const std::size_t lanes = std::clamp<std::size_t>(count / (block_size / 2), 1, max_lanes);
    const double work = 14.0 * static_cast<double>(count) * static_cast<double>(size);  // seven products
    const Execution limited{
        static_cast<int>(std::clamp(work / work_per_thread, 1.0, std::max(1.0, double(execution.num_threads)))),
        execution.keep_going};
    TripletLoss result;
    result.bounds.resize(count);
    std::vector<double> gradients(lanes * size), losses(lanes);
    parallel_for(lanes, 1, limited, [&](std::size_t lane, std::size_t, int) {
        Lane(points, components, triplets, options, dual_norm)
            .run(count * lane / lanes, count * (lane + 1) / lanes, result.bounds, losses[lane],
                 gradients.data() + lane * size);
    });
    for (const double loss : losses) result.loss += loss;
    for (std::size_t lane = 1; lane < lanes; ++lane)
        for (std::size_t i = 0; i < size; ++i) gradients[i] += gradients[lane * size + i];
    gradients.resize(size);
    result.gradient = std::move(gradients);
    return result;
}

}  // namespace robust_metric
