// Coarse bounds of the entrants that nothing closer is known of yet, let in from the smallest up, as far as they are
// asked for: most never are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

class WaitingEntrants {
public:
    // Starts with n bounds, which the caller writes; of those that are `limit` or more none is wanted.
    std::span<float> start(std::size_t n, double limit);
    // No longer waits; true where it did.
    bool take_out(std::size_t position);

    // Whether all that are wanted have been let in, and the bound up to which all have.
    bool exhausted() const { return exhausted_; }
    float let_in() const { return let_in_; }

    // Calls enter(position, bound) for those up to `limit`, and takes them out; or for about so many of the smallest.
    template <class Enter>
    void let_in_up_to(float limit, Enter enter);
    template <class Enter>
    void let_in_some(std::size_t count, Enter enter) {
        let_in_up_to(smallest(count), enter);
    }

private:
    static constexpr float none = std::numeric_limits<float>::infinity(), largest = std::numeric_limits<float>::max();

    float smallest(std::size_t count);

    std::vector<float> bounds_, heap_;
    float let_in_ = 0.0f, wanted_ = 0.0f;
    bool exhausted_ = true;
};

template <class Enter>
void WaitingEntrants::let_in_up_to(float limit, Enter enter) {
    const Kernels& k = kernels();
    const std::size_t n = bounds_.size();
    const float last = std::min(wanted_, largest);
    let_in_ = std::min(limit, last);
    exhausted_ = limit >= last;
    for (std::size_t i = k.next_at_most(bounds_.data(), let_in_, 0, n); i < n;
         i = k.next_at_most(bounds_.data(), let_in_, i + 1, n)) {
        enter(i, bounds_[i]);
        bounds_[i] = none;
    }
}

}  // namespace robust_metric
