// How a call runs: on how many threads, and what may stop it.
#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>

namespace robust_metric {

// Thrown by a call whose keep_going answered false.
struct Interrupted : std::runtime_error {
    Interrupted() : std::runtime_error("interrupted by keep_going") {}
};

struct Execution {
    int num_threads = 1;  // >= 1; the caller decides, the library sets no global
    // Polled about ten times a second from the thread that made the call, never from
    // two threads at once. Receives the number of finished items; false stops the work.
    std::function<bool(std::size_t done)> keep_going;
};

}  // namespace robust_metric
