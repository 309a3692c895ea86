#include "report_file.hpp"

#include "command_line.hpp"
#include "evenkeel/study/explain.hpp"
#include "report/page.hpp"
#include "study/explain_json.hpp"
#include "study/input_distribution.hpp"
#include "terminal.hpp"

namespace evenkeel::cli {

json page_context(const Dataset& data, const ModelDescription& model) {
    return {{"command_line", command_line()},
            {"input", to_json(input_distribution(data.train, data.feature_names, model))},
            {"explain", to_json(explain())}};
}

std::filesystem::path write_report(const RunFolder& folder, const nlohmann::ordered_json& summary, bool aloud) {
    if (page_template().empty()) {
        if (aloud) notice("report.html is left out: this program was built without npm, which the report page needs.");
        return {};
    }
    folder.write("report.html", report_page(nlohmann::ordered_json::array({summary})));
    return folder.path() / "report.html";
}

}  // namespace evenkeel::cli
