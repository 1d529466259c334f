#include "files/npz.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "files/bytes.hpp"
#include "files/unicode.hpp"
#include "files/zip.hpp"

namespace robust_metric::files {

namespace {

constexpr std::string_view mark{"\x93NUMPY", 6};
constexpr std::size_t longest_header = 10000, most_dimensions = 8;
constexpr char own_order = std::endian::native == std::endian::little ? '<' : '>';

// What the header of a member says: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }
class Header {
public:
    explicit Header(std::string_view text) : text_(text) {
        expect("{");
        for (;;) {
            skip_space();
            if (peek() == '}') break;
            const std::string_view name = quoted();
            expect(":");
            if (name == "descr" && !seen_[0])
                seen_[0] = true, descr = quoted();
            else if (name == "fortran_order" && !seen_[1])
                seen_[1] = true, fortran_order = truth();
            else if (name == "shape" && !seen_[2])
                seen_[2] = true, read_shape();
            else
                fail();
            skip_space();
            if (peek() == ',') ++at_;
        }
        if (!seen_[0] || !seen_[1] || !seen_[2]) fail();
    }

    std::string_view descr;
    bool fortran_order = false;
    std::vector<std::size_t> shape;

private:
    [[noreturn]] static void fail() { throw std::runtime_error("a member has a header that is not of a plain array"); }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_space() {
        while (peek() == ' ' || peek() == '\n') ++at_;
    }
    bool take(std::string_view word) {
        skip_space();
        if (text_.substr(at_, word.size()) != word) return false;
        at_ += word.size();
        return true;
    }
    void expect(std::string_view word) {
        if (!take(word)) fail();
    }
    std::string_view quoted() {
        expect("'");
        const std::size_t end = text_.find('\'', at_);
        if (end == std::string_view::npos) fail();
        const std::string_view found = text_.substr(at_, end - at_);
        at_ = end + 1;
        return found;
    }
    bool truth() {
        if (take("True")) return true;
        expect("False");
        return false;
    }
    void read_shape() {
        expect("(");
        while (!take(")")) {
            if (shape.size() == most_dimensions) fail();
            std::size_t size = 0, digits = 0;
            for (skip_space(); peek() >= '0' && peek() <= '9'; ++at_, ++digits)
                size = 10 * size + static_cast<std::size_t>(peek() - '0');
            if (digits == 0 || digits > 18) fail();
            shape.push_back(size);
            take(",");
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool seen_[3] = {false, false, false};
};

std::size_t item_size_of(std::string_view descr) {
    std::size_t width = 0;
    if (descr.size() < 3 || descr.size() > 12) throw std::runtime_error("a member has an unknown type");
    for (const char c : descr.substr(2)) {
        if (c < '0' || c > '9') throw std::runtime_error("a member has an unknown type");
        width = 10 * width + static_cast<std::size_t>(c - '0');
    }
    const bool whole = width == 1 || width == 2 || width == 4 || width == 8;
    switch (descr[1]) {
        case 'b':
            if (width == 1) return 1;
            break;
        case 'i':
        case 'u':
            if (whole) return width;
            break;
        case 'f':
            if (whole && width > 1) return width;
            break;
        case 'U':
            if (width >= 1) return 4 * width;
            break;
        default:
            break;
    }
    throw std::runtime_error("a member has the type '" + std::string(descr) + "', not numbers, booleans or strings");
}

// a count of bytes that the member has, or an error
std::size_t claimed(const std::vector<std::size_t>& shape, std::size_t item_size, std::size_t available) {
    std::size_t bytes = item_size;
    if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) bytes = 0;
    for (const std::size_t size : shape) {
        if (bytes == 0) break;
        if (size > std::numeric_limits<std::size_t>::max() / bytes)
            throw std::runtime_error("a member has a shape beyond all memory");
        bytes *= size;
    }
    if (bytes != available) throw std::runtime_error("a member has another size than its type and shape say");
    return bytes;
}

void swap_bytes(std::vector<unsigned char>& bytes, std::size_t width) {
    for (std::size_t i = 0; i + width <= bytes.size(); i += width)
        std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                     bytes.begin() + static_cast<std::ptrdiff_t>(i + width));
}

// from Fortran order: the reverse shape's transpose
std::vector<unsigned char> to_c_order(Bytes from, const std::vector<std::size_t>& shape, std::size_t item_size) {
    std::vector<unsigned char> to(from.size());
    std::vector<std::size_t> index(shape.size(), 0);
    for (std::size_t at = 0; at < from.size(); at += item_size) {
        std::size_t target = 0;
        for (std::size_t j = 0; j < shape.size(); ++j) target = target * shape[j] + index[j];
        std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(at), item_size,
                    to.begin() + static_cast<std::ptrdiff_t>(target * item_size));
        for (std::size_t j = 0; j < shape.size() && ++index[j] == shape[j]; ++j) index[j] = 0;
    }
    return to;
}

Array read_array(Bytes file) {
    if (file.size() < 10 ||
        !std::equal(mark.begin(), mark.end(), file.begin(),
                    [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; }) ||
        file[6] < 1 || file[6] > 3)
        throw std::runtime_error("a member is not an array");
    const std::size_t width = file[6] == 1 ? 2 : 4;
    const std::uint64_t length = number(file, 8, width);
    if (length > longest_header) throw std::runtime_error("a member has too long a header");
    const Bytes text = part(file, 8 + width, length);
    const Header header(std::string_view(reinterpret_cast<const char*>(text.data()), text.size()));
    Array array;
    array.item_size = item_size_of(header.descr);
    array.kind = header.descr[1];
    array.shape = header.shape;
    const Bytes content = file.subspan(8 + width + text.size());
    claimed(array.shape, array.item_size, content.size());
    if (header.fortran_order && array.shape.size() > 1)
        array.bytes = to_c_order(content, array.shape, array.item_size);
    else
        array.bytes.assign(content.begin(), content.end());
    const char order = header.descr[0];
    if (order != '<' && order != '>' && order != '|' && order != '=')
        throw std::runtime_error("a member has an unknown type");
    if ((order == '<' || order == '>') && order != own_order)
        swap_bytes(array.bytes, array.kind == 'U' ? 4 : array.item_size);
    return array;
}

std::vector<unsigned char> write_array(const Array& array) {
    std::string text = "{'descr': '";
    text += array.item_size == 1 ? '|' : own_order;
    text += array.kind + std::to_string(array.kind == 'U' ? array.item_size / 4 : array.item_size);
    text += "', 'fortran_order': False, 'shape': (";
    for (const std::size_t size : array.shape) text += std::to_string(size) + ", ";
    if (array.shape.size() > 1) text.resize(text.size() - 2);
    if (array.shape.size() == 1) text.resize(text.size() - 1);
    text += "), }";
    while ((10 + text.size() + 1) % 64 != 0) text += ' ';
    text += '\n';
    std::vector<unsigned char> out(mark.begin(), mark.end());
    append(out, 1, 1), append(out, 0, 1), append(out, text.size(), 2);
    out.insert(out.end(), text.begin(), text.end());
    out.insert(out.end(), array.bytes.begin(), array.bytes.end());
    return out;
}

}  // namespace

