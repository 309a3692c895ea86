#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

struct BenchJobRun {
    double seconds = 0;           ///< wall time from starting the process to its end
    std::int64_t peak_bytes = 0;  ///< most memory that it held at once (maximum resident set)
    std::string output;           ///< all that it printed, on stdout and stderr
};

/// Runs a program to its end in a process of its own, with an empty stdin. command[0] is a path.
/// Throws Error{input} where it ends with exit code 2 (its input was wrong), Error{work} where it cannot be started or ends
/// in another way than with 0.
EVENKEEL_API BenchJobRun bench_job(const std::vector<std::string>& command);

}  // namespace evenkeel
