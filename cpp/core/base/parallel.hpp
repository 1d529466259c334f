// parallel_for: threads over chunks of an index range; exceptions come
// back to the caller, and a callback can stop the work between chunks.
#pragma once

#include <cstddef>
#include <functional>

#include "robust_metric/execution.hpp"

namespace robust_metric {

// How many items a thread takes at a time. Where smallest < largest, chunks shrink towards the end of the work, so
// that threads finish together; how the work is cut then depends on the number of threads.
struct Chunk {
    std::size_t largest, smallest;
    Chunk(std::size_t size) : Chunk(size, size) {}  // NOLINT(google-explicit-constructor): a size is a chunk
    Chunk(std::size_t largest, std::size_t smallest)
        : largest(largest < 1 ? 1 : largest), smallest(smallest < 1 ? 1 : smallest) {}
};

// Calls body(first, last, thread) for disjoint chunks that cover [0, count), each at most
// chunk.largest items, on at most execution.num_threads threads (thread < num_threads). The first exception
// that body throws stops the hand-out of chunks and is rethrown here.
void parallel_for(std::size_t count, Chunk chunk, const Execution& execution,
                  const std::function<void(std::size_t, std::size_t, int)>& body);

// The execution for a piece of work of so many multiplications: a small one is done before another thread has woken.
Execution for_work(const Execution& execution, double multiplications);

// For a body whose chunks take long, to be called every few milliseconds: polls keep_going as between
// chunks, and tells whether the work has been stopped. False outside parallel_for.
bool stop_requested();

// The products that the call brought with it in which this thread works; none outside parallel_for.
blas::Gemms gemms_of_this_work();

// Throws Interrupted once the work has been stopped: for a body that has nothing to hand over then.
void checkpoint();

}  // namespace robust_metric
