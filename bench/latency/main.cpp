// One query a call: median and 99th percentile of the processor's time, and allocations a call.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <new>
#include <random>
#include <robust_metric/robust_metric.hpp>
#include <vector>

namespace {

std::size_t allocations = 0, bytes = 0;

template <class Call>
void measure(const char* name, std::size_t n, std::size_t d, std::size_t calls, Call call) {
    for (std::size_t i = 0; i < 20; ++i) call(i);
    std::vector<double> seconds;
    seconds.reserve(calls);
    const std::size_t before = allocations, bytes_before = bytes;
    for (std::size_t i = 0; i < calls; ++i) {
        std::timespec start{}, end{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
        call(i);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        seconds.push_back(static_cast<double>(end.tv_sec - start.tv_sec) +
                          1e-9 * static_cast<double>(end.tv_nsec - start.tv_nsec));
    }
    const std::size_t count = allocations - before, total = bytes - bytes_before;
    std::sort(seconds.begin(), seconds.end());
    std::printf("%6zu x %-3zu %-10s p50 %8.1f us  p99 %8.1f us  %6.1f allocations, %8.1f KB a call\n", n, d, name,
                1e6 * seconds[calls / 2], 1e6 * seconds[calls * 99 / 100],
                static_cast<double>(count) / static_cast<double>(calls),
                1e-3 * static_cast<double>(total) / static_cast<double>(calls));
}

void run(std::size_t n, std::size_t d) {
    std::mt19937 random(1);
    std::normal_distribution<double> normal;
    std::vector<double> points(n * d), queries(500 * d);
    std::vector<std::int32_t> labels(n);
    for (std::size_t i = 0; i < n; ++i) labels[i] = static_cast<std::int32_t>(i % 10);
    for (std::size_t i = 0; i < n * d; ++i) points[i] = normal(random) + labels[i / d];
    for (std::size_t i = 0; i < 500 * d; ++i) queries[i] = normal(random) + static_cast<double>(i / d % 10);
    const robust_metric::TrainingSet training({points.data(), n, d}, labels, 10, {});
    const auto query = [&](std::size_t i) { return robust_metric::MatrixView(queries.data() + i % 500 * d, 1, d); };
    const robust_metric::Execution execution;
    double radius = 0.0;
    std::int32_t label = 0;
    measure("predict", n, d, 2000, [&](std::size_t i) { predict(training, query(i), 11, execution, {&label, 1}); });
    measure("certify", n, d, 500, [&](std::size_t i) {
        certified_radii(training, query(i), {}, 11, execution, {&radius, 1}, {&label, 1});
    });
}

}  // namespace

void* operator new(std::size_t size) {
    ++allocations;
    bytes += size;
    if (void* block = std::malloc(size)) return block;
    throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

int main() {
    run(2000, 16);
    run(10000, 64);
}
