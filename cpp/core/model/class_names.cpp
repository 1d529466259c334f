#include "model/class_names.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "base/arguments.hpp"

namespace robust_metric {

namespace {

using files::Json;

struct NumberType {
    std::string_view name;
    bool is_float;
    int bits;  // of the value without sign for whole numbers, of the significand for others
    bool is_signed;
};

constexpr NumberType number_types[] = {
    {"int8", false, 7, true},     {"int16", false, 15, true},   {"int32", false, 31, true},
    {"int64", false, 63, true},   {"uint8", false, 8, false},   {"uint16", false, 16, false},
    {"uint32", false, 32, false}, {"uint64", false, 64, false}, {"float16", true, 11, true},
    {"float32", true, 24, true},  {"float64", true, 53, true},
};

const NumberType* number_type(std::string_view name) {
    for (const NumberType& type : number_types)
        if (type.name == name) return &type;
    return nullptr;
}

template <class T>
std::optional<T> parsed(const std::string& text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// whether a float64 is one of a narrower type too
bool fits(double value, int significand) {
    if (significand == 53 || !std::isfinite(value)) return std::isfinite(value);
    const int smallest = significand == 11 ? -24 : -149, largest = significand == 11 ? 16 : 128;
    int exponent = 0;
    std::frexp(value, &exponent);
    const int grain = std::max(exponent - significand, smallest);
    const double whole = std::ldexp(value, -grain);
    return exponent <= largest && whole == std::trunc(whole);
}

std::optional<double> as_float(const NumberType& type, const std::string& name) {
    const auto value = parsed<double>(name);
    return value && fits(*value, type.bits) ? value : std::nullopt;
}

struct Whole {
    bool negative;
    std::uint64_t size;
};

std::optional<Whole> as_whole(const NumberType& type, const std::string& name) {
    const bool negative = !name.empty() && name[0] == '-';
    const auto size = parsed<std::uint64_t>(negative ? name.substr(1) : name);
    const std::uint64_t limit = type.bits == 64 ? std::numeric_limits<std::uint64_t>::max()
                                                : (std::uint64_t{1} << type.bits) - 1 + (negative ? 1 : 0);
    if (!size || *size > limit || (negative && !type.is_signed && *size > 0)) return std::nullopt;
    return Whole{negative && *size > 0, *size};
}

bool less(const Whole& a, const Whole& b) {
    if (a.negative != b.negative) return a.negative;
    return a.negative ? a.size > b.size : a.size < b.size;
}

// whether a comes before b; throws where one is no value of the type
bool before(const std::string& type, const std::string& a, const std::string& b) {
    const auto wrong = [&](const std::string& name) { refuse("classes", "be of the type " + type, name); };
    if (type == "str") return a < b;  // UTF-8 is in the order of its codes
    if (type == "bool") {
        for (const std::string* name : {&a, &b})
            if (*name != "false" && *name != "true") wrong(*name);
        return a < b;
    }
    const NumberType& number = *number_type(type);
    if (number.is_float) {
        const auto left = as_float(number, a), right = as_float(number, b);
        if (!left || !right) wrong(left ? b : a);
        return *left < *right;
    }
    const auto left = as_whole(number, a), right = as_whole(number, b);
    if (!left || !right) wrong(left ? b : a);
    return less(*left, *right);
}

// That a file can hold the name as it is: from_chars knows more numbers than JSON does, and not all bytes are UTF-8.
void check_storable(const std::string& type, const std::string& name) {
    try {
        const Json written = type == "str" ? Json{name} : files::parse_json(name);
        if (files::to_text(written) == name || type == "str") return;
    } catch (const std::runtime_error&) {  // NOLINT(bugprone-empty-catch): said below
    }
    refuse("classes", "be of the type " + type, "'" + name.substr(0, 80) + "'");
}

}  // namespace

void check_class_names(const std::string& type, const std::vector<std::string>& names) {
    if (type != "str" && type != "bool" && !number_type(type))
        refuse("class_type", "be str, bool, int8 to uint64 or float16 to float64", "'" + type.substr(0, 80) + "'");
    if (names.empty()) refuse("classes", "have at least one name", "none");
    for (std::size_t i = 0; i < names.size(); ++i) {
        check_storable(type, names[i]);
        (void)before(type, names[i], names[i]);
        if (i > 0 && !before(type, names[i - 1], names[i]))
            refuse("classes", "be in increasing order, without repeats", names[i - 1] + " before " + names[i]);
    }
}

Json pack_class_names(const std::string& type, const std::vector<std::string>& names) {
    Json packed;
    auto& list = packed.value.emplace<Json::Array>();
    for (const std::string& name : names) {
        auto& value = list.emplace_back().value;
        if (type == "str")
            value.emplace<std::string>(name);
        else if (type == "bool")
            value.emplace<bool>(name == "true");
        else
            value = Json::Number{name};
    }
    return packed;
}

std::vector<std::string> unpack_class_names(const std::string& type, const Json& names) {
    const auto* list = names.as<Json::Array>();
    if (!list) throw std::runtime_error("classes must be a list of labels");
    std::vector<std::string> found;
    for (const Json& name : *list) {
        if (const auto* text = name.as<std::string>(); text && type == "str")
            found.push_back(*text);
        else if (const bool* truth = name.as<bool>(); truth && type == "bool")
            found.emplace_back(*truth ? "true" : "false");
        else if (const auto* number = name.as<Json::Number>(); number && type != "str" && type != "bool")
            found.push_back(number->text);
        else
            throw std::runtime_error("classes must all be of type " + type.substr(0, 80));
    }
    return found;
}

}  // namespace robust_metric
