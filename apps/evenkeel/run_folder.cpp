#include "run_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <span>
#include <system_error>

#include "core/files.hpp"
#include "evenkeel/core/error.hpp"

namespace evenkeel::cli {
namespace {

namespace fs = std::filesystem;

/// Creates and removes a file there: the only test that counts (permissions say little to root, and nothing
/// about a read-only disk).
void try_writing(const fs::path& folder, const std::string& shown, const char* option = "--out") {
    const std::string name = folder / fmt::format(".evenkeel-{}.tmp", ::getpid());
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        fail_input(option, "a folder that can be written",
                   fmt::format("{} ({})", shown, std::generic_category().message(errno)));
    }
    ::close(file);
    ::unlink(name.c_str());
}

std::vector<fs::path> step_files(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("step-") && name.ends_with(".keras")) files.push_back(entry.path());
    }
    return files;
}

}  // namespace

RunFolder::RunFolder(const fs::path& path, const char* option) : path_(path) {
    std::error_code problem;
    fs::path missing = path_;
    std::vector<fs::path> to_make;
    while (!missing.empty() && !fs::exists(missing, problem) && missing != missing.root_path()) {
        if (missing.has_filename()) to_make.insert(to_make.begin(), missing);
        missing = missing.parent_path();
    }
    const auto undo = [this] {
        std::error_code ignored;
        for (auto it = made_.rbegin(); it != made_.rend(); ++it) fs::remove(*it, ignored);
    };
    for (const fs::path& folder : to_make) {
        if (!fs::create_directory(folder, problem) && problem) {
            undo();
            fail_input(option, "a folder that can be made", fmt::format("{} ({})", path_.string(), problem.message()));
        }
        made_.push_back(folder);
    }
    if (!fs::is_directory(path_, problem)) {
        undo();
        fail_input(option, "a folder or a new name", fmt::format("{}, which is a file", path_.string()));
    }
    try {
        try_writing(path_, path_.string(), option);
        if (fs::exists(checkpoints(), problem) && !fs::is_directory(checkpoints(), problem))
            fail_input("--out", "a folder for checkpoints", checkpoints().string() + ", which is a file");
    } catch (...) {
        undo();
        throw;
    }
}

RunFolder::~RunFolder() {
    std::error_code ignored;  // a folder with something in it stays
    for (auto it = made_.rbegin(); it != made_.rend(); ++it) fs::remove(*it, ignored);
}

void RunFolder::start_over() const {
    const std::vector<fs::path> files = step_files(checkpoints());
    if (files.empty()) return;
    std::error_code none;
    // A finished run writes its summary last.
    const auto finished = fs::last_write_time(path_ / "summary.json", none);
    for (const fs::path& file : files) {
        if (none || fs::last_write_time(file) > finished) {
            fail_input("--out",
                       "a folder without an unfinished training (add --resume to go on with it, name "
                       "another folder, or remove it)",
                       file.string());
        }
    }
    for (const fs::path& file : files) fs::remove(file, none);
}

void RunFolder::write(const char* name, std::string_view text) const {
    write_file_atomically(path_ / name, std::as_bytes(std::span(text)));
}

void check_writable(const fs::path& file) {
    std::error_code problem;
    if (fs::is_directory(file, problem) || !file.has_filename())
        fail_input("--out", "the name of a file", fmt::format("{}, which is a folder", file.string()));
    if (fs::exists(file, problem) && !fs::is_regular_file(file, problem))
        fail_input("--out", "a regular file or a new name", fmt::format("{}, which is a device", file.string()));
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    if (!fs::is_directory(folder, problem))
        fail_input("--out", "a folder that exists", fmt::format("{}", folder.string()));
    try_writing(folder, folder.string());
}

}  // namespace evenkeel::cli
