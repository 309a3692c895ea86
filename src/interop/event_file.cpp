#include "interop/event_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <system_error>

#include "evenkeel/core/error.hpp"
#include "interop/event_bytes.hpp"

namespace evenkeel {
namespace {

namespace fs = std::filesystem;

double now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// TensorBoard asks for "tfevents" in the name and reads the files of a folder in the order of their names.
std::string new_name() {
    static std::atomic<int> files = 0;
    return fmt::format("events.out.tfevents.{:010.0f}.evenkeel.{}.{}", std::floor(now()), ::getpid(), files++);
}

std::string reason(int error) {
    return std::generic_category().message(error);
}

}  // namespace

EventFile::EventFile(const fs::path& folder, std::int64_t first_step) {
    std::error_code problem;
    fs::create_directories(folder, problem);
    if (problem && !fs::is_directory(folder))
        fail_input("tensorboard", "a folder that can be made",
                   fmt::format("{} ({})", folder.string(), problem.message()));
    path_ = folder / new_name();
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ < 0) {
        const int error = errno;
        fail_input("tensorboard", "a folder that can be written",
                   fmt::format("{} ({})", folder.string(), reason(error)));
    }
    add(version_event(now()));
    add(start_event(now(), first_step));
    flush();
}

EventFile::~EventFile() {
    try {
        flush();
    } catch (...) {  // whoever needs to know has called flush
    }
    ::close(file_);
}

void EventFile::add(const std::string& event) {
    waiting_ += record_bytes(event);
}

void EventFile::scalar(const std::string& tag, std::int64_t step, double value) {
    add(scalar_event(now(), step, tag, static_cast<float>(value)));
}

void EventFile::histogram(const std::string& tag, std::int64_t step, std::span<const float> values) {
    add(histogram_event(now(), step, tag, histogram_of(values)));
}

// A full disk is told as a fault of the folder, not of the work: in a comparison a failed work is a diverged run.
void EventFile::flush() {
    std::string_view rest = waiting_;
    while (!rest.empty()) {
        const ssize_t written = ::write(file_, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            const int error = errno;
            waiting_.clear();
            fail_input("tensorboard", fmt::format("room for events in {}", path_.string()), reason(error));
        }
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    waiting_.clear();
}

}  // namespace evenkeel