std::size_t Array::size() const {
    std::size_t count = 1;
    for (const std::size_t size : shape) count *= size;
    return count;
}

Arrays read_npz(Bytes file) {
    Arrays arrays;
    for (const Member& member : read_zip(file)) {
        std::string name = member.name;
        if (name.ends_with(".npy")) name.resize(name.size() - 4);
        if (arrays.contains(name)) throw std::runtime_error("it has two members '" + name + "'");
        arrays.emplace(name, read_array(member.content));
    }
    return arrays;
}

std::vector<unsigned char> write_npz(const Arrays& arrays) {
    std::vector<std::vector<unsigned char>> contents;
    std::vector<Member> members;
    contents.reserve(arrays.size());
    for (const auto& [name, array] : arrays) {
        contents.push_back(write_array(array));
        members.push_back({name + ".npy", contents.back()});
    }
    return write_zip(members);
}

std::string to_string(const Array& array) {
    if (array.kind != 'U' || !array.shape.empty()) throw std::runtime_error("a member is not one string");
    std::vector<std::uint32_t> codes(array.bytes.size() / 4);
    std::memcpy(codes.data(), array.bytes.data(), 4 * codes.size());
    while (!codes.empty() && codes.back() == 0) codes.pop_back();  // NumPy's strings end so
    std::string text;
    for (const std::uint32_t code : codes) append_utf8(code, text);
    return text;
}

Array to_array(std::string_view text) {
    std::vector<std::uint32_t> codes;
    for (std::size_t at = 0; at < text.size();) codes.push_back(next_utf8(text, at));
    if (codes.empty()) codes.push_back(0);
    Array array{'U', 4 * codes.size(), {}, {}};
    array.bytes.resize(4 * codes.size());
    std::memcpy(array.bytes.data(), codes.data(), array.bytes.size());
    return array;
}

}  // namespace robust_metric::files
