#pragma once

#include <CLI/CLI.hpp>

#include "compare_options.hpp"

namespace evenkeel::cli {

/// `--sweep`, `--preset` and what belongs to them.
void add_sweep_options(CLI::App& app, CompareCommand& options);

/// Once all of the command line is read: puts the preset's options where none was given. Throws Error{input} where the
/// sweep's key was given as an option too, or an option of sweeps without a sweep.
void settle_sweep(CLI::App& app, CompareCommand& options);

/// `compare` with `--sweep`.
int run_sweep(const CompareCommand& options);

}  // namespace evenkeel::cli
