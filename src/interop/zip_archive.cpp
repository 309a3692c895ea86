#include "interop/zip_archive.hpp"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "core/files.hpp"
#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

constexpr std::int64_t max_entries = 10000;
constexpr std::uint64_t max_deflate_ratio = 1032;  // what the deflate format can reach at all
constexpr std::size_t piece = std::size_t{1} << 16;

class ZipError {
  public:
    ZipError() { zip_error_init(&error_); }
    ~ZipError() { zip_error_fini(&error_); }
    ZipError(const ZipError&) = delete;
    ZipError& operator=(const ZipError&) = delete;

    zip_error_t* get() { return &error_; }
    std::string text() { return zip_error_strerror(&error_); }

  private:
    zip_error_t error_;
};

struct Discard {
    void operator()(zip_t* archive) const { zip_discard(archive); }
    void operator()(zip_file_t* file) const { zip_fclose(file); }
    void operator()(zip_source_t* source) const { zip_source_free(source); }
};

bool is_safe_name(std::string_view name) {
    if (name.empty() || name.front() == '/') return false;
    const auto forbidden = [](unsigned char c) { return c < ' ' || c == '\\' || c == 0x7f; };
    if (std::any_of(name.begin(), name.end(), forbidden)) return false;
    if (name.size() > 1 && name[1] == ':') return false;  // a drive
    while (!name.empty()) {
        const std::string_view part = name.substr(0, name.find('/'));
        if (part.empty() || part == "." || part == "..") return false;
        name.remove_prefix(std::min(part.size() + 1, name.size()));
    }
    return true;
}

std::string shown(std::string_view name) {
    std::string out(name.substr(0, 200));
    std::replace_if(
        out.begin(), out.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
    return out;
}

void check_name(const std::string& name, std::set<std::string>& seen, std::string_view where) {
    if (!is_safe_name(name) || name.size() > std::numeric_limits<std::uint16_t>::max()) {
        fail_input(where, "entries with plain relative names", fmt::format("'{}'", shown(name)));
    }
    if (!seen.insert(name).second) {
        fail_input(where, "each name once in the archive", fmt::format("'{}' twice", shown(name)));
    }
}

ZipEntry checked_entry(const zip_stat_t& stat, std::size_t archive_size, std::string_view where) {
    constexpr zip_uint64_t needed =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if ((stat.valid & needed) != needed) fail_input(where, "an entry with name and sizes", "one without");
    const std::string name = shown(stat.name);
    if (stat.encryption_method != ZIP_EM_NONE)
        fail_input(where, "entries in the clear", fmt::format("'{}' encrypted", name));
    if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE) {
        fail_input(where, "entries stored or deflated", fmt::format("'{}' by method {}", name, stat.comp_method));
    }
    const bool impossible = stat.comp_size > archive_size ||
                            (stat.comp_method == ZIP_CM_STORE ? stat.size != stat.comp_size
                                                              : stat.size / max_deflate_ratio > stat.comp_size);
    if (impossible) {
        fail_input(where, fmt::format("sizes that are possible in an archive of {} bytes", archive_size),
                   fmt::format("'{}' of {} bytes, {} compressed", name, stat.size, stat.comp_size));
    }
    return {stat.name, stat.size, stat.comp_size};
}

}  // namespace

struct ZipArchive::Handle {
    std::vector<std::byte> bytes;  // what libzip reads from
    std::unique_ptr<zip_t, Discard> zip;
};

ZipArchive::ZipArchive(std::vector<std::byte> bytes, std::string where)
    : where_(std::move(where)), handle_(std::make_unique<Handle>()) {
    if (bytes.empty()) fail_input(where_, "a ZIP archive", "0 bytes");  // libzip takes them for an empty one
    handle_->bytes = std::move(bytes);
    ZipError error;
    std::unique_ptr<zip_source_t, Discard> source(
        zip_source_buffer_create(handle_->bytes.data(), handle_->bytes.size(), 0, error.get()));
    if (!source) fail_work(where_, "memory to read the archive", error.text());
    handle_->zip.reset(zip_open_from_source(source.get(), ZIP_RDONLY | ZIP_CHECKCONS, error.get()));
    if (!handle_->zip) fail_input(where_, "a ZIP archive", error.text());
    (void)source.release();  // the archive owns it now

    const zip_int64_t count = zip_get_num_entries(handle_->zip.get(), 0);
    if (count > max_entries) {
        fail_input(where_, fmt::format("at most {} entries", max_entries), fmt::format("{}", count));
    }
    std::set<std::string> seen;
    for (zip_int64_t i = 0; i < count; ++i) {
        zip_stat_t stat;
        if (zip_stat_index(handle_->zip.get(), static_cast<zip_uint64_t>(i), 0, &stat) != 0) {
            fail_input(where_, "an entry", zip_strerror(handle_->zip.get()));
        }
        entries_.push_back(checked_entry(stat, handle_->bytes.size(), where_));
        check_name(entries_.back().name, seen, where_);
    }
}

