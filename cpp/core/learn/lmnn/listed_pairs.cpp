#include "learn/lmnn/listed_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/kernels.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t anchor_chunk = 64;        // for threads
constexpr std::size_t listed_per_anchor = 256;  // on average: memory stays linear
constexpr std::size_t list_share = 6;           // longer lists than this part of all points gain little
constexpr double guard = 1.0 - 1e-9;            // on bounds, for their rounding
constexpr std::size_t short_life = 24;          // uses of a list that hardly pay for making it

}  // namespace

// A distance changes by at most how far the two images have moved, so what was beyond an anchor's reach when lists
// were made is still beyond it while that has not used up what lists went beyond it.
bool ListedPairs::cover(const Images& images, const Thresholds& thresholds) const {
    if (!lists_) return false;
    const double farthest = images.largest_net();
    for (std::size_t a = 0; a < reach_.size(); ++a)
        if (!(thresholds.reach(a) + images.net(anchor(a)) + farthest <= guard * reach_[a])) return false;
    return true;
}

bool ListedPairs::renew(Images& images, Thresholds& thresholds, const Execution& execution) {
    const bool had_lists = lists_.has_value();
    lists_.reset();
    images.forget_mark();
    if (!thresholds.finite()) return false;
    if (pause_ > 0) --pause_;
    if (pause_ > 0) return false;
    if (had_lists) slack_ = std::clamp(slack_ * (uses_ < short_life ? 1.5 : 0.8), 0.01, 0.5);
    if (!make(images, thresholds, execution)) {
        pause_ = slack_ <= 0.02 ? 10 : 0;
        slack_ = std::max(slack_ / 2.0, 0.01);
        return false;
    }
    images.mark();
    thresholds.mark();
    uses_ = 0;
    until_.assign(lists_->rows.size(), -1.0);
    counts_.assign(lists_->rows.size() * problem_.n_targets, 0);
    return true;
}

bool ListedPairs::make(const Images& images, const Thresholds& thresholds, const Execution& execution) {
    std::vector<double> squares(reach_.size());
    for (std::size_t a = 0; a < reach_.size(); ++a) {
        reach_[a] = thresholds.reach(a) * (1.0 + slack_);
        squares[a] = reach_[a] * reach_[a];
    }
    const std::size_t limit = std::min(listed_per_anchor, images.count() / list_share) * reach_.size();
    lists_ = list_impostors(images.view(), problem_.labels, problem_.anchors, squares, limit, execution);
    return lists_.has_value();
}

void ListedPairs::watch(const Images& images, const Thresholds& thresholds, const Execution& execution,
                        ScatterChanges& changes) {
    // as the first use, which looks at all; later ones have less to do
    const auto work = static_cast<double>(lists_->rows.size() * images.components());
    ++uses_;
    parallel_for(
        reach_.size(), anchor_chunk, for_work(execution, work), [&](std::size_t first, std::size_t last, int thread) {
            Watcher watcher{images, thresholds, changes, thread, std::vector<std::int64_t>(problem_.n_targets)};
            for (std::size_t a = first; a < last; ++a) watch_anchor(a, watcher);
        });
}

void ListedPairs::watch_anchor(std::size_t a, Watcher& watcher) {
    const double own = watcher.images.path(anchor(a)) + watcher.thresholds.path(a);
    for (std::int64_t p = lists_->offsets[a]; p < lists_->offsets[a + 1]; ++p) {
        const auto pair = static_cast<std::size_t>(p);
        const auto l = static_cast<std::size_t>(lists_->rows[pair]);
        const double path = own + watcher.images.path(l);
        if (!(path < until_[pair])) until_[pair] = path + measure(a, l, pair, watcher);
    }
    for (std::size_t j = 0; j < watcher.by_target.size(); ++j)
        if (watcher.by_target[j] != 0) {
            const auto t = static_cast<std::size_t>(problem_.targets[a * watcher.by_target.size() + j]);
            watcher.changes.add_target(a, t, std::exchange(watcher.by_target[j], 0), watcher.thread);
        }
}

// Notes which triplets of a pair have changed; returns how far it may move before another one can.
double ListedPairs::measure(std::size_t a, std::size_t l, std::size_t pair, Watcher& watcher) {
    const Images& images = watcher.images;
    const std::size_t k = watcher.by_target.size();
    const double squared = kernels().squared_distance(images[anchor(a)], images[l], images.components());
    double gap = std::numeric_limits<double>::infinity();
    std::int64_t more = 0;
    for (std::size_t j = 0; j < k; ++j) {
        const double violation = watcher.thresholds(a, j) - squared;
        const int change = (violation > 0.0) - std::exchange(counts_[pair * k + j], violation > 0.0);
        watcher.by_target[j] += change;
        more += change;
        gap = std::min(gap, std::abs(violation));
    }
    if (more != 0) watcher.changes.add_impostor(a, l, more, watcher.thread);
    // |√a − √b| = |a − b| / (√a + √b), and no threshold is above the reach
    return guard * gap / (std::sqrt(squared) + watcher.thresholds.reach(a));
}

}  // namespace robust_metric
