// NumPy's archives of arrays (.npz: a ZIP archive of .npy members), as the package reads and writes them. What a
// stranger wrote can be wrong, but not ask for more memory than its file is large.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace robust_metric::files {

// An array in C order and in the byte order of this machine.
struct Array {
    char kind = 'f';            // of NumPy: b, i, u, f, U
    std::size_t item_size = 8;  // bytes
    std::vector<std::size_t> shape;
    std::vector<unsigned char> bytes;

    std::size_t size() const;  // entries
    bool is(char wanted_kind, std::size_t wanted_size) const { return kind == wanted_kind && item_size == wanted_size; }
};

using Arrays = std::map<std::string, Array, std::less<>>;

// Both throw std::runtime_error that says what is wrong. Members must be stored, not compressed, as NumPy's savez does.
Arrays read_npz(std::span<const unsigned char> file);
std::vector<unsigned char> write_npz(const Arrays& arrays);

// The text of an array that is one string, and the array of a text; UTF-8.
std::string to_string(const Array& array);
Array to_array(std::string_view text);

}  // namespace robust_metric::files
