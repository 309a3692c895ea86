#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace evenkeel::cli {

/// The folder of a run (`--out`). Made and tried for writing at once, so that no work is lost to a folder that
/// cannot be written; folders that were made and stay empty vanish again.
class RunFolder {
  public:
    /// Throws Error{input} naming the option where it cannot be made or written.
    explicit RunFolder(const std::filesystem::path& path, const char* option = "--out");
    ~RunFolder();
    RunFolder(const RunFolder&) = delete;
    RunFolder& operator=(const RunFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path checkpoints() const { return path_ / "checkpoint"; }

    /// Refuses to start over where an earlier training here was interrupted and could go on, and removes the
    /// checkpoints of a finished one.
    void start_over() const;

    /// Replaces a file, whole or not at all.
    void write(const char* name, std::string_view text) const;

  private:
    std::filesystem::path path_;
    std::vector<std::filesystem::path> made_;  ///< the outermost first
};

/// Throws Error{input} where a file of that name could not be written later on: no such folder, a folder of
/// that name, no permission.
void check_writable(const std::filesystem::path& file);

}  // namespace evenkeel::cli
