#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/parallel.hpp"

using namespace robust_metric;
using namespace std::chrono_literals;

TEST_CASE("every index is visited once, in chunks, by threads in range") {
    for (const std::size_t count : {0, 1, 7, 64, 1000})
        for (const std::size_t chunk : {0, 1, 3, 64, 5000})
            for (const int threads : {-1, 0, 1, 2, 3, 16}) {
                const auto visits = std::make_unique<std::atomic<int>[]>(count + 1);
                std::atomic<bool> in_range{true};
                parallel_for(count, chunk, {threads, {}}, [&](std::size_t first, std::size_t last, int thread) {
                    if (first >= last || last > count || last - first > std::max<std::size_t>(chunk, 1) || thread < 0 ||
                        thread >= std::max(threads, 1))
                        in_range = false;
                    for (std::size_t i = first; i < last; ++i) ++visits[i];
                });
                CHECK(in_range);
                for (std::size_t i = 0; i < count; ++i) REQUIRE(visits[i] == 1);
            }
}

TEST_CASE("shrinking chunks visit every index once, within their limits, and the last ones are small") {
    for (const std::size_t count : {1, 7, 100, 1000})
        for (const int threads : {1, 2, 3}) {
            std::vector<int> visits(count);
            std::mutex mutex;
            std::size_t smallest = count, largest = 0, left = count;
            parallel_for(count, Chunk(128, 8), {threads, {}}, [&](std::size_t first, std::size_t last, int) {
                const std::lock_guard lock(mutex);
                for (std::size_t i = first; i < last; ++i) ++visits[i];
                largest = std::max(largest, last - first);
                if (last < count) smallest = std::min(smallest, last - first);
                left -= last - first;
            });
            CHECK(left == 0);
            CHECK(std::all_of(visits.begin(), visits.end(), [](int n) { return n == 1; }));
            CHECK(largest <= 128);
            CHECK(smallest >= std::min<std::size_t>(count, 8));
            if (count == 1000 && threads > 1) CHECK(smallest < 16);
        }
}

TEST_CASE("the first exception comes back and the rest of the work is not done") {
    for (const int threads : {1, 2, 8}) {
        std::atomic<std::size_t> started{0};
        CHECK_THROWS_WITH_AS(parallel_for(100'000, 1, {threads, {}},
                                          [&](std::size_t, std::size_t, int) {
                                              ++started;
                                              throw std::runtime_error("broken");
                                          }),
                             "broken", std::runtime_error);
        CHECK(started <= static_cast<std::size_t>(threads));
    }
}

TEST_CASE("keep_going is asked on the calling thread, sees progress, and stops the work") {
    for (const int threads : {1, 2, 4}) {
        const auto caller = std::this_thread::get_id();
        std::vector<std::size_t> seen;
        bool elsewhere = false;
        const Execution execution{threads, [&](std::size_t done) {
                                      elsewhere = elsewhere || std::this_thread::get_id() != caller;
                                      seen.push_back(done);
                                      return seen.size() < 3;
                                  }};
        const auto started = std::chrono::steady_clock::now();
        CHECK_THROWS_AS(parallel_for(1'000'000, 1, execution,
                                     [](std::size_t, std::size_t, int) { std::this_thread::sleep_for(1ms); }),
                        Interrupted);
        CHECK(std::chrono::steady_clock::now() - started < 5s);
        CHECK(!elsewhere);
        REQUIRE(seen.size() == 3);
        CHECK(seen[0] <= seen[1]);
        CHECK(seen[2] > 0);
    }
}

