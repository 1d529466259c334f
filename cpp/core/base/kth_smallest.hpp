// The k-th smallest of the numbers seen so far.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace robust_metric {

// In a work space of the caller's, which it empties first, unless it is to go on with it.
class KthSmallest {
public:
    enum GoOn { go_on };
    KthSmallest(std::vector<double>& heap, std::size_t k) : heap_(&heap), k_(k) { heap_->clear(); }
    KthSmallest(std::vector<double>& heap, std::size_t k, GoOn) : heap_(&heap), k_(k) {}
    // infinite until k were seen
    double value() const { return heap_->size() < k_ ? std::numeric_limits<double>::infinity() : heap_->front(); }
    void push(double x) {
        if (heap_->size() < k_) {
            heap_->push_back(x);
            std::push_heap(heap_->begin(), heap_->end());
        } else if (x < heap_->front()) {
            std::pop_heap(heap_->begin(), heap_->end());
            heap_->back() = x;
            std::push_heap(heap_->begin(), heap_->end());
        }
    }

private:
    std::vector<double>* heap_;
    std::size_t k_;
};

}  // namespace robust_metric
