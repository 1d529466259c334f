// A fuzzer's bytes as small sizes and awkward numbers.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace robust_metric::fuzz {

class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

    std::uint8_t byte() { return left_ > 0 ? (--left_, *data_++) : 0; }
    std::size_t between(std::size_t low, std::size_t high) { return low + byte() % (high - low + 1); }

    // mostly small integers and halves, which tie; sometimes other magnitudes
    double number() {
        const int kind = byte();
        const double value = static_cast<int>(byte() % 17) - 8;
        if (kind < 160) return value;
        if (kind < 200) return value / 2.0;
        if (kind < 230) return value / 255.0;
        if (kind < 240) return value + 1e8;
        if (kind < 250) return value * 1e-9;
        return std::ldexp(value, static_cast<int>(byte() % 200) - 100);
    }

private:
    const std::uint8_t* data_;
    std::size_t left_;
};

inline void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
}

}  // namespace robust_metric::fuzz