TEST_CASE("an exception of keep_going comes back") {
    const Execution execution{2, [](std::size_t) -> bool { throw std::logic_error("signal"); }};
    CHECK_THROWS_WITH_AS(
        parallel_for(100'000, 1, execution, [](std::size_t, std::size_t, int) { std::this_thread::sleep_for(1ms); }),
        "signal", std::logic_error);
}

TEST_CASE("keep_going is asked while the last chunk runs on another thread") {
    int asked = 0;
    const Execution execution{2, [&](std::size_t) {
                                  ++asked;
                                  return true;
                              }};
    parallel_for(2, 1, execution, [](std::size_t, std::size_t, int thread) {
        if (thread != 0) std::this_thread::sleep_for(350ms);
    });
    CHECK(asked <= 4);  // none where the calling thread took both chunks
}

TEST_CASE("checkpoint stops a body whose chunk takes long") {
    for (const int threads : {1, 2}) {
        const Execution execution{threads, [](std::size_t) { return false; }};
        const auto started = std::chrono::steady_clock::now();
        CHECK_THROWS_AS(parallel_for(2, 1, execution,
                                     [](std::size_t, std::size_t, int) {
                                         for (int i = 0; i < 10'000; ++i) {
                                             std::this_thread::sleep_for(1ms);
                                             checkpoint();
                                         }
                                     }),
                        Interrupted);
        CHECK(std::chrono::steady_clock::now() - started < 3s);
    }
    checkpoint();  // outside of any work: nothing happens
    CHECK(!stop_requested());
}

TEST_CASE("stop_requested lets a body hand over what it has") {
    for (const int threads : {1, 2}) {
        const Execution execution{threads, [](std::size_t) { return false; }};
        std::atomic<int> handed_over{0};
        CHECK_THROWS_AS(parallel_for(2, 1, execution,
                                     [&](std::size_t, std::size_t, int) {
                                         while (!stop_requested()) std::this_thread::sleep_for(1ms);
                                         ++handed_over;
                                     }),
                        Interrupted);
        CHECK(handed_over >= 1);
    }
}

TEST_CASE("a parallel_for within a body, and callers on several threads at once") {
    std::atomic<int> sum{0};
    const auto work = [&] {
        parallel_for(20, 1, {2, {}}, [&](std::size_t, std::size_t, int) {
            parallel_for(5, 2, {2, {}}, [&](std::size_t first, std::size_t last, int) {
                checkpoint();
                sum += static_cast<int>(last - first);
            });
            checkpoint();
        });
    };
    std::thread other(work);
    work();
    other.join();
    CHECK(sum == 200);
}

namespace {

// slices one after the other on the calling thread, or each on a thread of its own, the first started last
void in_turn(int count, const std::function<void(int)>& slice) {
    for (int i = count; i-- > 0;) slice(i);
}
void on_threads(int count, const std::function<void(int)>& slice) {
    std::vector<std::thread> threads;
    for (int i = count; i-- > 0;) threads.emplace_back(slice, i);
    for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("an executor of the host does the work, in whatever order it runs the slices") {
    for (const Executor& executor : {Executor(in_turn), Executor(on_threads)})
        for (const int threads : {1, 2, 5}) {
            const auto visits = std::make_unique<std::atomic<int>[]>(1000);
            std::atomic<int> polls{0};
            const Execution execution{threads, [&](std::size_t) { return ++polls, true; }, executor};
            parallel_for(1000, 7, execution, [&](std::size_t first, std::size_t last, int) {
                if (first == 0) std::this_thread::sleep_for(250ms);
                for (std::size_t i = first; i < last; ++i) ++visits[i];
            });
            for (std::size_t i = 0; i < 1000; ++i) REQUIRE(visits[i] == 1);
        }
}

TEST_CASE("an executor's work is stopped, throws, and is told of slices that were left out") {
    const auto run = [](const Executor& executor, const std::function<bool(std::size_t)>& keep_going,
                        const std::function<void()>& body) {
        parallel_for(100, 1, {3, keep_going, executor}, [&](std::size_t, std::size_t, int) { body(); });
    };
    for (const Executor& executor : {Executor(in_turn), Executor(on_threads)}) {
        CHECK_THROWS_AS(run(executor, {}, [] { throw std::length_error("body"); }), std::length_error);
        CHECK_THROWS_AS(run(
                            executor, [](std::size_t) { return false; }, [] { std::this_thread::sleep_for(5ms); }),
                        Interrupted);
    }
    CHECK_THROWS_WITH_AS(run([](int, const auto&) {}, {}, [] {}),
                         "execution.executor must run every slice, got some left out", std::runtime_error);
    CHECK_THROWS_AS(run([](int, const auto&) { throw std::logic_error("pool is closed"); }, {}, [] {}),
                    std::logic_error);
}
