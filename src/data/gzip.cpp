#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "data/byte_source.hpp"
#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

class Descriptor {
  public:
    explicit Descriptor(int value) : value_(value) {}
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    Descriptor(Descriptor&& other) noexcept : value_(other.release()) {}
    Descriptor& operator=(Descriptor&&) = delete;
    int get() const { return value_; }
    int release() { return std::exchange(value_, -1); }

  private:
    int value_;
};

class PlainFile final : public ByteSource {
  public:
    PlainFile(std::string name, Descriptor file, std::uint64_t size)
        : ByteSource(std::move(name)), file_(std::move(file)), left_(size) {}

    std::size_t read(std::span<std::uint8_t> out) override {
        std::size_t done = 0;
        const std::size_t wanted = std::min<std::uint64_t>(out.size(), left_);
        while (done < wanted) {
            const ssize_t got = ::read(file_.get(), out.data() + done, wanted - done);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) fail_work(name(), "a readable file", std::strerror(errno));
            if (got == 0) break;  // the file shrank meanwhile
            done += static_cast<std::size_t>(got);
        }
        left_ -= done;
        return done;
    }
    std::uint64_t most_bytes_left() const override { return left_; }
    bool knows_length() const override { return true; }

  private:
    Descriptor file_;
    std::uint64_t left_;
};

class GzipFile final : public ByteSource {
  public:
    GzipFile(std::string name, Descriptor file, std::uint64_t size)
        : ByteSource(std::move(name)), most_left_(size * most_expansion), stream_(gzdopen(file.get(), "rb")) {
        if (stream_ == nullptr) fail_work(this->name(), "memory for inflating", "none");
        file.release();  // gzclose closes it
        gzbuffer(stream_, 1 << 17);
    }
    ~GzipFile() override { gzclose(stream_); }

    std::size_t read(std::span<std::uint8_t> out) override {
        std::size_t done = 0;
        while (done < out.size()) {
            const auto wanted = static_cast<unsigned>(std::min<std::size_t>(out.size() - done, 1u << 30));
            const int got = gzread(stream_, out.data() + done, wanted);
            if (got < 0) fail_damaged();
            done += static_cast<std::size_t>(got);
            if (static_cast<unsigned>(got) == wanted) continue;
            // A short count is the end, but only the error state tells a whole end from a cut one.
            int code = Z_OK;
            gzerror(stream_, &code);
            if (code != Z_OK && code != Z_STREAM_END) fail_damaged();
            break;
        }
        most_left_ -= std::min<std::uint64_t>(most_left_, done);
        return done;
    }
    std::uint64_t most_bytes_left() const override { return most_left_; }
    bool knows_length() const override { return false; }

  private:
    [[noreturn]] void fail_damaged() const {
        int code = Z_OK;
        std::string_view why = gzerror(stream_, &code);
        const std::size_t colon = why.find(": ");  // zlib puts "<fd:3>: " in front
        if (colon != std::string_view::npos) why.remove_prefix(colon + 2);
        fail_input(name(), "a whole gzip stream", fmt::format("a truncated or damaged one ({})", why));
    }

    std::uint64_t most_left_;
    gzFile stream_;
};

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& path, Inflate inflate) {
    std::string name = path.string();
    // O_NONBLOCK: opening a pipe that nobody writes to must not hang; it is refused below.
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.get() < 0) fail_input(name, "a readable file", std::strerror(errno));
    struct stat status = {};
    if (::fstat(file.get(), &status) != 0) fail_work(name, "a readable file", std::strerror(errno));
    if (!S_ISREG(status.st_mode)) fail_input(name, "a regular file", "something else");
    const auto size = static_cast<std::uint64_t>(status.st_size);
    std::uint8_t magic[2] = {};
    const bool gzip =
        inflate == Inflate::if_gzip && ::pread(file.get(), magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    if (gzip) return std::make_unique<GzipFile>(std::move(name), std::move(file), size);
    return std::make_unique<PlainFile>(std::move(name), std::move(file), size);
}

}  // namespace evenkeel
