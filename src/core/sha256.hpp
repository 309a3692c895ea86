#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace evenkeel {

/// SHA-256 (FIPS 180-4) of bytes that arrive in pieces. Not for secrets: nothing is wiped.
class Sha256 {
  public:
    void update(std::span<const std::byte> bytes) noexcept;
    /// 64 lower-case hexadecimal digits. May be called once; the object is spent afterwards.
    std::string hex();

  private:
    void block(const std::byte* bytes) noexcept;

    std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                           0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::array<std::byte, 64> pending_{};
    std::size_t pending_bytes_ = 0;
    std::uint64_t total_bytes_ = 0;
};

std::string sha256_hex(std::span<const std::byte> bytes);

}  // namespace evenkeel
