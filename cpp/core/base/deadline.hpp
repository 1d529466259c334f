// A time limit that starts when it is made; work that is being stopped has none left.
#pragma once

#include <chrono>

#include "base/parallel.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

class Deadline {
public:
    // infinite for none
    explicit Deadline(double seconds) : seconds_(seconds) {}
    bool passed() const {
        if (stop_requested()) return true;
        if (seconds_ == rounding::infinity) return false;
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count() > seconds_;
    }

private:
    double seconds_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace robust_metric
