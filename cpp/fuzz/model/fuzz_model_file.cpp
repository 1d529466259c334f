// Model files that strangers made: any bytes as an archive, any text as the header of a whole one (its checksum right,
// so that the parser is reached), any bytes as a member. What is read is a model that packs and unpacks to itself.
#include <stdexcept>
#include <string>
#include <vector>

#include "bytes.hpp"
#include "files/npz.hpp"
#include "files/zip.hpp"
#include "model/model_file.hpp"

using namespace robust_metric;
using robust_metric::fuzz::require;

namespace {

files::Array filled(char kind, std::size_t item_size, std::vector<std::size_t> shape, unsigned char byte) {
    files::Array array{kind, item_size, std::move(shape), {}};
    array.bytes.assign(array.size() * item_size, byte);
    return array;
}

void read(std::span<const unsigned char> file) {
    ModelParts parts;
    try {
        parts = unpack_model(file);
        check_parts(parts);
    } catch (const std::runtime_error&) {
        return;
    } catch (const std::invalid_argument&) {
        return;
    }
    const auto packed = pack_model(parts);
    require(pack_model(unpack_model(packed)) == packed, "a model that was read comes back from its own file");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::span<const unsigned char> rest(data + 1, size - 1);
    if (data[0] % 3 == 0) {
        read(rest);
    } else if (data[0] % 3 == 1) {
        files::Arrays arrays{{"X", filled('f', 8, {4, 3}, 1)}, {"y", filled('i', 8, {4}, 0)}};
        arrays.emplace("scaling_offset", filled('f', 4, {3}, 1));
        arrays.emplace("scaling_scale", filled('f', 4, {3}, 1));
        arrays.emplace("threat_lower", filled('f', 8, {}, 0));
        arrays.emplace("threat_upper", filled('f', 8, {3}, 1));
        try {
            arrays.emplace("header", files::to_array(std::string(rest.begin(), rest.end())));
        } catch (const std::runtime_error&) {
            return 0;  // not UTF-8
        }
        read(files::write_npz(arrays));
    } else {
        try {
            const auto arrays = files::read_npz(files::write_zip({{"a.npy", rest}}));
            require(arrays.at("a").bytes.size() == arrays.at("a").size() * arrays.at("a").item_size, "sizes agree");
        } catch (const std::runtime_error&) {
        }
    }
    return 0;
}
