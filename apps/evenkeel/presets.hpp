#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace evenkeel::cli {

/// A sweep with a name: defaults for options of `compare`, which a user's own options replace.
struct Preset {
    const char* name;
    const char* question;                                      ///< of the lecture's, that it answers
    std::vector<std::pair<const char*, const char*>> options;  ///< "--epochs", "1"; the first is --sweep
    const char* why;                                           ///< these values were chosen
};

std::span<const Preset> presets();
std::span<const char* const> preset_names();
const Preset& preset(const std::string& name);  ///< one of the names

/// The options as they would be typed, "--sweep learning_rate=0.1,1 --epochs 1", in lines of at most `width` columns
/// where no option is torn from its value.
std::vector<std::string> typed(const Preset& preset, int width);

/// All of them, as help.
std::string preset_help();

}  // namespace evenkeel::cli
