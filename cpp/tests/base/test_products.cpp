#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "base/products.hpp"

#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace robust_metric::blas;

TEST_CASE("products run on many threads, and one within a call from another thread's does not wait for it") {
    std::atomic<int> done{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int j = 0; j < 1000; ++j) {
                const Product product;
                ++done;
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(done == 4000);
}

#ifndef _WIN32
TEST_CASE("a fork waits for products, and its child starts without any") {
    hold_products_across_forks();
    { const Product first; }  // so that there is memory for one
    std::atomic<bool> inside{false}, ended{false};
    std::thread other([&] {
        const Product product;
        inside = true;
        for (int i = 0; i < 1000; ++i) std::this_thread::yield();
        ended = true;
    });
    while (!inside) std::this_thread::yield();
    const pid_t child = fork();
    if (child == 0) {
        std::optional<Product> product;
        product.emplace();
        _exit(ended ? 0 : 1);
    }
    other.join();
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    const Product after;  // the parent goes on
}
#endif
