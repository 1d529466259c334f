#include <doctest/doctest.h>

#include <random>
#include <stdexcept>
#include <string>

#include "files/npz.hpp"
#include "files/zip.hpp"

using namespace robust_metric::files;

namespace {

Array numbers(std::vector<std::size_t> shape) {
    Array array{'f', 8, std::move(shape), {}};
    for (std::size_t i = 0; i < array.size() * 8; ++i) array.bytes.push_back(static_cast<unsigned char>(i));
    return array;
}

// an archive with one member, whose header says this
std::vector<unsigned char> with_header(const std::string& header, std::size_t bytes) {
    std::vector<unsigned char> member{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, static_cast<unsigned char>(header.size()),
                                      0};
    member.insert(member.end(), header.begin(), header.end());
    member.resize(member.size() + bytes, 1);
    return write_zip({{"a.npy", member}});
}

}  // namespace

TEST_CASE("arrays come back as they were written") {
    const Arrays arrays{{"X", numbers({3, 2})},
                        {"scalar", numbers({})},
                        {"none", numbers({0, 4})},
                        {"line", numbers({5})},
                        {"text", to_array("é😀 text")}};
    const Arrays back = read_npz(write_npz(arrays));
    REQUIRE(back.size() == arrays.size());
    for (const auto& [name, array] : arrays) {
        CAPTURE(name);
        CHECK(back.at(name).kind == array.kind);
        CHECK(back.at(name).item_size == array.item_size);
        CHECK(back.at(name).shape == array.shape);
        CHECK(back.at(name).bytes == array.bytes);
    }
    CHECK(to_string(back.at("text")) == "é😀 text");
}

TEST_CASE("Fortran order and the other byte order become this machine's") {
    const Array c = read_npz(with_header("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n", 6)).at("a");
    CHECK(c.shape == std::vector<std::size_t>{2, 3});
    std::vector<unsigned char> member{0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    const std::string header = "{'descr': '>u2', 'fortran_order': True, 'shape': (2, 3), }";
    member.push_back(static_cast<unsigned char>(header.size()));
    member.push_back(0);
    member.insert(member.end(), header.begin(), header.end());
    for (unsigned char i = 0; i < 6; ++i) member.insert(member.end(), {0, i});  // columns: 0 1, 2 3, 4 5
    const Array array = read_npz(write_zip({{"a.npy", member}})).at("a");
    CHECK(array.bytes == std::vector<unsigned char>{0, 0, 2, 0, 4, 0, 1, 0, 3, 0, 5, 0});
}

TEST_CASE("headers that claim what is not there take no memory") {
    for (const char* header :
         {"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 1000000000000), }",
          "{'descr': '<f8', 'fortran_order': False, 'shape': (9,), }",
          "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
          "{'descr': '<f9', 'fortran_order': False, 'shape': (1,), }", "{'descr': '<f8', 'shape': (1,), }",
          "{'descr': '<f8', 'fortran_order': 1, 'shape': (1,), }",
          "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
          "{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", "{'descr': '<f8'", ""}) {
        CAPTURE(header);
        CHECK_THROWS_AS(read_npz(with_header(header, 8)), std::runtime_error);
    }
}

TEST_CASE("files that are cut off or changed are refused, or read as they are") {
    const auto file = write_npz({{"X", numbers({3, 2})}, {"text", to_array("{}")}});
    for (std::size_t size = 0; size < file.size(); ++size)
        CHECK_THROWS_AS(read_npz(std::span(file).first(size)), std::runtime_error);
    std::mt19937 random(1);
    int refused = 0;
    for (int round = 0; round < 20000; ++round) {
        auto changed = file;
        for (unsigned i = 0; i <= random() % 3; ++i)
            changed[random() % file.size()] = static_cast<unsigned char>(random());
        try {
            read_npz(changed);
        } catch (const std::runtime_error&) {
            ++refused;
        }
    }
    CHECK(refused > 10000);
}
