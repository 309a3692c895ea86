#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "evenkeel/interop/keras.hpp"

// load_keras and save_keras without the disk. `file` names the archive in messages.
namespace evenkeel::keras {

SavedModel read_archive(std::vector<std::byte> bytes, const std::string& file);
std::vector<std::byte> write_archive(const SavedModel& model, const std::string& file);

}  // namespace evenkeel::keras
