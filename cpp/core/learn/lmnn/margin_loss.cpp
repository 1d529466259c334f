#include "learn/lmnn/margin_loss.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "learn/lmnn/impostors.hpp"
#include "learn/lmnn/margin_scatter.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t row_chunk = 256, anchor_chunk = 64, feature_chunk = 64;  // for threads
constexpr std::size_t listed_per_anchor = 256;                                 // on average: memory stays linear
constexpr std::size_t list_share = 6;   // longer lists than this part of all points gain little
constexpr double guard = 1.0 - 1e-9;    // on bounds, for their rounding
constexpr std::size_t short_life = 24;  // uses of a list that hardly pay for making it

double distance(const double* a, const double* b, std::size_t n) {
    return std::sqrt(kernels().squared_distance(a, b, n));
}

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
          changes_(problem),
          pull_(scatter_of_targets(problem, {})),
          push_(pull_.size()),
          weighted_(pull_.size()),
          steps_(n()),
          net_(n()),
          paths_(n()),
          anchor_paths_(anchors()),
          thresholds_(problem.targets.size(), -std::numeric_limits<double>::infinity()),
          roots_(problem.targets.size()),
          reach_(anchors()),
          listed_reach_(anchors()) {}

    double evaluate(MatrixView components, const Execution& execution, MutableMatrixView gradient) {
        if (components.rows() * n() != images_.size()) restart(components.rows());
        changes_.prepare(execution.num_threads);
        if (!embed(components, execution)) {
            for (std::size_t i = 0; i < gradient.rows(); ++i)
                std::fill_n(gradient.row(i), gradient.cols(), std::numeric_limits<double>::quiet_NaN());
            return std::numeric_limits<double>::quiet_NaN();
        }
        measure_targets(execution);
        if (!covered()) renew(execution);
        const bool listed = lists_.has_value();
        if (listed)
            watch(*lists_, execution);
        else
            scan(execution);
        active_ += changes_.fold(execution, {push_.data(), d(), d()});
        return finish(components, execution, gradient);
    }

    std::size_t d() const { return problem_.points.cols(); }

