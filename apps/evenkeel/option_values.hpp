#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace evenkeel::cli {

// Options whose values are checked as they are read, with one wording for every mistake:
// `[--epochs] expected a whole number from 1 to 1000000, got "abc"`.

CLI::Option* add_text(CLI::App& app, const std::string& name, std::string& value, const std::string& help,
                      const std::string& type);

/// A `value` below `low` stands for "not given" and is no default to be shown.
CLI::Option* add_whole(CLI::App& app, const std::string& name, std::int64_t& value, std::int64_t low, std::int64_t high,
                       const std::string& help);
CLI::Option* add_whole_list(CLI::App& app, const std::string& name, std::vector<std::int64_t>& values, std::int64_t low,
                            std::int64_t high, const std::string& help);

/// A finite number in [low, high], or in (low, high] where `above`.
struct Range {
    double low, high;
    bool above = false;
};
CLI::Option* add_number(CLI::App& app, const std::string& name, double& value, Range range, const std::string& help);
CLI::Option* add_number_list(CLI::App& app, const std::string& name, std::vector<double>& values, Range range,
                             const std::string& help);

CLI::Option* add_choice(CLI::App& app, const std::string& name, std::string& value, std::span<const char* const> words,
                        const std::string& help);

}  // namespace evenkeel::cli
