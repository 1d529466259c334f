#include "learn/lmnn/images.hpp"

#include <algorithm>
#include <cmath>

#include "base/blas.hpp"
#include "base/kernels.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t row_chunk = 256;  // for threads

double distance(const double* a, const double* b, std::size_t n) {
    return std::sqrt(kernels().squared_distance(a, b, n));
}

}  // namespace

void Images::restart(std::size_t components) {
    r_ = components;
    images_.assign(count() * r_, 0.0);
    next_ = mark_ = images_;
    marked_ = false;
}

bool Images::move(MatrixView components, const Execution& execution) {
    parallel_for(count(), row_chunk, for_work(execution, static_cast<double>(count() * points_.cols() * r_)),
                 [&](std::size_t first, std::size_t last, int) {
                     const MutableMatrixView rows(next_.data() + first * r_, last - first, r_);
                     blas::gemm_nt(1.0, points_.slice(first, last), components, 0.0, rows);
                     for (std::size_t i = first; i < last; ++i) {
                         const double* next = next_.data() + i * r_;
                         steps_[i] = distance(next, (*this)[i], r_);
                         if (marked_) net_[i] = distance(next, mark_.data() + i * r_, r_);
                     }
                 });
    if (!std::all_of(steps_.begin(), steps_.end(), [](double step) { return std::isfinite(step); })) return false;
    for (std::size_t i = 0; i < count(); ++i) paths_[i] += steps_[i];
    images_.swap(next_);
    return true;
}

void Images::mark() {
    mark_ = images_;
    marked_ = true;
    std::fill(paths_.begin(), paths_.end(), 0.0);
}

double Images::largest_net() const { return *std::max_element(net_.begin(), net_.end()); }

}  // namespace robust_metric
