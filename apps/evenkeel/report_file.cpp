#include "report_file.hpp"

#include "report/page.hpp"
#include "terminal.hpp"

namespace evenkeel::cli {

std::filesystem::path write_report(const RunFolder& folder, const nlohmann::ordered_json& summary, bool aloud) {
    if (page_template().empty()) {
        if (aloud) notice("report.html is left out: this program was built without npm, which the report page needs.");
        return {};
    }
    folder.write("report.html", report_page(nlohmann::ordered_json::array({summary})));
    return folder.path() / "report.html";
}

}  // namespace evenkeel::cli
