// The JSON texts of model files: parsed with care, since a stranger may have written them, and written again.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace robust_metric::files {

// Numbers stay the text they are, so that none is rounded; strings are UTF-8 (a lone surrogate as three bytes).
struct Json {
    struct Number {
        std::string text;
        bool operator==(const Number&) const = default;
    };
    using Array = std::vector<Json>;
    struct Entry;  // as a pair would have to be complete here
    using Object = std::vector<Entry>;
    std::variant<std::monostate, bool, Number, std::string, Array, Object> value;

    bool is_null() const { return std::holds_alternative<std::monostate>(value); }
    template <class T>
    const T* as() const {
        return std::get_if<T>(&value);
    }
    // the entry of an object, null where there is none or this is no object
    const Json* find(std::string_view name) const;
};

struct Json::Entry {
    std::string name;
    Json value;
};

// Throws std::runtime_error where the text is not one JSON value, nests more than 64 deep, has a name twice in an
// object, or a number that is not finite in float64.
Json parse_json(std::string_view text);
// The text, in ASCII.
std::string to_text(const Json& json);

}  // namespace robust_metric::files
