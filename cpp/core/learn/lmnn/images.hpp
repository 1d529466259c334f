// The points under a metric that moves in small steps, and how far each image has moved.
#pragma once

#include <cstddef>
#include <vector>

#include "base/parallel.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

class Images {
public:
    // points are used, not copied
    explicit Images(MatrixView points) : points_(points), steps_(points.rows()), net_(steps_), paths_(steps_) {}

    // All images at the origin, of another number of components; nothing is marked.
    void restart(std::size_t components);
    // Maps the points through components, r × d. False if some overflow: the images then stay as they were.
    bool move(MatrixView components, const Execution& execution);
    // From here on `net` and `path` are measured.
    void mark();
    void forget_mark() { marked_ = false; }

    std::size_t count() const { return points_.rows(); }
    std::size_t components() const { return r_; }
    const double* operator[](std::size_t i) const { return images_.data() + i * r_; }
    MatrixView view() const { return {images_.data(), count(), r_}; }

    // Since the mark: how far an image is from where it was, the most of all, and the way it went.
    double net(std::size_t i) const { return net_[i]; }
    double largest_net() const;
    double path(std::size_t i) const { return paths_[i]; }

private:
    MatrixView points_;
    std::size_t r_ = 0;
    bool marked_ = false;
    std::vector<double> images_, next_, mark_;  // n × r
    std::vector<double> steps_, net_, paths_;
};

}  // namespace robust_metric
