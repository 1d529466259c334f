#include "learn/lmnn/margin_loss.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "learn/lmnn/images.hpp"
#include "learn/lmnn/impostors.hpp"
#include "learn/lmnn/listed_pairs.hpp"
#include "learn/lmnn/margin_scatter.hpp"
#include "learn/lmnn/thresholds.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t feature_chunk = 64;  // for threads

void check(const MarginProblem& problem) {
    const auto rows = static_cast<std::int64_t>(problem.points.rows());
    const auto wrong = [](const std::string& what, const std::string& wanted, std::int64_t got) {
        throw std::invalid_argument(what + " must be " + wanted + ", got " + std::to_string(got));
    };
    const auto size = [](const auto& values) { return static_cast<std::int64_t>(values.size()); };
    if (problem.points.cols() == 0) wrong("points", "of at least 1 feature", 0);
    if (size(problem.labels) != rows) wrong("labels", std::to_string(rows) + " numbers", size(problem.labels));
    const std::size_t targets = problem.anchors.size() * problem.n_targets;
    if (problem.targets.size() != targets) wrong("targets", std::to_string(targets) + " rows", size(problem.targets));
    for (const std::int64_t anchor : problem.anchors)
        if (anchor < 0 || anchor >= rows) wrong("anchors", "rows of the " + std::to_string(rows) + " points", anchor);
    for (const std::int64_t target : problem.targets)
        if (target >= rows) wrong("targets", "rows of the " + std::to_string(rows) + " points", target);
}

}  // namespace

class MarginLoss::State {
public:
    explicit State(const MarginProblem& problem)
        : problem_(problem),
          images_(problem.points),
          thresholds_(problem),
          pairs_(problem),
          changes_(problem),
          pull_(scatter_of_targets(problem, {})),
          push_(pull_.size()),
          weighted_(pull_.size()) {}

    double evaluate(MatrixView components, const Execution& execution, MutableMatrixView gradient) {
        if (components.rows() != images_.components()) {
            images_.restart(components.rows());
            pairs_.clear();
        }
        changes_.prepare(execution.num_threads);
        if (!images_.move(components, execution)) {
            for (std::size_t i = 0; i < gradient.rows(); ++i)
                std::fill_n(gradient.row(i), gradient.cols(), std::numeric_limits<double>::quiet_NaN());
            return std::numeric_limits<double>::quiet_NaN();
        }
        thresholds_.measure(images_, execution);
        find_changes(execution);
        active_ += changes_.fold(execution, {push_.data(), d(), d()});
        return finish(components, execution, gradient);
    }

    std::size_t d() const { return problem_.points.cols(); }

private:
    // Of the triplets that count, against those of the last call where pairs are still listed.
    void find_changes(const Execution& execution) {
        const bool go_on = pairs_.cover(images_, thresholds_);
        const bool listed = go_on || pairs_.renew(images_, thresholds_, execution);
        if (!go_on) {
            std::fill(push_.begin(), push_.end(), 0.0);
            active_ = 0;
        }
        if (listed)
            pairs_.watch(images_, thresholds_, execution, changes_);
        else
            scan(execution);
    }

    // All pairs, without lists.
    void scan(const Execution& execution) {
        const std::size_t k = problem_.n_targets;
        const Impostors found = find_impostors(problem_.points, images_.view(), problem_.labels, problem_.anchors,
                                               thresholds_.view(), execution);
        for (std::size_t i = 0; i < images_.count(); ++i) changes_.add_weight(i, -found.by_point[i]);
        for (std::size_t a = 0; a < thresholds_.anchors(); ++a) {
            kernels().axpy(1.0, found.sums.data() + a * d(), changes_.sum(a), d());
            for (std::size_t j = 0; j < k; ++j)
                if (const std::int64_t count = found.by_target[a * k + j]; count > 0)
                    changes_.add_target(a, static_cast<std::size_t>(problem_.targets[a * k + j]), count, 0);
        }
    }

    // Both sums of distances are products of M = LᵀL with a scatter.
    double finish(MatrixView components, const Execution& execution, MutableMatrixView gradient) {
        const std::size_t r = components.rows();
        const double pull = problem_.pull_weight, push = 1.0 - pull;
        for (std::size_t i = 0; i < weighted_.size(); ++i) weighted_[i] = pull * pull_[i] + push * push_[i];
        parallel_for(r, feature_chunk, for_work(execution, static_cast<double>(r * d() * d())),
                     [&](std::size_t first, std::size_t last, int) {
                         blas::gemm_nn(2.0, components.slice(first, last), {weighted_.data(), d(), d()}, 0.0,
                                       gradient.slice(first, last));
                     });
        double twice = 0.0;
        for (std::size_t i = 0; i < r; ++i) twice += kernels().dot(gradient.row(i), components.row(i), d());
        return 0.5 * twice + push * static_cast<double>(active_);
    }

    MarginProblem problem_;
    Images images_;
    Thresholds thresholds_;
    ListedPairs pairs_;
    ScatterChanges changes_;
    std::vector<double> pull_, push_, weighted_;  // d × d: scatters of targets, of active triplets
    std::int64_t active_ = 0;                     // triplets that count
};

MarginLoss::MarginLoss(const MarginProblem& problem) {
    check(problem);
    state_ = std::make_unique<State>(problem);
}
MarginLoss::~MarginLoss() = default;
MarginLoss::MarginLoss(MarginLoss&&) noexcept = default;
MarginLoss& MarginLoss::operator=(MarginLoss&&) noexcept = default;

double MarginLoss::evaluate(MatrixView components, const Execution& execution, MutableMatrixView gradient) {
    const std::size_t d = state_->d();
    if (components.rows() == 0 || components.cols() != d || gradient.rows() != components.rows() ||
        gradient.cols() != d)
        throw std::invalid_argument("components and gradient must have rows of " + std::to_string(d) +
                                    " numbers, got " + std::to_string(components.rows()) + " x " +
                                    std::to_string(components.cols()) + " and " + std::to_string(gradient.rows()) +
                                    " x " + std::to_string(gradient.cols()));
    return state_->evaluate(components, execution, gradient);
}

}  // namespace robust_metric
