#include "base/products.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <new>

#ifndef _WIN32
#include <pthread.h>
#endif

namespace robust_metric::blas {

namespace {

// more than any build of OpenBLAS maps for one product: 32 MB in SciPy's wheels, 128 MB at most elsewhere
constexpr std::size_t buffer = std::size_t{160} << 20;

struct State {
    std::mutex mutex;
    std::condition_variable end;
    int running = 0;                      // now
    int most = 0;                         // that had memory at the same time
    std::atomic<unsigned long> ended{0};  // so far; counted without the lock, by those that wait for it
};

// A new one for each forked child: threads that the child does not have may be waiting on the old one.
State* state = new State;  // NOLINT(bugprone-throwing-static-initialization): without it nothing works

bool has_memory() {
    void* volatile block = std::malloc(buffer);  // volatile: asked for although not used
    std::free(block);
    return block != nullptr;
}

#ifndef _WIN32
void before_fork() {
    std::unique_lock lock(state->mutex);
    state->end.wait(lock, [] { return state->running == 0; });
    lock.release();
}

void after_fork_in_parent() { state->mutex.unlock(); }

void after_fork_in_child() {
    State* const old = state;
    state = new State;
    state->most = old->most;
}
#endif

}  // namespace

Product::Product() {
    std::unique_lock lock(state->mutex);
    while (state->running >= state->most && !has_memory()) {
        if (state->running == 0) throw std::bad_alloc();
        state->end.wait(lock);
    }
    ended_before_ = state->ended;
    first_of_its_number_ = ++state->running > state->most;
    if (first_of_its_number_) lock.release();
}

Product::~Product() {
    const unsigned long ended = state->ended++;
    std::unique_lock lock =
        first_of_its_number_ ? std::unique_lock(state->mutex, std::adopt_lock) : std::unique_lock(state->mutex);
    // those that ran before it still do: so there is memory for all of them
    if (first_of_its_number_ && ended == ended_before_) state->most = std::max(state->most, state->running);
    --state->running;
    state->end.notify_one();
}

void hold_products_across_forks() noexcept {
#ifndef _WIN32
    static const int registered = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    static_cast<void>(registered);
#endif
}

}  // namespace robust_metric::blas
