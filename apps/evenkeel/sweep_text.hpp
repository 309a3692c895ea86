#pragma once

#include <string>

#include "compare_options.hpp"
#include "evenkeel/study/sweep.hpp"

namespace evenkeel::cli {

/// What a sweep prints: value × arm, a chart of it, the useful ranges, and the verdicts. `width`: columns to fill.
std::string sweep_text(const CompareCommand& options, const Dataset& data, const SweepResult& result, int width);

/// value,arm,seed,epoch,…: every epoch of every cell.
std::string sweep_csv(const SweepResult& result);

}  // namespace evenkeel::cli
