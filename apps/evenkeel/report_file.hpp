#pragma once

#include "json_header.hpp"
#include "run_folder.hpp"

namespace evenkeel::cli {

/// Writes report.html of this summary into the run's folder, unless the program was built without the page: then it
/// says so in one line, if `aloud`. Returns its path, or an empty one.
std::filesystem::path write_report(const RunFolder& folder, const nlohmann::ordered_json& summary, bool aloud);

}  // namespace evenkeel::cli
