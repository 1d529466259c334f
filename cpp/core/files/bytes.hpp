// Little-endian numbers in a file's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

namespace robust_metric::files {

using Bytes = std::span<const unsigned char>;

// part of a file; throws where the file does not reach so far
inline Bytes part(Bytes file, std::uint64_t first, std::uint64_t count) {
    if (first > file.size() || count > file.size() - first) throw std::runtime_error("it is cut off");
    return file.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
}

inline std::uint64_t number(Bytes file, std::uint64_t first, std::size_t width) {
    const Bytes digits = part(file, first, width);
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;) value = value << 8 | digits[i];
    return value;
}

inline void append(std::vector<unsigned char>& out, std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) out.push_back(static_cast<unsigned char>(value >> (8 * i)));
}

}  // namespace robust_metric::files
