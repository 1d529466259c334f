// UTF-8, in which a surrogate that stands alone, as Python's strings may have them, is three bytes as any other code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace robust_metric::files {

inline void append_utf8(std::uint32_t code, std::string& out) {
    const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | (code >> 12));
        tail(6), tail(0);
    } else if (code < 0x110000) {
        out += static_cast<char>(0xF0 | (code >> 18));
        tail(12), tail(6), tail(0);
    } else {
        throw std::runtime_error("a string has a code that is not Unicode's");
    }
}

// The code that starts at text[at], and moves at behind it.
inline std::uint32_t next_utf8(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
    const std::uint32_t first = byte(at);
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xC2 && first < 0xE0 ? 2
                               : first >= 0xE0 && first < 0xF0 ? 3
                               : first >= 0xF0 && first < 0xF5 ? 4
                                                               : 0;
    if (length == 0 || at + length > text.size()) throw std::runtime_error("a string is not UTF-8");
    std::uint32_t code = length == 1 ? first : first & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) throw std::runtime_error("a string is not UTF-8");
        code = (code << 6) | (byte(at + i) & 0x3F);
    }
    if (code >= 0x110000 || (length == 3 && code < 0x800) || (length == 4 && code < 0x10000))
        throw std::runtime_error("a string is not UTF-8");
    at += length;
    return code;
}

}  // namespace robust_metric::files
