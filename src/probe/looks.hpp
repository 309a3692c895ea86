#pragma once

#include <cstdint>
#include <vector>

#include "evenkeel/probe/probe.hpp"

namespace evenkeel {

/// When the probe looks, and at how many rows.
struct Looks {
    std::int64_t rows = 0;
    std::vector<std::int64_t> steps;  ///< ascending, each once
};

/// Looks at `first`, `last` and between them, at distances that grow with the square of the way (most changes early in
/// training), within the options' share of the rows trained on: first fewer looks, down to 16, then fewer rows, down
/// to 64, then fewer looks again, down to 8. A function of its arguments alone: no clock, so the same on every machine.
Looks plan_looks(const ProbeOptions& options, std::int64_t data_rows, std::int64_t first, std::int64_t last,
                 std::int64_t rows_a_step);

}  // namespace evenkeel
