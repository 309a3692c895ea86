#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace evenkeel {

struct ProgramResult {
    bool started = false;  ///< false: there is no such program on the PATH
    int status = 0;        ///< exit code, or 128 + the signal that ended it
    std::string output;    ///< stdout and stderr, the last 16 KiB
};

/// Runs a program of the PATH to its end, in `folder`, without a shell and with an empty stdin.
/// Throws Error{work} where the system has no processes or pipes left.
ProgramResult run_program(const std::vector<std::string>& arguments, const std::filesystem::path& folder);

}  // namespace evenkeel
