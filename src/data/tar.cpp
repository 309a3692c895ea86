#include "data/tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

constexpr std::size_t block = 512;
constexpr std::uint64_t most_member_bytes = std::uint64_t{1} << 30;

using Header = std::array<std::uint8_t, block>;

std::string text_field(const Header& header, std::size_t at, std::size_t width) {
    const char* begin = reinterpret_cast<const char*>(header.data()) + at;
    return std::string(begin, ::strnlen(begin, width));
}

std::uint64_t octal_field(const ByteSource& source, const Header& header, std::size_t at, std::size_t width) {
    std::uint64_t value = 0;
    for (const char c : text_field(header, at, width)) {
        if (c == ' ') continue;
        if (c < '0' || c > '7') fail_input(source.name(), "octal numbers in a tar header", "something else");
        value = value * 8 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

void check_sum(const ByteSource& source, const Header& header) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < block; ++i) sum += i >= 148 && i < 156 ? std::uint8_t{' '} : header[i];
    if (sum != octal_field(source, header, 148, 8)) {
        fail_input(source.name(), "a tar header with a right checksum", "a damaged one");
    }
}

}  // namespace

std::optional<TarMember> TarReader::next() {
    read([](std::span<const std::uint8_t>) {});
    Header header{};
    const std::size_t got = source_.read(header);
    // Two zero blocks end an archive; many writers leave them out.
    if (got == 0 || std::all_of(header.begin(), header.end(), [](std::uint8_t b) { return b == 0; })) return {};
    if (got < block) fail_input(source_.name(), "a whole tar header", fmt::format("{} bytes of it", got));
    check_sum(source_, header);
    TarMember member;
    const bool ustar = std::memcmp(header.data() + 257, "ustar", 5) == 0;
    const std::string prefix = ustar ? text_field(header, 345, 155) : "";
    member.name = (prefix.empty() ? "" : prefix + "/") + text_field(header, 0, 100);
    member.bytes = octal_field(source_, header, 124, 12);
    member.regular = header[156] == '0' || header[156] == 0;
    if (member.bytes > most_member_bytes) {
        fail_input(source_.name(), fmt::format("tar members of at most {} bytes", most_member_bytes),
                   fmt::format("{}", member.bytes));
    }
    left_ = member.bytes;
    padding_ = (block - left_ % block) % block;
    return member;
}

void TarReader::read(const std::function<void(std::span<const std::uint8_t>)>& piece) {
    std::vector<std::uint8_t> buffer(1 << 16);
    for (std::uint64_t* left : {&left_, &padding_}) {
        while (*left > 0) {
            const auto wanted = std::span(buffer).first(std::min<std::uint64_t>(*left, buffer.size()));
            if (source_.read(wanted) < wanted.size()) {
                fail_input(source_.name(), fmt::format("{} more bytes of a tar member", *left), "the archive's end");
            }
            if (left == &left_) piece(wanted);
            *left -= wanted.size();
        }
    }
}

}  // namespace evenkeel
