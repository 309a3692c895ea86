#pragma once

#include <CLI/CLI.hpp>

#include "command.hpp"

namespace evenkeel::cli {

// The subcommands of `bench`, each in a file of its name.
void add_bench_step(CLI::App& bench, Action& chosen);
void add_bench_batchnorm(CLI::App& bench, Action& chosen);
void add_bench_predict(CLI::App& bench, Action& chosen);
void add_bench_job(CLI::App& bench, Action& chosen);

}  // namespace evenkeel::cli
