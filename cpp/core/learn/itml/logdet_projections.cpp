#include "learn/itml/logdet_projections.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/blas.hpp"
#include "base/kernels.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t largest_block = 32;

void check(MatrixView differences, std::size_t shorts, const LogDetSettings& settings, MutableMatrixView metric) {
    const std::size_t d = differences.cols();
    if (metric.rows() != d || metric.cols() != d)
        throw std::invalid_argument("metric must be " + std::to_string(d) + " x " + std::to_string(d) + ", got " +
                                    std::to_string(metric.rows()) + " x " + std::to_string(metric.cols()));
    if (shorts > differences.rows())
        throw std::invalid_argument("shorts must be at most the " + std::to_string(differences.rows()) +
                                    " differences, got " + std::to_string(shorts));
    if (!(settings.short_bound > 0.0) || !(settings.long_bound > 0.0) || !(settings.gamma > 0.0))
        throw std::invalid_argument("short_bound, long_bound and gamma must be positive, got " +
                                    std::to_string(settings.short_bound) + ", " + std::to_string(settings.long_bound) +
                                    " and " + std::to_string(settings.gamma));
}

// A block of differences is projected on without touching the metric: images M v of the block and their
// inner products are kept up to date, and the metric gets all updates of the block in one matrix product.
class Sweeper {
public:
    Sweeper(MatrixView differences, std::size_t shorts, const LogDetSettings& settings, MutableMatrixView metric)
        : differences_(differences),
          shorts_(shorts),
          settings_(settings),
          metric_(metric),
          block_(std::clamp<std::size_t>(differences.cols() / 8, 1, largest_block)),
          images_(block_ * differences.cols()),
          scaled_(block_ * differences.cols()),
          products_(block_ * block_),
          constraints_(differences.rows()) {
        for (std::size_t i = 0; i < constraints_.size(); ++i)
            constraints_[i].bound = i < shorts ? settings.short_bound : settings.long_bound;
    }

    void sweep() {
        for (std::size_t first = 0; first < differences_.rows(); first += block_)
            project_on_block(first, std::min(first + block_, differences_.rows()));
    }

    // ‖λ' − λ‖₁ / (‖λ'‖₂ + ‖λ‖₂) since the last call; infinite while all are 0
    double change() {
        double moved = 0.0, before = 0.0, after = 0.0;
        last_.resize(constraints_.size(), 0.0);
        for (std::size_t i = 0; i < constraints_.size(); ++i) {
            const double multiplier = constraints_[i].multiplier;
            moved += std::abs(multiplier - last_[i]);
            before += last_[i] * last_[i];
            after += multiplier * multiplier;
            last_[i] = multiplier;
        }
        const double size = std::sqrt(before) + std::sqrt(after);
        return size > 0.0 ? moved / size : std::numeric_limits<double>::infinity();
    }

    bool all_met() const {
        return std::all_of(constraints_.begin(), constraints_.end(),
                           [](const LogDetConstraint& c) { return c.multiplier == 0.0; });
    }

private:
    void project_on_block(std::size_t first, std::size_t last) {
        const std::size_t count = last - first, d = differences_.cols();
        const MutableMatrixView images(images_.data(), count, d), scaled(scaled_.data(), count, d);
        const MutableMatrixView products(products_.data(), count, count);
        blas::gemm_nn(1.0, differences_.slice(first, last), metric_, 0.0, images);
        blas::gemm_nt(1.0, images, differences_.slice(first, last), 0.0, products);
        for (std::size_t i = 0; i < count; ++i) {
            const double length = products(i, i);
            const double beta =
                length > 0.0 ? constraints_[first + i].project(length, first + i < shorts_, settings_.gamma) : 0.0;
            for (std::size_t k = 0; k < d; ++k) scaled(i, k) = beta * images(i, k);
            if (beta != 0.0) update_rest(i, beta, images, products);
        }
        blas::gemm_tn(1.0, scaled, images, 1.0, metric_);
    }

    // The differences still to come in the block see the metric with the update of the i-th.
    static void update_rest(std::size_t i, double beta, MutableMatrixView images, MutableMatrixView products) {
        const std::size_t count = products.rows();
        for (std::size_t j = i + 1; j < count; ++j) {
            const double factor = beta * products(j, i);
            kernels().axpy(factor, images.row(i), images.row(j), images.cols());
            for (std::size_t k = i + 1; k < count; ++k) products(j, k) += factor * products(i, k);
        }
    }

    MatrixView differences_;
    std::size_t shorts_;
    LogDetSettings settings_;
    MutableMatrixView metric_;
    std::size_t block_;
    std::vector<double> images_, scaled_, products_, last_;
    std::vector<LogDetConstraint> constraints_;
};

}  // namespace

double LogDetConstraint::project(double length, bool is_short, double gamma) {
    const double share = std::isinf(gamma) ? 1.0 : gamma / (gamma + 1.0), sign = is_short ? 1.0 : -1.0;
    const double alpha = std::min(multiplier, sign * share * (1.0 / length - 1.0 / bound));
    multiplier -= alpha;
    bound = 1.0 / (1.0 / bound + sign * alpha / gamma);
    return sign * alpha / (1.0 - sign * alpha * length);
}

LogDetResult logdet_projections(MatrixView differences, std::size_t shorts, const LogDetSettings& settings,
                                const Execution& execution, MutableMatrixView metric) {
    check(differences, shorts, settings, metric);
    Sweeper sweeper(differences, shorts, settings, metric);
    LogDetResult result;
    while (result.sweeps < settings.max_sweeps) {
        if (execution.keep_going && !execution.keep_going(result.sweeps)) throw Interrupted();
        sweeper.sweep();
        ++result.sweeps;
        result.change = sweeper.change();
        if (sweeper.all_met() || result.change < settings.tolerance) break;
    }
    return result;
}

}  // namespace robust_metric