ZipArchive::~ZipArchive() = default;
ZipArchive::ZipArchive(ZipArchive&&) noexcept = default;
ZipArchive& ZipArchive::operator=(ZipArchive&&) noexcept = default;

std::size_t ZipArchive::find(std::string_view name) const {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [name](const ZipEntry& entry) { return entry.name == name; });
    return static_cast<std::size_t>(found - entries_.begin());
}

std::vector<std::byte> ZipArchive::read(std::string_view name, std::uint64_t max_bytes) const {
    const std::size_t index = find(name);
    if (index == entries_.size()) fail_input(where_, fmt::format("an entry '{}'", name), "none of that name");
    const std::string where = fmt::format("{}:{}", where_, name);
    const std::uint64_t size = entries_[index].size;
    if (size > max_bytes) fail_input(where, fmt::format("at most {} bytes", max_bytes), fmt::format("{}", size));

    const std::unique_ptr<zip_file_t, Discard> file(zip_fopen_index(handle_->zip.get(), index, 0));
    if (!file) fail_input(where, "an entry that can be read", zip_strerror(handle_->zip.get()));
    // Grows with what arrives, not with the claim (but for the compressed bytes, which are there); and reads
    // on until libzip sees the end, which is when it compares the checksum.
    std::vector<std::byte> out;
    out.reserve(std::min(size, entries_[index].compressed) + piece);
    while (true) {
        const std::size_t done = out.size();
        out.resize(done + piece);
        const zip_int64_t count = zip_fread(file.get(), out.data() + done, piece);
        if (count < 0) fail_input(where, fmt::format("{} undamaged bytes", size), zip_file_strerror(file.get()));
        out.resize(done + static_cast<std::size_t>(count));
        if (out.size() > size) fail_input(where, fmt::format("{} bytes", size), "more");
        if (count == 0) break;
    }
    if (out.size() != size) fail_input(where, fmt::format("{} bytes", size), fmt::format("{}", out.size()));
    return out;
}

ZipArchive open_zip(const std::filesystem::path& path, std::uint64_t max_bytes) {
    return {read_file(path, max_bytes), path.string()};
}

std::vector<std::byte> make_zip(std::span<const ZipContent> contents, std::string_view where) {
    if (contents.empty()) fail_input(where, "at least one entry", "none");
    ZipError error;
    const std::unique_ptr<zip_source_t, Discard> target(zip_source_buffer_create(nullptr, 0, 0, error.get()));
    if (!target) fail_work(where, "memory for an archive", error.text());
    std::unique_ptr<zip_t, Discard> zip(zip_open_from_source(target.get(), ZIP_TRUNCATE, error.get()));
    if (!zip) fail_work(where, "a new archive", error.text());
    zip_source_keep(target.get());  // the archive owns one reference, we the other

    std::set<std::string> seen;
    const auto check = [&](bool good) {
        if (!good) fail_work(where, "to add an entry", zip_strerror(zip.get()));
    };
    for (const ZipContent& content : contents) {
        check_name(content.name, seen, where);
        std::unique_ptr<zip_source_t, Discard> source(
            zip_source_buffer(zip.get(), content.bytes.data(), content.bytes.size(), 0));
        check(source != nullptr);
        const zip_int64_t added = zip_file_add(zip.get(), content.name.c_str(), source.get(), ZIP_FL_ENC_UTF_8);
        check(added >= 0);
        (void)source.release();
        const auto index = static_cast<zip_uint64_t>(added);
        constexpr zip_uint16_t first_of_january_1980 = 0x0021;
        constexpr zip_uint32_t plain_file = 0100644u << 16;
        check(zip_set_file_compression(zip.get(), index, ZIP_CM_STORE, 0) == 0);
        check(zip_file_set_dostime(zip.get(), index, 0, first_of_january_1980, 0) == 0);
        check(zip_file_set_external_attributes(zip.get(), index, 0, ZIP_OPSYS_UNIX, plain_file) == 0);
    }
    check(zip_close(zip.get()) == 0);
    (void)zip.release();

    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_source_stat(target.get(), &stat) != 0 || zip_source_open(target.get()) != 0) {
        fail_work(where, "the finished archive", zip_error_strerror(zip_source_error(target.get())));
    }
    std::vector<std::byte> out(stat.size);
    const zip_int64_t count = zip_source_read(target.get(), out.data(), out.size());
    zip_source_close(target.get());
    if (count != static_cast<zip_int64_t>(out.size())) fail_work(where, "the finished archive", "a part of it");
    return out;
}

void write_zip(const std::filesystem::path& path, std::span<const ZipContent> contents) {
    write_file_atomically(path, make_zip(contents, path.string()));
}

}  // namespace evenkeel
