#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace evenkeel::hdf5 {

class Cursor;

/// The bytes of a file of unknown origin. All access goes through at(), which checks every claimed place
/// against the real size and keeps an account: in a file that HDF5 wrote, no byte has two owners, so reading
/// everything touches each byte about once. A file that makes us touch more than twice its size (blocks that
/// point at each other, a thousand names for one object, one text used everywhere) is refused; so time and
/// memory are bounded by the size of the file.
class Source {
  public:
    Source(std::span<const std::byte> bytes, std::string_view where);

    std::uint64_t size() const { return bytes_.size(); }
    Cursor at(std::uint64_t address, std::uint64_t length, std::string_view what);
    void charge(std::uint64_t length);

    [[noreturn]] void fail(std::string_view expected, std::string_view got) const;

    std::string path;  ///< the object being read, for messages: "" is the root

  private:
    std::span<const std::byte> bytes_;
    std::string where_;
    std::uint64_t allowance_;
};

/// Reads little-endian numbers from a part of a source, never past its end.
class Cursor {
  public:
    Cursor(const Source& source, std::span<const std::byte> bytes, std::string_view what)
        : source_(&source), bytes_(bytes), what_(what) {}

    std::size_t left() const { return bytes_.size(); }
    std::span<const std::byte> rest() const { return bytes_; }
    std::span<const std::byte> take(std::uint64_t count);
    void skip(std::uint64_t count) { (void)take(count); }
    std::uint64_t number(std::size_t width);
    void expect(std::string_view letters);  ///< the signature of a block

    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u64() { return number(8); }

  private:
    const Source* source_;
    std::span<const std::byte> bytes_;
    std::string_view what_;  // always a literal
};

}  // namespace evenkeel::hdf5
