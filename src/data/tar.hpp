#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "data/byte_source.hpp"

namespace evenkeel {

struct TarMember {
    std::string name;
    std::uint64_t bytes = 0;
    bool regular = false;
};

/// Reads a tar archive (POSIX ustar, which npm writes), member by member. Nothing is written here, so a
/// hostile name can do no harm; sizes are bounded. Throws Error{input} for a wrong checksum, a damaged number
/// or a truncated member.
class TarReader {
  public:
    explicit TarReader(ByteSource& source) : source_(source) {}

    /// The next member, skipping what is left of the last one; nothing at the end of the archive.
    std::optional<TarMember> next();
    /// The content of the member that next() returned, in pieces.
    void read(const std::function<void(std::span<const std::uint8_t>)>& piece);

  private:
    ByteSource& source_;
    std::uint64_t left_ = 0;     // of the current member
    std::uint64_t padding_ = 0;  // behind it, up to a whole block
};

}  // namespace evenkeel
