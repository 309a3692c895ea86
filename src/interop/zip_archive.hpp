#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace evenkeel {

struct ZipEntry {
    std::string name;
    std::uint64_t size = 0;        ///< claimed by the archive, checked while reading
    std::uint64_t compressed = 0;  ///< bytes inside the archive
};

/// Reads a ZIP archive of unknown origin. One archive serves one thread at a time.
class ZipArchive {
  public:
    /// Checks the directory of the archive. `where` names it in messages. Throws Error{input} when it is
    /// damaged, has more than 10000 entries, an encrypted one, one that is neither stored nor deflated or
    /// claims an impossible size, or a name that is empty, absolute, holds "..", a backslash or a control
    /// character, or occurs twice.
    ZipArchive(std::vector<std::byte> bytes, std::string where);
    ~ZipArchive();
    ZipArchive(ZipArchive&&) noexcept;
    ZipArchive& operator=(ZipArchive&&) noexcept;

    const std::vector<ZipEntry>& entries() const { return entries_; }  ///< folders too, their names end in '/'
    bool contains(std::string_view name) const { return find(name) != entries_.size(); }

    /// The contents of one entry, its checksum verified. Throws Error{input} when there is none of that name,
    /// or it is damaged, or larger than `max_bytes` by its claim or in truth. Never allocates more than it
    /// has unpacked (twice).
    std::vector<std::byte> read(std::string_view name, std::uint64_t max_bytes) const;

  private:
    struct Handle;
    std::size_t find(std::string_view name) const;

    std::string where_;
    std::unique_ptr<Handle> handle_;
    std::vector<ZipEntry> entries_;
};

/// Reads the archive in a file of at most `max_bytes`.
ZipArchive open_zip(const std::filesystem::path& path, std::uint64_t max_bytes);

struct ZipContent {
    std::string name;
    std::span<const std::byte> bytes;
};

/// A ZIP archive of the entries in their order, stored without compression, all dated 1980-01-01 (as Keras
/// does): equal contents give equal bytes. At least one entry; names are held to the same rules as in
/// reading.
std::vector<std::byte> make_zip(std::span<const ZipContent> contents, std::string_view where);

/// make_zip into a file, which is replaced whole or not at all (see write_file_atomically).
void write_zip(const std::filesystem::path& path, std::span<const ZipContent> contents);

}  // namespace evenkeel
