#include "certify/waiting_entrants.hpp"

#include <cmath>

namespace robust_metric {

std::span<float> WaitingEntrants::start(std::size_t n, double limit) {
    bounds_.resize(n);
    let_in_ = -1.0f;
    wanted_ = rounding::float_up(limit);
    exhausted_ = false;
    return bounds_;
}

bool WaitingEntrants::take_out(std::size_t position) {
    const bool waited = bounds_[position] != none;
    bounds_[position] = none;
    return waited;
}

// The count-th smallest bound that waits, or the largest if they are fewer; infinite if there is none.
float WaitingEntrants::smallest(std::size_t count) {
    const Kernels& k = kernels();
    const std::size_t n = bounds_.size();
    float limit = largest;
    heap_.clear();
    for (std::size_t i = k.next_at_most(bounds_.data(), limit, 0, n); i < n;
         i = k.next_at_most(bounds_.data(), limit, i + 1, n)) {
        if (heap_.size() == count) {
            std::pop_heap(heap_.begin(), heap_.end());
            heap_.pop_back();
        }
        heap_.push_back(bounds_[i]);
        std::push_heap(heap_.begin(), heap_.end());
        if (heap_.size() == count) limit = std::nextafter(heap_.front(), -1.0f);
    }
    return heap_.empty() ? none : heap_.front();
}

}  // namespace robust_metric
