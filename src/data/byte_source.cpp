#include "data/byte_source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/memory.hpp"
#include "evenkeel/core/error.hpp"

namespace evenkeel {

std::vector<std::uint8_t> read_exactly(ByteSource& source, std::uint64_t count, std::string_view what) {
    const std::uint64_t left = source.most_bytes_left();
    if (count > left) {
        fail_input(source.name(), fmt::format("{} bytes of {}", count, what),
                   source.knows_length() ? fmt::format("a truncated file with {} bytes left", left)
                                         : fmt::format("compressed data that can hold {} bytes at most", left));
    }
    const std::uint64_t first = source.knows_length() ? count : std::min<std::uint64_t>(count, 1 << 20);
    std::vector<std::uint8_t> bytes;
    while (bytes.size() < count) {
        const std::size_t before = bytes.size();
        grow(bytes, std::min(count, std::max<std::uint64_t>(first, 2 * before)));
        const std::size_t got = source.read(std::span(bytes).subspan(before));
        if (before + got < bytes.size()) {
            fail_input(source.name(), fmt::format("{} bytes of {}", count, what),
                       fmt::format("truncated data: {} bytes", before + got));
        }
    }
    return bytes;
}

void expect_end(ByteSource& source, std::uint64_t count) {
    std::uint8_t extra = 0;
    if (source.read({&extra, 1}) == 0) return;
    fail_input(source.name(), fmt::format("an end after the {} bytes that the header announces", count),
               "more bytes after them");
}

std::string read_text(const std::filesystem::path& path, std::uint64_t most) {
    const auto source = open_bytes(path, Inflate::never);
    const std::uint64_t size = source->most_bytes_left();
    if (size > most) {
        fail_input(source->name(), fmt::format("at most {} bytes", most), fmt::format("{} bytes", size));
    }
    std::string text(size, '\0');
    const std::size_t got = source->read({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    text.resize(got);
    return text;
}

}  // namespace evenkeel
