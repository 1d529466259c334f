#include "base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/helpers.hpp"

namespace robust_metric {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto poll_interval = std::chrono::milliseconds(100);
// of what is left, shrinking chunks take this share: small enough to even out items of unlike cost
constexpr std::size_t shares_a_thread = 2;
constexpr double small_work = 1e7;  // multiplications: about a millisecond (bench/busy_machine.py)

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
        }
    }

    // With the help of other threads. The calling thread may run out of chunks while another still works: it goes on
    // polling.
    void share(int helpers) {
        const std::function<void(int)> help = [this](int thread) { run(thread); };
        Invitation invitation(helpers, help);
        run(0);
        while (!invitation.forked() && !invitation.ended(poll_interval)) poll();
        if (invitation.forked())
            throw std::runtime_error("the process was forked within a call that used threads, which the child has not");
    }

    // A slice of what the host's threads do. Each is counted before it takes a chunk, so where the polling one finds
    // none left, all that work are counted; those that come later find none either.
    void slice(int thread) {
        if (thread != 0) working_.fetch_add(1);
        run(thread);
        if (thread != 0) {
            working_.fetch_sub(1);
            working_.notify_one();
            return;
        }
        while (const int others = working_.load()) {
            if (!execution_.keep_going)
                working_.wait(others);
            else
                std::this_thread::sleep_for(std::chrono::milliseconds(1)), poll();
        }
    }
    void hand_out(int threads) {
        execution_.executor(threads, [this](int thread) { slice(thread); });
        if (!error_ && done_.load() < count_)
            throw std::runtime_error("execution.executor must run every slice, got some left out");
    }

    const blas::Gemms& gemms() const { return execution_.gemms; }

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
    std::atomic<int> working_{0};  // slices other than the first
    std::atomic<bool> stopped_{false};
    std::mutex mutex_;
    std::exception_ptr error_;
    Clock::time_point last_poll_ = Clock::now();
};

}  // namespace

void parallel_for(std::size_t count, Chunk chunk, const Execution& execution,
                  const std::function<void(std::size_t, std::size_t, int)>& body) {
    if (count == 0) return;
    const std::size_t chunks = (count - 1) / chunk.smallest + 1;
    // within a body, its thread alone
    const auto wanted = static_cast<std::size_t>(joined.work ? 1 : std::max(execution.num_threads, 1));
    const auto threads = static_cast<int>(std::min(chunks, wanted));
    if (threads == 1) chunk.smallest = chunk.largest;
    Work work(count, chunk, threads, execution, body);
    if (threads == 1)
        work.run(0);
    else if (execution.executor)
        work.hand_out(threads);
    else
        work.share(threads - 1);
    work.rethrow();
}

Execution for_work(const Execution& execution, double multiplications) {
    return {multiplications < small_work ? 1 : execution.num_threads, execution.keep_going, execution.executor,
            execution.gemms};
}

blas::Gemms gemms_of_this_work() { return joined.work ? joined.work->gemms() : blas::Gemms(); }

bool stop_requested() { return joined.work && joined.work->stopped(joined.polls); }

void checkpoint() {
    if (stop_requested()) throw Interrupted();
}

}  // namespace robust_metric
