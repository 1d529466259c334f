// ZIP archives of members that are stored as they are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace robust_metric::files {

struct Member {
    std::string name;
    std::span<const unsigned char> content;
};

// Members of an archive, which refer to the file's bytes; each lies within them and has the checksum that it claims.
// Throws std::runtime_error for what is not such an archive.
std::vector<Member> read_zip(std::span<const unsigned char> file);
// Always with the fields of large archives (ZIP64), as NumPy writes its own.
std::vector<unsigned char> write_zip(const std::vector<Member>& members);

}  // namespace robust_metric::files
