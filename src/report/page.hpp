#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace evenkeel {

/// The report page as web/ built it, with one place for the numbers. Empty where the build had no npm.
std::string_view page_template();

/// The page with its numbers in place. Throws Error{work} where it has no place for them.
std::string fill_page(std::string_view page, const nlohmann::ordered_json& runs);

/// One self-contained HTML file that shows finished runs, each a summary.json of `train` or `compare`. Every number on
/// it comes from `runs`, which it carries along. Throws Error{work} where the build left the page out.
std::string report_page(const nlohmann::ordered_json& runs);

}  // namespace evenkeel
