// A time limit that starts when it is made; work that is being stopped has none left.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "base/parallel.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

class Deadline {
public:
    using Clock = std::function<double()>;  // seconds since some moment

    // infinite for none
    explicit Deadline(double seconds, Clock clock = steady) : seconds_(seconds), clock_(std::move(clock)) {}

    // To be asked every few milliseconds; asking costs about as much as a hundred additions.
    bool passed() const {
        if (stop_requested()) return true;
        return seconds_ < rounding::infinity && clock_() - start_ > seconds_;
    }
    // From the same start half as long again and a tenth of a second: for what is worth the moments beyond the limit.
    Deadline extended() const {
        Deadline longer = *this;
        longer.seconds_ = 1.5 * seconds_ + 0.1;
        return longer;
    }

private:
    static double steady() {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    }

    double seconds_;
    Clock clock_;
    double start_ = clock_();
};

}  // namespace robust_metric
