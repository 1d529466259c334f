#include "files/json.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "files/unicode.hpp"

namespace robust_metric::files {

namespace {

constexpr int deepest = 64;

[[noreturn]] void fail(const char* what) { throw std::runtime_error(std::string("its JSON text ") + what); }

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Json whole() {
        Json json = value(0);
        skip_space();
        if (at_ < text_.size()) fail("goes on after its value");
        return json;
    }

private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos) ++at_;
    }
    void expect(char c) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != c) fail("is cut off or malformed");
        ++at_;
    }
    bool take(std::string_view word) {
        if (text_.substr(at_, word.size()) != word) return false;
        at_ += word.size();
        return true;
    }
    // a comma, and not yet the end of a list
    bool goes_on(char end) {
        skip_space();
        if (peek() == ',') return ++at_, true;
        expect(end);
        return false;
    }

    Json value(int depth) {
        if (depth > deepest) fail("nests too deeply");
        skip_space();
        switch (peek()) {
            case '{':
                return {object(depth)};
            case '[':
                return {array(depth)};
            case '"':
                return {string()};
            default:
                if (take("null")) return {};
                if (take("true")) return {true};
                if (take("false")) return {false};
                return {number()};
        }
    }

    Json::Array array(int depth) {
        Json::Array items;
        expect('[');
        skip_space();
        if (peek() == ']') return ++at_, items;
        do items.push_back(value(depth + 1));
        while (goes_on(']'));
        return items;
    }

    Json::Object object(int depth) {
        Json::Object entries;
        expect('{');
        skip_space();
        if (peek() == '}') return ++at_, entries;
        do {
            skip_space();
            std::string name = string();
            expect(':');
            entries.push_back({std::move(name), value(depth + 1)});
        } while (goes_on('}'));
        std::vector<std::string_view> names;
        for (const auto& entry : entries) names.push_back(entry.name);
        std::sort(names.begin(), names.end());
        if (std::adjacent_find(names.begin(), names.end()) != names.end()) fail("has an object with one name twice");
        return entries;
    }

    std::size_t digits() {
        const std::size_t first = at_;
        while (peek() >= '0' && peek() <= '9') ++at_;
        return at_ - first;
    }

    Json::Number number() {
        const std::size_t first = at_;
        if (peek() == '-') ++at_;
        const bool zero = peek() == '0';
        const std::size_t whole = digits();
        if (whole == 0 || (zero && whole > 1)) fail("has something that is no value");
        if (peek() == '.' && (++at_, digits() == 0)) fail("has a malformed number");
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            if (digits() == 0) fail("has a malformed number");
        }
        Json::Number found{std::string(text_.substr(first, at_ - first))};
        if (!std::isfinite(std::strtod(found.text.c_str(), nullptr))) fail("has a number that is not finite");
        return found;
    }

    std::uint32_t four_digits() {
        std::uint32_t code = 0;
        for (int i = 0; i < 4; ++i) {
            const char c = peek();
            const bool digit = c >= '0' && c <= '9', lower = c >= 'a' && c <= 'f', upper = c >= 'A' && c <= 'F';
            if (!digit && !lower && !upper) fail("has a malformed string");
            code = 16 * code + static_cast<std::uint32_t>(digit ? c - '0' : lower ? c - 'a' + 10 : c - 'A' + 10);
            ++at_;
        }
        return code;
    }

    void escape(std::string& out) {
        constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        const char c = peek();
        ++at_;
        if (const std::size_t i = letters.find(c); i != std::string_view::npos && c != '\0') {
            out += meanings[i];
            return;
        }
        if (c != 'u') fail("has a malformed string");
        std::uint32_t code = four_digits();
        if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
            const std::size_t before = at_;
            at_ += 2;
            const std::uint32_t low = four_digits();
            if (low >= 0xDC00 && low < 0xE000)
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            else
                at_ = before;
        }
        append_utf8(code, out);
    }

    std::string string() {
        expect('"');
        std::string out;
        for (;;) {
            if (at_ >= text_.size()) fail("is cut off");
            const char c = text_[at_++];
            if (c == '"') return out;
            if (static_cast<unsigned char>(c) < 0x20) fail("has a malformed string");
            if (c == '\\')
                escape(out);
            else
                out += c;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

void write_unit(std::uint32_t code, std::string& out) {
    char buffer[16];
    std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(code));
    out += buffer;
}

void write_string(std::string_view text, std::string& out) {
    out += '"';
    for (std::size_t i = 0; i < text.size();) {
        const std::uint32_t code = next_utf8(text, i);
        if (code == '"' || code == '\\') {
            out += '\\';
            out += static_cast<char>(code);
        } else if (code >= 0x20 && code < 0x7F) {
            out += static_cast<char>(code);
        } else if (code < 0x10000) {
            write_unit(code, out);
        } else {
            write_unit(0xD800 + ((code - 0x10000) >> 10), out);
            write_unit(0xDC00 + ((code - 0x10000) & 0x3FF), out);
        }
    }
    out += '"';
}

void write(const Json& json, std::string& out) {
    if (json.is_null()) {
        out += "null";
    } else if (const bool* truth = json.as<bool>()) {
        out += *truth ? "true" : "false";
    } else if (const auto* number = json.as<Json::Number>()) {
        out += number->text;
    } else if (const auto* text = json.as<std::string>()) {
        write_string(*text, out);
    } else if (const auto* items = json.as<Json::Array>()) {
        out += '[';
        for (std::size_t i = 0; i < items->size(); ++i) {
            if (i > 0) out += ", ";
            write((*items)[i], out);
        }
        out += ']';
    } else {
        out += '{';
        const auto& entries = *json.as<Json::Object>();
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (i > 0) out += ", ";
            write_string(entries[i].name, out);
            out += ": ";
            write(entries[i].value, out);
        }
        out += '}';
    }
}

}  // namespace

const Json* Json::find(std::string_view name) const {
    const auto* entries = as<Object>();
    if (!entries) return nullptr;
    for (const auto& [key, entry] : *entries)
        if (key == name) return &entry;
    return nullptr;
}

Json parse_json(std::string_view text) { return Parser(text).whole(); }

std::string to_text(const Json& json) {
    std::string out;
    write(json, out);
    return out;
}

}  // namespace robust_metric::files
