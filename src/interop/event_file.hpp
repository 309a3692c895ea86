#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

/// A file of TensorBoard events, written while a training runs so that TensorBoard can follow it: events gather in
/// memory and `flush` appends them, whole records at a time. Beside older files of the folder, it takes their place from
/// its first step on.
class EVENKEEL_API EventFile {
  public:
    /// Makes the folder where it is missing, and a new file in it. Throws Error{input} where that cannot be.
    EventFile(const std::filesystem::path& folder, std::int64_t first_step);
    ~EventFile();
    EventFile(const EventFile&) = delete;
    EventFile& operator=(const EventFile&) = delete;

    void scalar(const std::string& tag, std::int64_t step, double value);
    void histogram(const std::string& tag, std::int64_t step, std::span<const float> values);

    /// Throws Error{input} where the disk does not take it.
    void flush();
    const std::filesystem::path& path() const { return path_; }

  private:
    void add(const std::string& event);
    std::filesystem::path path_;
    int file_ = -1;
    std::string waiting_;
};

}  // namespace evenkeel
