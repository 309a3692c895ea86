#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/clock.hpp"

namespace evenkeel::cli {

using nlohmann::json;

/// {command, version, arguments, machine {cpu, threads, simd}, seconds}: what every summary.json and every
/// `--json` begins with. The clock starts when it is made.
class JsonHeader {
  public:
    explicit JsonHeader(std::string command) : command_(std::move(command)) {}
    json arguments = json::object();  ///< as they were understood, defaults included
    double seconds() const { return seconds_since(start_); }
    /// The header with the result's own keys behind it.
    nlohmann::ordered_json with(const json& result) const;

  private:
    std::string command_;
    Clock::time_point start_ = Clock::now();
};

/// As text with a newline at the end. File names that are not UTF-8 lose their odd bytes, nothing fails.
std::string text_of(const nlohmann::ordered_json& document);

/// null for what is not finite: JSON has no word for it.
json number_or_null(double value);

}  // namespace evenkeel::cli
