#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <functional>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "base/helpers.hpp"
#include "base/parallel.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace robust_metric;
using namespace std::chrono_literals;

namespace {

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

TEST_CASE("helpers: each seat is taken once, by another thread") {
    for (const int seats : {-1, 0, 1, 3, 20}) {
        std::mutex mutex;
        std::multiset<int> taken;
        std::atomic<bool> by_caller{false};
        const auto caller = std::this_thread::get_id();
        const std::function<void(int)> work = [&](int seat) {
            const std::scoped_lock lock(mutex);
            taken.insert(seat);
            if (std::this_thread::get_id() == caller) by_caller = true;
        };
        {
            const Invitation invitation(seats, work);
            std::this_thread::sleep_for(1ms);
        }
        CHECK(static_cast<int>(taken.size()) <= std::max(seats, 0));
        CHECK(std::set<int>(taken.begin(), taken.end()).size() == taken.size());
        for (const int seat : taken) CHECK(seat >= 1);
        CHECK(!by_caller);
    }
}

TEST_CASE("helpers: who came is waited for, with patience") {
    std::atomic<int> inside{0}, finished{0};
    const std::function<void(int)> work = [&](int) {
        ++inside;
        std::this_thread::sleep_for(100ms);
        ++finished;
    };
    {
        Invitation invitation(2, work);
        while (inside == 0) std::this_thread::yield();
        CHECK(!invitation.ended(1ms));
        CHECK(invitation.ended(10s));
        CHECK(finished == inside);
    }
    CHECK(finished == inside);
}

TEST_CASE("helpers: threads that wait burn no processor time") {
    parallel_for(100, 1, {4, {}}, [](std::size_t, std::size_t, int) { std::this_thread::sleep_for(100us); });
    const double before = cpu_seconds();
    for (int i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(10ms);
        parallel_for(4, 1, {4, {}}, [](std::size_t, std::size_t, int) {});
    }
    CHECK(cpu_seconds() - before < 0.05);  // of .2 s, on each thread
}

TEST_CASE("small work stays on the calling thread") {
    CHECK(for_work({8, {}}, 1e5).num_threads == 1);
    CHECK(for_work({8, {}}, 1e9).num_threads == 8);
}

#if defined(__unix__) || defined(__APPLE__)
namespace {

// Exit status of a child that does this.
int in_child(const std::function<bool()>& work) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        _exit(work() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

std::size_t count_on_two_threads() {
    std::atomic<std::size_t> sum{0};
    parallel_for(100, 1, {2, {}}, [&](std::size_t first, std::size_t last, int) { sum += last - first; });
    return sum;
}

}  // namespace

TEST_CASE("helpers: a forked child has threads of its own") {
    CHECK(count_on_two_threads() == 100);
    CHECK(in_child([] { return count_on_two_threads() == 100; }) == 0);
    CHECK(count_on_two_threads() == 100);
}

TEST_CASE("helpers: a call in which the process was forked ends in the child, too") {
    int status = -1;
    bool child = false;
    const Execution execution{2, [&](std::size_t) {
                                  if (status >= 0 || child) return true;
                                  const pid_t forked = fork();
                                  child = forked == 0;
                                  if (child) alarm(20);
                                  if (!child) waitpid(forked, &status, 0);
                                  return true;
                              }};
    bool told = false;
    try {
        parallel_for(300, 1, execution, [](std::size_t, std::size_t, int) { std::this_thread::sleep_for(1ms); });
    } catch (const std::runtime_error&) {
        told = true;
    }
    if (child) _exit(told ? 0 : 1);
    CHECK(!told);
    CHECK(status == 0);
}
#endif
