#include "report/page.hpp"

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

constexpr std::string_view place = "__EVENKEEL_RUNS__";

/// JSON as it may stand inside <script>: no "</script>" or "<!--" can end or bend the element, and no U+2028 a line.
/// Outside of strings JSON has none of these characters, so that escapes lose nothing.
std::string json_for_script(const nlohmann::ordered_json& document) {
    const std::string json = document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    std::string out;
    out.reserve(json.size());
    for (std::size_t i = 0; i < json.size(); ++i) {
        const std::string_view rest = std::string_view(json).substr(i, 3);
        if (rest == "\u2028" || rest == "\u2029") {
            out += rest == "\u2028" ? "\\u2028" : "\\u2029";
            i += 2;
        } else if (json[i] == '<' || json[i] == '>' || json[i] == '&') {
            out += json[i] == '<' ? "\\u003c" : json[i] == '>' ? "\\u003e" : "\\u0026";
        } else {
            out += json[i];
        }
    }
    return out;
}

}  // namespace

std::string fill_page(std::string_view page, const nlohmann::ordered_json& runs) {
    const std::size_t at = page.find(place);
    if (at == std::string_view::npos) fail_work("report", "a place for the numbers in the page", "none");
    std::string out(page.substr(0, at));
    out += json_for_script({{"runs", runs}});
    out += page.substr(at + place.size());
    return out;
}

std::string report_page(const nlohmann::ordered_json& runs) {
    if (page_template().empty())
        fail_work("report", "a program that was built with npm at hand", "one without the report page");
    return fill_page(page_template(), runs);
}

}  // namespace evenkeel
