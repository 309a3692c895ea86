#include "interop/hdf5_source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "evenkeel/core/error.hpp"

namespace evenkeel::hdf5 {
namespace {

// Names out of the file go into messages of one line.
std::string printable(std::string_view text) {
    constexpr std::size_t longest = 200;
    std::string out(text.substr(0, longest));
    std::replace_if(
        out.begin(), out.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
    return text.size() > longest ? out + "..." : out;
}

}  // namespace

Source::Source(std::span<const std::byte> bytes, std::string_view where)
    : bytes_(bytes), where_(where), allowance_(2 * bytes.size()) {}

Cursor Source::at(std::uint64_t address, std::uint64_t length, std::string_view what) {
    if (address > bytes_.size() || length > bytes_.size() - address) {
        fail(fmt::format("{} inside the {} bytes of the file", what, bytes_.size()),
             fmt::format("{} bytes at {}", length, address));
    }
    charge(length);
    return {*this, bytes_.subspan(address, length), what};
}

void Source::charge(std::uint64_t length) {
    if (length > allowance_) {
        fail(fmt::format("parts that fit into the {} bytes of the file", bytes_.size()),
             "parts that overlap or lead in circles");
    }
    allowance_ -= length;
}

void Source::fail(std::string_view expected, std::string_view got) const {
    fail_input(fmt::format("{}:{}", where_, path.empty() ? "/" : printable(path)), expected, printable(got));
}

std::span<const std::byte> Cursor::take(std::uint64_t count) {
    if (count > bytes_.size()) {
        source_->fail(fmt::format("{} more bytes of {}", count, what_), fmt::format("{}", bytes_.size()));
    }
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
}

std::uint64_t Cursor::number(std::size_t width) {
    const auto taken = take(width);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= std::to_integer<std::uint64_t>(taken[i]) << (8 * i);
    return value;
}

void Cursor::expect(std::string_view letters) {
    for (const char letter : letters) {
        const std::uint8_t got = u8();
        if (got != static_cast<std::uint8_t>(letter)) {
            source_->fail(fmt::format("{} that starts with \"{}\"", what_, letters), fmt::format("byte {}", got));
        }
    }
}

}  // namespace evenkeel::hdf5
