#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "evenkeel/core/export.hpp"

// Not part of the public API; marked EVENKEEL_API because the other components of the library link to it.
namespace evenkeel {

/// The whole of a regular file. Throws Error{input} when it cannot be read, is not a regular file, or is
/// larger than `max_bytes`, before anything is allocated.
EVENKEEL_API std::vector<std::byte> read_file(const std::filesystem::path& path, std::uint64_t max_bytes);

/// Replaces `path` by `bytes`, whole or not at all: written to a temporary file beside it, fsync, rename,
/// fsync of the folder. On failure the old file is untouched and the temporary is removed. A symbolic link
/// stays one (what it points to is replaced), and the permissions of a replaced file are kept. Throws
/// Error{input} when the folder does not exist or must not be written, or `path` is not a regular file;
/// Error{work} when writing fails (a full disk).
EVENKEEL_API void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace evenkeel
