#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "command.hpp"
#include "core/files.hpp"
#include "evenkeel/core/error.hpp"
#include "json_header.hpp"
#include "option_values.hpp"
#include "report/page.hpp"
#include "run_folder.hpp"
#include "terminal.hpp"
#include "training_options.hpp"

namespace evenkeel::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::uint64_t most_bytes = std::uint64_t{64} << 20;

struct ReportOptions {
    std::vector<std::string> runs;
    std::string out;
    bool json = false;
};

/// The summary of a finished run, as far as the page relies on it.
ordered_json summary_of(const std::string& folder) {
    const fs::path file = fs::path(folder) / "summary.json";
    std::error_code none;
    if (!fs::exists(file, none)) fail_input(folder, "the folder of a finished run, with a summary.json", "none there");
    const std::vector<std::byte> bytes = read_file(file, most_bytes);
    const auto* text = reinterpret_cast<const char*>(bytes.data());
    ordered_json summary = ordered_json::parse(text, text + bytes.size(), nullptr, false);
    if (summary.is_discarded()) fail_input(file.string(), "JSON", "something else");
    const ordered_json command = summary.is_object() ? summary.value("command", ordered_json()) : ordered_json();
    if (command != "compare" && command != "train")
        fail_input(file.string(), "the summary of train or compare", "that of another command");
    const char* part = command == "compare" ? "arms" : "epochs";
    if (!summary.contains(part) || !summary[part].is_array() || !summary.contains("arguments") ||
        !summary["arguments"].is_object()) {
        fail_input(file.string(), fmt::format("arguments and a list of {}", part), "another document");
    }
    return summary;
}

int run_report(const ReportOptions& o) {
    JsonHeader header("report");
    ordered_json runs = ordered_json::array();
    for (const std::string& folder : o.runs) runs.push_back(summary_of(folder));
    const fs::path out = !o.out.empty()       ? fs::path(o.out)
                         : o.runs.size() == 1 ? fs::path(o.runs.front()) / "report.html"
                                              : fs::path("report.html");
    check_writable(out);
    const std::string page = report_page(runs);
    write_file_atomically(out, std::as_bytes(std::span(page)));
    header.arguments = {{"runs", o.runs}, {"out", out.string()}};
    print(o.json ? text_of(header.with({{"bytes", page.size()}})) : fmt::format("  saved {}\n", out.string()));
    return done;
}

}  // namespace

void add_report(CLI::App& app, Action& chosen) {
    auto options = std::make_shared<ReportOptions>();
    CLI::App* sub = app.add_subcommand("report", "Makes one page of pictures from finished runs");
    sub->add_option("DIR", options->runs, "folders of finished runs (train or compare), shown side by side")
        ->required()
        ->expected(1, 16);
    add_text(*sub, "--out", options->out, "the page; of one run DIR/report.html, of several ./report.html", "FILE");
    add_output_flags(*sub, options->json, nullptr);
    sub->footer(
        R"(train and compare write the page of their own run beside its summary.json. The page is one file that
needs no network; all numbers on it come from summary.json, which it carries along.

Examples:
  evenkeel report runs/compare
  evenkeel report runs/demo/sgd runs/demo/adam --out runs/demo/report.html)");
    sub->callback([options, &chosen] { chosen = [options] { return run_report(*options); }; });
}

}  // namespace evenkeel::cli
