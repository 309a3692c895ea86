#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evenkeel {

/// Bytes that arrive in order: of a plain file, a gzip file or one entry of a ZIP archive.
class ByteSource {
  public:
    explicit ByteSource(std::string name) : name_(std::move(name)) {}
    virtual ~ByteSource() = default;
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;

    /// Fills `out` and returns how many bytes came: fewer only at the end.
    /// Throws Error{input} where compressed bytes are damaged.
    virtual std::size_t read(std::span<std::uint8_t> out) = 0;

    /// A bound that holds whatever the content claims: exact for plain files, and for deflated ones what
    /// deflate could make at best of the bytes that are really there.
    virtual std::uint64_t most_bytes_left() const = 0;
    virtual bool knows_length() const = 0;  ///< most_bytes_left() is exact

    const std::string& name() const { return name_; }  ///< for messages

  private:
    std::string name_;
};

/// Deflate's limit: 258 bytes out for 2 bits in.
inline constexpr std::uint64_t most_expansion = 1032;

enum class Inflate { if_gzip, never };

/// A regular file, inflated on the way if it begins as gzip does (RFC 1952).
std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& path, Inflate inflate = Inflate::if_gzip);

/// Exactly `count` bytes of `what`. A claim that the source cannot keep is refused before anything is
/// allocated; where the length is not known for sure, memory grows only as bytes really arrive.
std::vector<std::uint8_t> read_exactly(ByteSource& source, std::uint64_t count, std::string_view what);

/// Throws Error{input} if anything is left after `count` bytes.
void expect_end(ByteSource& source, std::uint64_t count);

/// A whole (not compressed) file as text. Throws Error{input} if it cannot be read or is larger than `most`
/// bytes.
std::string read_text(const std::filesystem::path& path, std::uint64_t most);

}  // namespace evenkeel
