#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace evenkeel {

/// The report page as web/ built it, with one place for the numbers. Empty where the build had no npm.
std::string_view page_template();

/// One self-contained HTML file that shows finished runs, each a summary.json of `train` or `compare`. Every number on
/// it comes from `runs`, which it carries along. Throws Error{work} where the build left the page out.
std::string report_page(const nlohmann::ordered_json& runs);

}  // namespace evenkeel
