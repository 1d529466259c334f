// Pairs of an anchor and a point near enough to be its impostor soon, listed once and watched while images move in
// small steps: which of their triplets count, and how far images may move before that can change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/parallel.hpp"
#include "learn/lmnn/images.hpp"
#include "learn/lmnn/impostors.hpp"
#include "learn/lmnn/margin_scatter.hpp"
#include "learn/lmnn/thresholds.hpp"

namespace robust_metric {

class ListedPairs {
public:
    explicit ListedPairs(const MarginProblem& problem) : problem_(problem), reach_(problem.anchors.size()) {}

    void clear() { lists_.reset(); }
    // Whether there are lists that hold every pair with a triplet that counts.
    bool cover(const Images& images, const Thresholds& thresholds) const;
    // Makes lists anew and marks images and thresholds there; none of their triplets counts yet. Goes without for a
    // while where lists would be too long. Returns whether there are lists.
    bool renew(Images& images, Thresholds& thresholds, const Execution& execution);
    // Looks at the pairs whose images and thresholds have moved far enough for a triplet to change.
    void watch(const Images& images, const Thresholds& thresholds, const Execution& execution, ScatterChanges& changes);

private:
    // what watch works with in one thread
    struct Watcher {
        const Images& images;
        const Thresholds& thresholds;
        ScatterChanges& changes;
        int thread;
        std::vector<std::int64_t> by_target;  // changes of an anchor's triplets
    };

    std::size_t anchor(std::size_t a) const { return static_cast<std::size_t>(problem_.anchors[a]); }
    bool make(const Images& images, const Thresholds& thresholds, const Execution& execution);
    void watch_anchor(std::size_t a, Watcher& watcher);
    double measure(std::size_t a, std::size_t l, std::size_t pair, Watcher& watcher);

    MarginProblem problem_;
    std::optional<ImpostorLists> lists_;
    std::vector<double> reach_;        // of anchors: what lists hold
    std::vector<double> until_;        // of pairs: the path that leaves their triplets as they are
    std::vector<std::int8_t> counts_;  // pairs × targets: whether it counts
    double slack_ = 0.05;              // what lists go beyond the thresholds, as a share of them
    std::size_t uses_ = 0;
    int pause_ = 0;  // calls to go before lists are tried again
};

}  // namespace robust_metric
