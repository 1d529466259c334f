#include "base/parallel.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace robust_metric {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto poll_interval = std::chrono::milliseconds(100);
// of what is left, shrinking chunks take this share: small enough to even out items of unlike cost
constexpr std::size_t shares_a_thread = 2;

class Work;

// The work that this thread is in: where stop_requested() finds it. A parallel_for within a body hides the outer one.
struct Joined {
    Work* work = nullptr;
    bool polls = false;
};
thread_local Joined joined;

class Joining {
public:
    Joining(Work& work, bool polls) : outer_(joined) { joined = {&work, polls}; }
    ~Joining() { joined = outer_; }
    Joining(const Joining&) = delete;
    Joining& operator=(const Joining&) = delete;

private:
    Joined outer_;
};

// Hands out chunks, collects the first exception, and lets one thread poll keep_going.
class Work {
public:
    Work(std::size_t count, Chunk chunk, int threads, const Execution& execution,
         const std::function<void(std::size_t, std::size_t, int)>& body)
        : count_(count),
          chunk_(chunk),
          shares_(shares_a_thread * static_cast<std::size_t>(threads)),
          execution_(execution),
          body_(body) {}

    void run(int thread) {
        const Joining joining(*this, thread == 0);
        for (;;) {
            if (thread == 0) poll();
            if (stopped_.load(std::memory_order_relaxed)) return;
            const auto [first, last] = take();
            if (first == last) return;
            try {
                body_(first, last, thread);
            } catch (...) {
                fail(std::current_exception());
            }
            done_.fetch_add(last - first, std::memory_order_relaxed);
            finished_.notify_one();
        }
    }

    // The polling thread may run out of chunks while another still works: it goes on polling.
    void wait_for_others() {
        std::unique_lock lock(mutex_);
        while (running_ > 0) {
            finished_.wait_for(lock, poll_interval);
            lock.unlock();
            poll();
            lock.lock();
        }
    }

    void enter() {
        std::scoped_lock lock(mutex_);
        ++running_;
    }
    void leave() {
        std::scoped_lock lock(mutex_);
        --running_;
        finished_.notify_one();
    }

    bool stopped(bool polls) {
        if (polls) poll();
        return stopped_.load(std::memory_order_relaxed);
    }

    void rethrow() const {
        if (error_) std::rethrow_exception(error_);
    }

private:
    // The next chunk: a share of what is left, within the limits of chunk_; empty when all is handed out.
    std::pair<std::size_t, std::size_t> take() {
        std::size_t first = next_.load(std::memory_order_relaxed), last = 0;
        do {
            const std::size_t left = count_ - first;
            last = first + std::min({left, chunk_.largest, std::max(chunk_.smallest, left / shares_)});
        } while (!next_.compare_exchange_weak(first, last, std::memory_order_relaxed));
        return {first, last};
    }

    void poll() {
        if (!execution_.keep_going || stopped_.load(std::memory_order_relaxed)) return;
        const auto now = Clock::now();
        if (now - last_poll_ < poll_interval) return;
        last_poll_ = now;
        try {
            if (!execution_.keep_going(done_.load(std::memory_order_relaxed))) throw Interrupted();
        } catch (...) {
            fail(std::current_exception());
        }
    }

    void fail(const std::exception_ptr& error) {
        std::scoped_lock lock(mutex_);
        if (!error_) error_ = error;
        stopped_.store(true, std::memory_order_relaxed);
    }

    const std::size_t count_;
    const Chunk chunk_;
    const std::size_t shares_;
    const Execution& execution_;
    const std::function<void(std::size_t, std::size_t, int)>& body_;
    std::atomic<std::size_t> next_{0}, done_{0};
    std::atomic<bool> stopped_{false};
    std::mutex mutex_;
    std::condition_variable finished_;
    int running_ = 0;
    std::exception_ptr error_;
    Clock::time_point last_poll_ = Clock::now();
};

// Threads of the last team that this thread had; OpenMP keeps them.
thread_local int team = 1;

// How many threads a team can have: fewer than wanted where the system starts no more, since OpenMP then ends the
// process. A larger team than the last is tried with threads that all live at once; their stacks are kept for OpenMP's.
int threads_to_be_had(int wanted) {
    if (wanted == 1 || omp_in_parallel()) return wanted;
    if (wanted <= team) return team = wanted;
    std::mutex gate;
    std::unique_lock closed(gate);
    std::vector<std::thread> trial;
    try {
        trial.reserve(static_cast<std::size_t>(wanted));
        while (static_cast<int>(trial.size()) + 1 < wanted)
            trial.emplace_back([&gate] { const std::scoped_lock open(gate); });
    } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): those that started are the answer
    } catch (const std::bad_alloc&) {     // NOLINT(bugprone-empty-catch)
    }
    closed.unlock();
    for (std::thread& thread : trial) thread.join();
    return team = static_cast<int>(trial.size()) + 1;
}

}  // namespace

void parallel_for(std::size_t count, Chunk chunk, const Execution& execution,
                  const std::function<void(std::size_t, std::size_t, int)>& body) {
    if (count == 0) return;
    const std::size_t chunks = (count - 1) / chunk.smallest + 1;
    const int threads = threads_to_be_had(
        static_cast<int>(std::min<std::size_t>(chunks, static_cast<std::size_t>(std::max(execution.num_threads, 1)))));
    if (threads == 1) chunk.smallest = chunk.largest;
    Work work(count, chunk, threads, execution, body);
    if (threads == 1) {
        work.run(0);  // no team: safe in a forked child, where OpenMP's pool is gone
    } else {
#pragma omp parallel num_threads(threads)
        {
            const int thread = omp_get_thread_num();
            if (thread != 0) work.enter();
                // every helper is counted before the polling thread can run out of chunks
#pragma omp barrier
            work.run(thread);
            if (thread != 0)
                work.leave();
            else
                work.wait_for_others();
        }
    }
    work.rethrow();
}

bool stop_requested() { return joined.work && joined.work->stopped(joined.polls); }

void checkpoint() {
    if (stop_requested()) throw Interrupted();
}

}  // namespace robust_metric
