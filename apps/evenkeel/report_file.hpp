#pragma once

#include "evenkeel/data/dataset.hpp"
#include "evenkeel/model/description.hpp"
#include "json_header.hpp"
#include "run_folder.hpp"

namespace evenkeel::cli {

/// What every comparison's page shows besides its results: {"command_line", "input", "explain"}; the inputs as the
/// model scales them, the batch of `evenkeel explain`.
json page_context(const Dataset& data, const ModelDescription& model);

/// Writes report.html of this summary into the run's folder, unless the program was built without the page: then it
/// says so in one line, if `aloud`. Returns its path, or an empty one.
std::filesystem::path write_report(const RunFolder& folder, const nlohmann::ordered_json& summary, bool aloud);

}  // namespace evenkeel::cli
