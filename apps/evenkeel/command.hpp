#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace evenkeel::cli {

/// Exit codes: part of the public contract.
inline constexpr int done = 0;
inline constexpr int work_failed = 1;
inline constexpr int input_wrong = 2;
inline constexpr int interrupted = 130;

/// What a subcommand does once the whole command line has been understood; returns the exit code.
using Action = std::function<int()>;

// One per subcommand, each in a file of its name. They add it to the app and, when it is the one that was
// called, set `chosen`. Errors are thrown as evenkeel::Error; only main prints them.
void add_train(CLI::App& app, Action& chosen);
void add_compare(CLI::App& app, Action& chosen);
void add_report(CLI::App& app, Action& chosen);
void add_explain(CLI::App& app, Action& chosen);
void add_evaluate(CLI::App& app, Action& chosen);
void add_predict(CLI::App& app, Action& chosen);
void add_summary(CLI::App& app, Action& chosen);
void add_standardize(CLI::App& app, Action& chosen);
void add_data(CLI::App& app, Action& chosen);
void add_bench(CLI::App& app, Action& chosen);

}  // namespace evenkeel::cli