private:
    std::size_t n() const { return problem_.points.rows(); }
    std::size_t anchors() const { return problem_.anchors.size(); }
    std::size_t anchor(std::size_t a) const { return static_cast<std::size_t>(problem_.anchors[a]); }
    const double* image(std::size_t i) const { return images_.data() + i * r_; }

    void restart(std::size_t components) {
        r_ = components;
        images_.assign(n() * r_, 0.0);
        next_ = listed_images_ = images_;
        lists_.reset();
    }

    // Images, and how far each has moved: since the last call, and since lists were made. False if some overflow.
    bool embed(MatrixView components, const Execution& execution) {
        parallel_for(n(), row_chunk, for_work(execution, static_cast<double>(n() * d() * r_)),
                     [&](std::size_t first, std::size_t last, int) {
                         const MutableMatrixView rows(next_.data() + first * r_, last - first, r_);
                         blas::gemm_nt(1.0, problem_.points.slice(first, last), components, 0.0, rows);
                         for (std::size_t i = first; i < last; ++i) {
                             steps_[i] = distance(next_.data() + i * r_, image(i), r_);
                             if (lists_) net_[i] = distance(next_.data() + i * r_, listed_images_.data() + i * r_, r_);
                         }
                     });
        for (const double step : steps_)
            if (!std::isfinite(step)) return false;
        for (std::size_t i = 0; i < n(); ++i) paths_[i] += steps_[i];
        images_.swap(next_);
        return true;
    }

    // How near points of other classes must be to count, and how far that has moved.
    void measure_targets(const Execution& execution) {
        const std::size_t k = problem_.n_targets;
        parallel_for(anchors(), anchor_chunk, for_work(execution, static_cast<double>(anchors() * k * r_)),
                     [&](std::size_t first, std::size_t last, int) {
                         for (std::size_t a = first; a < last; ++a) {
                             double moved = 0.0;
                             reach_[a] = 0.0;
                             for (std::size_t i = a * k; i < (a + 1) * k; ++i) {
                                 if (problem_.targets[i] < 0) continue;
                                 const double* target = image(static_cast<std::size_t>(problem_.targets[i]));
                                 thresholds_[i] = 1.0 + kernels().squared_distance(image(anchor(a)), target, r_);
                                 const double root = std::sqrt(thresholds_[i]);
                                 moved = std::max(moved, std::abs(root - roots_[i]));
                                 roots_[i] = root;
                                 reach_[a] = std::max(reach_[a], root);
                             }
                             anchor_paths_[a] += moved;
                         }
                     });
    }

    // A distance changes by at most how far the two images have moved, so what was beyond an anchor's reach when lists
    // were made is still beyond it while that has not used up what lists went beyond it.
    bool covered() const {
        if (!lists_) return false;
        const double farthest = *std::max_element(net_.begin(), net_.end());
        for (std::size_t a = 0; a < anchors(); ++a)
            if (!(reach_[a] + net_[anchor(a)] + farthest <= guard * listed_reach_[a])) return false;
        return true;
    }

    // Makes lists anew; goes without for a while where they would be too long.
    void renew(const Execution& execution) {
        const bool had_lists = lists_.has_value();
        lists_.reset();
        for (const double reach : reach_)
            if (!std::isfinite(reach)) return;
        if (pause_ > 0 && --pause_ > 0) return;
        if (had_lists) slack_ = std::clamp(slack_ * (uses_ < short_life ? 1.5 : 0.8), 0.01, 0.5);
        std::vector<double> squares(anchors());
        for (std::size_t a = 0; a < anchors(); ++a) {
            listed_reach_[a] = reach_[a] * (1.0 + slack_);
            squares[a] = listed_reach_[a] * listed_reach_[a];
        }
        const std::size_t limit = std::min(listed_per_anchor, n() / list_share) * anchors();
        lists_ =
            list_impostors({images_.data(), n(), r_}, problem_.labels, problem_.anchors, squares, limit, execution);
        if (!lists_) {
            pause_ = slack_ <= 0.02 ? 10 : 0;
            slack_ = std::max(slack_ / 2.0, 0.01);
            return;
        }
        listed_images_ = images_;
        uses_ = 0;
        std::fill(paths_.begin(), paths_.end(), 0.0);
        std::fill(anchor_paths_.begin(), anchor_paths_.end(), 0.0);
        until_.assign(lists_->rows.size(), -1.0);
        counts_.assign(lists_->rows.size() * problem_.n_targets, 0);
        forget();
    }

    void forget() {
        std::fill(push_.begin(), push_.end(), 0.0);
        active_ = 0;
    }

    // Looks at the listed pairs whose images and thresholds have moved far enough for a triplet to change.
    void watch(const ImpostorLists& lists, const Execution& execution) {
        // as the first use, which looks at all; later ones have less to do
        const double work = static_cast<double>(lists.rows.size() * r_);
        ++uses_;
        parallel_for(
            anchors(), anchor_chunk, for_work(execution, work), [&](std::size_t first, std::size_t last, int thread) {
                std::vector<std::int64_t> by_target(problem_.n_targets);
                for (std::size_t a = first; a < last; ++a) {
                    const double own = paths_[anchor(a)] + anchor_paths_[a];
                    for (std::int64_t p = lists.offsets[a]; p < lists.offsets[a + 1]; ++p) {
                        const auto pair = static_cast<std::size_t>(p);
                        const auto l = static_cast<std::size_t>(lists.rows[pair]);
                        if (!(own + paths_[l] < until_[pair]))
                            until_[pair] = own + paths_[l] + measure(a, l, pair, by_target, thread);
                    }
                    for (std::size_t j = 0; j < by_target.size(); ++j)
                        if (by_target[j] != 0) {
                            const auto t = static_cast<std::size_t>(problem_.targets[a * by_target.size() + j]);
                            changes_.add_target(a, t, std::exchange(by_target[j], 0), thread);
                        }
                }
            });
    }

    // Notes which triplets of a pair have changed; returns how far it may move before another one can.
    double measure(std::size_t a, std::size_t l, std::size_t pair, std::vector<std::int64_t>& by_target, int thread) {
        const std::size_t k = by_target.size();
        const double squared = kernels().squared_distance(image(anchor(a)), image(l), r_);
        double gap = std::numeric_limits<double>::infinity();
        std::int64_t more = 0;
        for (std::size_t j = 0; j < k; ++j) {
            const double violation = thresholds_[a * k + j] - squared;
            const int change = (violation > 0.0) - std::exchange(counts_[pair * k + j], violation > 0.0);
            by_target[j] += change;
            more += change;
            gap = std::min(gap, std::abs(violation));
        }
        if (more != 0) changes_.add_impostor(a, l, more, thread);
        // |√a − √b| = |a − b| / (√a + √b), and no threshold is above the reach
        return guard * gap / (std::sqrt(squared) + reach_[a]);
    }

    // All pairs, without lists.
    void scan(const Execution& execution) {
        const std::size_t k = problem_.n_targets;
        forget();
        const Impostors found = find_impostors(problem_.points, {images_.data(), n(), r_}, problem_.labels,
                                               problem_.anchors, {thresholds_.data(), anchors(), k}, execution);
        for (std::size_t i = 0; i < n(); ++i) changes_.add_weight(i, -found.by_point[i]);
        for (std::size_t a = 0; a < anchors(); ++a) {
            kernels().axpy(1.0, found.sums.data() + a * d(), changes_.sum(a), d());
            for (std::size_t j = 0; j < k; ++j)
                if (const std::int64_t count = found.by_target[a * k + j]; count > 0)
                    changes_.add_target(a, static_cast<std::size_t>(problem_.targets[a * k + j]), count, 0);
        }
    }

    // Both sums of distances are products of M = LᵀL with a scatter.
    double finish(MatrixView components, const Execution& execution, MutableMatrixView gradient) {
        const double pull = problem_.pull_weight, push = 1.0 - pull;
        for (std::size_t i = 0; i < weighted_.size(); ++i) weighted_[i] = pull * pull_[i] + push * push_[i];
        parallel_for(r_, feature_chunk, for_work(execution, static_cast<double>(r_ * d() * d())),
                     [&](std::size_t first, std::size_t last, int) {
                         blas::gemm_nn(2.0, components.slice(first, last), {weighted_.data(), d(), d()}, 0.0,
                                       gradient.slice(first, last));
                     });
        double twice = 0.0;
        for (std::size_t i = 0; i < r_; ++i) twice += kernels().dot(gradient.row(i), components.row(i), d());
        return 0.5 * twice + push * static_cast<double>(active_);
    }

    MarginProblem problem_;
    ScatterChanges changes_;
    std::size_t r_ = 0;
    std::vector<double> pull_, push_, weighted_;         // d × d: scatters of targets, of active triplets
    std::int64_t active_ = 0;                            // triplets that count
    std::vector<double> images_, next_, listed_images_;  // n × r
    std::vector<double> steps_, net_, paths_;            // of images: last step, since lists were made, path since
    std::vector<double> anchor_paths_;                   // the same of the roots of thresholds
    std::vector<double> thresholds_, roots_;             // anchors × targets, squared distances and distances
    std::vector<double> reach_, listed_reach_;           // of anchors: largest root, what lists hold
    std::optional<ImpostorLists> lists_;
    std::vector<double> until_;        // of listed pairs: the path that leaves their triplets as they are
    std::vector<std::int8_t> counts_;  // pairs × targets: whether it counts
    double slack_ = 0.05;              // what lists go beyond the reach, as a share of it
    std::size_t uses_ = 0;
    int pause_ = 0;  // calls to go before lists are tried again
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
