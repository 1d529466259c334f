#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "files/json.hpp"

using robust_metric::files::Json;
using robust_metric::files::parse_json;
using robust_metric::files::to_text;

TEST_CASE("texts come back as they were") {
    for (const char* text :
         {"null", "true", "[]", "{}", "-0", "1e5", "0.1", "[1, [2, {}], \"a\"]", R"({"a": null, "b": [false, 1.5E-3]})",
          R"("\u00e9 \ud83d\ude00 \ud800 \"\\")", "18446744073709551615"}) {
        CAPTURE(text);
        CHECK(to_text(parse_json(text)) == text);
    }
    CHECK(to_text(parse_json(" [ 1 ,\n2 ]\t")) == "[1, 2]");
    CHECK(*parse_json(R"("\ud83d\ude00\n")").as<std::string>() == "\xF0\x9F\x98\x80\n");
    CHECK(parse_json(R"({"a": 1, "b": 2})").find("b")->as<Json::Number>()->text == "2");
    CHECK(parse_json("[1]").find("b") == nullptr);
}

TEST_CASE("what is no JSON is refused") {
    for (const char* text : {"",
                             "nul",
                             "1 2",
                             "[1,]",
                             "[1",
                             "{\"a\" 1}",
                             "{\"a\": 1,}",
                             "{a: 1}",
                             "01",
                             "1.",
                             ".5",
                             "+1",
                             "1e",
                             "NaN",
                             "Infinity",
                             "-Infinity",
                             "1e400",
                             "\"",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\n\"",
                             R"({"a": 1, "a": 2})",
                             "]",
                             "\"\xFF\""}) {
        CAPTURE(text);
        CHECK_THROWS_AS((void)to_text(parse_json(text)), std::runtime_error);
    }
    CHECK_THROWS_AS(parse_json(std::string(100000, '[')), std::runtime_error);
    CHECK_NOTHROW(parse_json(std::string(60, '[') + std::string(60, ']')));
}
