#include "files/zip.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "files/bytes.hpp"

namespace robust_metric::files {

namespace {

// signatures and fixed sizes of the records
constexpr std::uint32_t local_mark = 0x04034b50, entry_mark = 0x02014b50, end_mark = 0x06054b50;
constexpr std::uint32_t end64_mark = 0x06064b50, locator_mark = 0x07064b50;
constexpr std::size_t local_size = 30, entry_size = 46, end_size = 22, end64_size = 56, locator_size = 20;
constexpr std::uint32_t no_number = 0xffffffff;  // look into the extra field
constexpr std::uint64_t most_members = 1000;
constexpr std::uint16_t zip64_field = 1, version64 = 45, first_day = 0x21;  // of 1980, as no clock is asked

std::uint32_t checksum(Bytes bytes) {
    static const auto table = [] {
        std::array<std::uint32_t, 256> values{};
        for (std::uint32_t i = 0; i < 256; ++i) {
            values[i] = i;
            for (int bit = 0; bit < 8; ++bit) values[i] = values[i] >> 1 ^ (values[i] & 1 ? 0xedb88320u : 0u);
        }
        return values;
    }();
    std::uint32_t state = ~0u;
    for (const unsigned char byte : bytes) state = table[(state ^ byte) & 0xff] ^ state >> 8;
    return ~state;
}

struct Directory {
    std::uint64_t members, offset;
};

// The directory's place is told at the end of the file, where a comment may follow.
Directory find_directory(Bytes file) {
    if (file.size() < end_size || (number(file, 0, 4) != local_mark && number(file, 0, 4) != end_mark))
        throw std::runtime_error("it is not a .npz archive");
    const std::size_t last = file.size() - end_size, first = last > 0xffff ? last - 0xffff : 0;
    for (std::size_t end = last + 1; end-- > first;) {
        if (number(file, end, 4) != end_mark) continue;
        if (end >= locator_size && number(file, end - locator_size, 4) == locator_mark) {
            const std::uint64_t end64 = number(file, end - locator_size + 8, 8);
            if (number(part(file, end64, end64_size), 0, 4) != end64_mark) throw std::runtime_error("it is damaged");
            return {number(file, end64 + 32, 8), number(file, end64 + 48, 8)};
        }
        return {number(file, end + 10, 2), number(file, end + 16, 4)};
    }
    throw std::runtime_error("it is cut off: it has no directory");
}

struct Entry {
    std::uint64_t method, check, stored, size, offset, name_size, extra_size, comment_size;
};

Entry read_entry(Bytes file, std::uint64_t at) {
    const Bytes fixed = part(file, at, entry_size);
    if (number(fixed, 0, 4) != entry_mark) throw std::runtime_error("its directory is damaged");
    Entry entry{number(fixed, 10, 2), number(fixed, 16, 4), number(fixed, 20, 4), number(fixed, 24, 4),
                number(fixed, 42, 4), number(fixed, 28, 2), number(fixed, 30, 2), number(fixed, 32, 2)};
    const Bytes extra = part(file, at + entry_size + entry.name_size, entry.extra_size);
    for (std::uint64_t i = 0; i + 4 <= extra.size();) {
        const std::uint64_t width = number(extra, i + 2, 2);
        Bytes field = part(extra, i + 4, width);
        if (number(extra, i, 2) == zip64_field)
            for (std::uint64_t* value : {&entry.size, &entry.stored, &entry.offset}) {
                if (*value != no_number) continue;
                *value = number(field, 0, 8);
                field = field.subspan(8);
            }
        i += 4 + width;
    }
    return entry;
}

Bytes content_of(Bytes file, const Entry& entry, const std::string& name) {
    if (entry.method != 0)
        throw std::runtime_error("member '" + name + "' is compressed; numpy.savez writes it without");
    if (entry.stored != entry.size) throw std::runtime_error("member '" + name + "' claims two sizes");
    const Bytes local = part(file, entry.offset, local_size);
    if (number(local, 0, 4) != local_mark) throw std::runtime_error("member '" + name + "' is damaged");
    const std::uint64_t start = entry.offset + local_size + number(local, 26, 2) + number(local, 28, 2);
    const Bytes content = part(file, start, entry.size);
    if (checksum(content) != entry.check) throw std::runtime_error("member '" + name + "' has a wrong checksum");
    return content;
}

void append_text(std::vector<unsigned char>& out, const std::string& text) {
    out.insert(out.end(), text.begin(), text.end());
}

// what the local header and the directory's entry have in common, from the version on
void append_common(std::vector<unsigned char>& out, const Member& member, std::uint32_t check, std::size_t extra) {
    append(out, version64, 2), append(out, 0, 2), append(out, 0, 2);  // no flags, stored
    append(out, 0, 2), append(out, first_day, 2), append(out, check, 4);
    append(out, no_number, 4), append(out, no_number, 4);
    append(out, member.name.size(), 2), append(out, extra, 2);
}

}  // namespace

std::vector<Member> read_zip(Bytes file) {
    const Directory directory = find_directory(file);
    if (directory.members > most_members) throw std::runtime_error("it has more than 1000 members");
    std::vector<Member> members;
    std::uint64_t at = directory.offset;
    for (std::uint64_t i = 0; i < directory.members; ++i) {
        const Entry entry = read_entry(file, at);
        const Bytes name = part(file, at + entry_size, entry.name_size);
        Member member{std::string(name.begin(), name.end()), {}};
        member.content = content_of(file, entry, member.name);
        members.push_back(std::move(member));
        at += entry_size + entry.name_size + entry.extra_size + entry.comment_size;
    }
    return members;
}

std::vector<unsigned char> write_zip(const std::vector<Member>& members) {
    std::vector<unsigned char> out, directory;
    for (const Member& member : members) {
        const std::uint64_t offset = out.size(), size = member.content.size();
        const std::uint32_t check = checksum(member.content);
        append(out, local_mark, 4);
        append_common(out, member, check, 20);
        append_text(out, member.name);
        append(out, zip64_field, 2), append(out, 16, 2), append(out, size, 8), append(out, size, 8);
        out.insert(out.end(), member.content.begin(), member.content.end());

        append(directory, entry_mark, 4), append(directory, version64, 2);
        append_common(directory, member, check, 28);
        append(directory, 0, 2), append(directory, 0, 2), append(directory, 0, 2), append(directory, 0, 4);
        append(directory, no_number, 4);
        append_text(directory, member.name);
        append(directory, zip64_field, 2), append(directory, 24, 2), append(directory, size, 8);
        append(directory, size, 8), append(directory, offset, 8);
    }
    const std::uint64_t offset = out.size(), end64 = offset + directory.size(), count = members.size();
    out.insert(out.end(), directory.begin(), directory.end());
    append(out, end64_mark, 4), append(out, end64_size - 12, 8), append(out, version64, 2), append(out, version64, 2);
    append(out, 0, 4), append(out, 0, 4), append(out, count, 8), append(out, count, 8);
    append(out, directory.size(), 8), append(out, offset, 8);
    append(out, locator_mark, 4), append(out, 0, 4), append(out, end64, 8), append(out, 1, 4);
    append(out, end_mark, 4), append(out, 0, 4), append(out, count, 2), append(out, count, 2);
    append(out, std::min<std::uint64_t>(directory.size(), no_number), 4);
    append(out, std::min<std::uint64_t>(offset, no_number), 4), append(out, 0, 2);
    return out;
}

}  // namespace robust_metric::files
