#include "base/kernels.hpp"

#include <math.h>
#include <string.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "robust_metric/instruction_set.hpp"

// an instruction in all compilers, and no inline code of a header: see kernels_body.inl
#ifdef __GNUC__
#define ROBUST_METRIC_SQRTF __builtin_sqrtf
#else
#define ROBUST_METRIC_SQRTF sqrtf
#endif

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif
#ifdef __GNUC__
#define ROBUST_METRIC_MEMCPY __builtin_memcpy
#else
#define ROBUST_METRIC_MEMCPY memcpy
#endif

namespace robust_metric {

#define ROBUST_METRIC_VECTOR_BYTES 16
namespace baseline {
#include "base/kernels_body.inl"
}
#undef ROBUST_METRIC_VECTOR_BYTES

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define ROBUST_METRIC_X86_VARIANTS 1
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
#define ROBUST_METRIC_VECTOR_BYTES 32
namespace x86_64_v3 {
#include "base/kernels_body.inl"
}
#undef ROBUST_METRIC_VECTOR_BYTES
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4")
#define ROBUST_METRIC_VECTOR_BYTES 64
namespace x86_64_v4 {
#include "base/kernels_body.inl"
}
#undef ROBUST_METRIC_VECTOR_BYTES
#pragma GCC pop_options
#elif defined(__x86_64__) && defined(__clang__)
#define ROBUST_METRIC_X86_VARIANTS 1
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#define ROBUST_METRIC_VECTOR_BYTES 32
namespace x86_64_v3 {
#include "base/kernels_body.inl"
}
#undef ROBUST_METRIC_VECTOR_BYTES
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"))), apply_to = function)
#define ROBUST_METRIC_VECTOR_BYTES 64
namespace x86_64_v4 {
#include "base/kernels_body.inl"
}
#undef ROBUST_METRIC_VECTOR_BYTES
#pragma clang attribute pop
#endif

namespace {

struct Variant {
    const char* name;
    const Kernels* table;
    bool runs_here;
};

// from oldest to newest
std::vector<Variant> variants() {
    std::vector<Variant> all = {{"baseline", &baseline::table, true}};
#ifdef ROBUST_METRIC_X86_VARIANTS
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    all.push_back({"x86-64-v3", &x86_64_v3::table, v3});
    all.push_back({"x86-64-v4", &x86_64_v4::table, v4});
#endif
    return all;
}

std::string names(bool only_usable) {
    std::string text;
    for (const Variant& variant : variants())
        if (variant.runs_here || !only_usable) text += (text.empty() ? "" : ", ") + std::string(variant.name);
    return text;
}

Variant find(const std::string& name) {
    for (const Variant& variant : variants())
        if (variant.name == name) {
            if (variant.runs_here) return variant;
            throw std::invalid_argument("instruction set " + name +
                                        " does not run on this CPU; usable: " + names(true));
        }
    throw std::invalid_argument("unknown instruction set '" + name + "'; known: " + names(false));
}

Variant choose() {
    if (const char* forced = std::getenv("ROBUST_METRIC_ISA"); forced && *forced) return find(forced);
    const auto all = variants();
    return *std::find_if(all.rbegin(), all.rend(), [](const Variant& v) { return v.runs_here; });
}

std::atomic<const Kernels*> in_use{nullptr};

// of a matrix: they stay in the fastest cache while several vectors pass
constexpr std::size_t rows_at_once = 4;

// in longer sums the corrections' own errors would count (docs/rounding.md, section 2)
constexpr std::size_t longest_accurate = 8192;

DoubleDouble dot_accurate(const double* a, const double* high, const double* low, std::size_t n) {
    DoubleDouble sum;
    for (std::size_t first = 0; first < n; first += longest_accurate) {
        double rest = 0.0;
        const double part =
            kernels().dot_accurate(a + first, high + first, low + first, std::min(longest_accurate, n - first), &rest);
        sum = first == 0 ? two_sum(part, rest) : sum + two_sum(part, rest);
    }
    return sum;
}

}  // namespace

const Kernels& kernels() {
    const Kernels* table = in_use.load(std::memory_order_acquire);
    if (!table) {
        table = choose().table;  // two threads may both choose: they choose the same
        in_use.store(table, std::memory_order_release);
    }
    return *table;
}

std::string instruction_set() {
    const Kernels* table = &kernels();
    for (const Variant& variant : variants())
        if (variant.table == table) return variant.name;
    return "baseline";
}

std::vector<std::string> available_instruction_sets() {
    std::vector<std::string> usable;
    for (const Variant& variant : variants())
        if (variant.runs_here) usable.emplace_back(variant.name);
    return usable;
}

void force_instruction_set(const std::string& name) { in_use.store(find(name).table, std::memory_order_release); }

void multiply(MatrixView a, const double* x, double* out) { multiply(a, {&x, 1}, {&out, 1}); }

void multiply(MatrixView a, std::span<const double* const> x, std::span<double* const> out) {
    const Kernels& k = kernels();
    for (std::size_t first = 0; first < a.rows(); first += rows_at_once)
        for (std::size_t v = 0; v < x.size(); ++v)
            for (std::size_t i = first; i < std::min(first + rows_at_once, a.rows()); ++i)
                out[v][i] = k.dot(a.row(i), x[v], a.cols());
}

void multiply(MatrixView a, const double* x, std::size_t count, double* out) {
    std::vector<const double*> vectors(count);
    std::vector<double*> products(count);
    for (std::size_t v = 0; v < count; ++v) {
        vectors[v] = x + v * a.cols();
        products[v] = out + v * a.rows();
    }
    multiply(a, vectors, products);
}

void multiply(MatrixView a, const DoubleDouble* x, std::size_t count, DoubleDouble* out) {
    const std::size_t n = a.cols();
    std::vector<double> high(count * n), low(count * n);
    for (std::size_t j = 0; j < count * n; ++j) {
        high[j] = x[j].hi;
        low[j] = x[j].lo;
    }
    for (std::size_t first = 0; first < a.rows(); first += rows_at_once)
        for (std::size_t v = 0; v < count; ++v)
            for (std::size_t i = first; i < std::min(first + rows_at_once, a.rows()); ++i)
                out[v * a.rows() + i] = dot_accurate(a.row(i), high.data() + v * n, low.data() + v * n, n);
}

void multiply_transposed(MatrixView a, const double* x, double* out) {
    const Kernels& k = kernels();
    std::fill_n(out, a.cols(), 0.0);
    for (std::size_t i = 0; i < a.rows(); ++i) k.axpy(x[i], a.row(i), out, a.cols());
}

}  // namespace robust_metric
