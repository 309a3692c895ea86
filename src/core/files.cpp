#include "core/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

std::string reason(int number) {
    return std::generic_category().message(number);
}

class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int get() const { return number_; }
    bool close() {  // some file systems report a failed write only here
        const int number = number_;
        number_ = -1;
        return ::close(number) == 0;
    }

  private:
    int number_;
};

// Removes the temporary file unless it has been renamed.
class Temporary {
  public:
    explicit Temporary(std::string name) : name_(std::move(name)) {}
    ~Temporary() {
        if (!name_.empty()) ::unlink(name_.c_str());
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;

    const std::string& name() const { return name_; }
    void keep() { name_.clear(); }

  private:
    std::string name_;
};

// Several threads and processes may write into one folder, so the name carries both. O_EXCL passes over what
// a killed process with the same number left behind.
std::pair<int, std::string> open_beside(const std::filesystem::path& path) {
    static std::atomic<unsigned> counter{0};
    for (int attempt = 0; attempt < 1000; ++attempt) {
        const std::string name =
            path.parent_path() /
            fmt::format(".{}.{}-{}.tmp", path.filename().string().substr(0, 200), ::getpid(), counter++);
        const int number = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (number >= 0) return {number, name};
        if (errno != EEXIST) {
            const bool disk = errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EMFILE;
            const std::string text = reason(errno);
            (disk ? fail_work : fail_input)(path.string(), "a folder that can be written", text);
        }
    }
    fail_work(path.string(), "a free name for a temporary file", "1000 names taken");
}

// The file that `path` stands for, following symbolic links; refuses to replace a folder or a device.
std::filesystem::path target_of(const std::filesystem::path& path) {
    if (path.filename().empty()) fail_input(path.string(), "the name of a file", "no name");
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) {
        if (std::filesystem::is_symlink(path, error)) fail_input(path.string(), "a file", "a dangling symbolic link");
        return path;
    }
    if (error) fail_input(path.string(), "a file that can be replaced", error.message());
    if (!std::filesystem::is_regular_file(status))
        fail_input(path.string(), "a regular file or a new name", "something else");
    std::filesystem::path target = std::filesystem::canonical(path, error);
    if (error) fail_input(path.string(), "a file that can be replaced", error.message());
    return target;
}

void sync_folder(const std::filesystem::path& folder, const std::string& where) {
    const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // A folder that may be written but not read cannot be opened; the file itself is safe by then.
    if (descriptor.get() < 0) return;
    if (::fsync(descriptor.get()) != 0 && errno != EINVAL) fail_work(where, "its folder on disk", reason(errno));
}

}  // namespace

std::vector<std::byte> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
    const std::string where = path.string();
    // O_NONBLOCK: opening a pipe that nobody writes would hang.
    const Descriptor descriptor(::open(where.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (descriptor.get() < 0) fail_input(where, "a file that can be read", reason(errno));
    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0) fail_work(where, "the size of the file", reason(errno));
    if (S_ISDIR(status.st_mode)) fail_input(where, "a file", "a folder");
    if (!S_ISREG(status.st_mode)) fail_input(where, "a regular file", "a pipe or a device");
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > max_bytes) {
        fail_input(where, fmt::format("a file of at most {} bytes", max_bytes), fmt::format("{} bytes", size));
    }
    std::vector<std::byte> bytes(size);
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count = ::read(descriptor.get(), bytes.data() + done, bytes.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail_work(where, fmt::format("{} bytes", size), reason(errno));
        if (count == 0) fail_work(where, fmt::format("{} bytes", size), fmt::format("an end after {} bytes", done));
        done += static_cast<std::size_t>(count);
    }
    return bytes;
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    const std::string where = path.string();
    const std::filesystem::path target = target_of(path);
    const auto [number, name] = open_beside(target);
    Temporary temporary(name);
    Descriptor descriptor(number);

    struct stat old {};
    if (::stat(target.c_str(), &old) == 0 && ::fchmod(number, old.st_mode & 07777) != 0) {
        fail_work(where, "the permissions of the old file", reason(errno));
    }
    while (!bytes.empty()) {
        const ssize_t count = ::write(number, bytes.data(), std::min(bytes.size(), std::size_t{1} << 30));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail_work(where, fmt::format("to write {} more bytes", bytes.size()), reason(errno));
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    if (::fsync(number) != 0) fail_work(where, "the file on disk", reason(errno));
    if (!descriptor.close()) fail_work(where, "the file on disk", reason(errno));
    if (::rename(name.c_str(), target.c_str()) != 0) fail_work(where, "to rename the finished file", reason(errno));
    temporary.keep();
    sync_folder(target.has_parent_path() ? target.parent_path() : ".", where);
}

}  // namespace evenkeel
