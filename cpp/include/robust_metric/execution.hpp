// How a call runs: on how many threads, whose they are, what may stop it, and who multiplies matrices.
#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>

#include "robust_metric/blas.hpp"
#include "robust_metric/export.hpp"

namespace robust_metric {

// Thrown by a call whose keep_going answered false.
struct ROBUST_METRIC_EXPORT Interrupted : std::runtime_error {
    Interrupted() : std::runtime_error("interrupted by keep_going") {}
};

// Calls slice(i) once for each i from 0 to count - 1, from threads of the host's choice, and returns, or throws, when
// all calls have returned: a pool's "run n and wait". A slice waits for none that has not begun, so they may as well be
// run one after the other.
using Executor = std::function<void(int count, const std::function<void(int i)>& slice)>;

struct Execution {
    int num_threads = 1;  // >= 1; the caller decides, the library sets no global
    // Polled about ten times a second from the thread that made the call (with an executor the one that runs slice 0),
    // never from two threads at once. Receives the number of finished items; false stops the work.
    std::function<bool(std::size_t done)> keep_going = {};
    // Who runs the work where num_threads > 1; by default threads of the library's own.
    Executor executor = {};
    // Matrix products of this call, made on the threads that run it; by default those of blas::use_gemm.
    blas::Gemms gemms = {};
};

}  // namespace robust_metric
