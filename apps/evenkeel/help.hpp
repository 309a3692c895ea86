#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace evenkeel::cli {

/// Help as a person reads it: what it does, how it is called, its options in aligned columns of at most 100
/// characters with their defaults, and examples (the footer).
class HelpFormatter : public CLI::FormatterBase {
  public:
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

/// What `evenkeel` alone prints: the three commands to begin with.
std::string short_help();

}  // namespace evenkeel::cli
