#include "cli/program.hpp"

namespace evenkeel {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

TEST(Report, RefusesWhatIsNoFinishedRun) {
    const TemporaryFolder folder;
    const auto with_summary = [&](const std::string& name, const std::string& text) {
        fs::create_directory(folder.path() / name);
        folder.write(name + "/summary.json", text);
        return (folder.path() / name).string();
    };
    expect_refusal({"report"}, {"[DIR]"});
    expect_refusal({"report", folder.path() / "none"}, {"the folder of a finished run"});
    expect_refusal({"report", with_summary("broken", "{\"command\": ")}, {"expected JSON"});
    expect_refusal({"report", with_summary("list", "[1, 2]")}, {"the summary of train or compare"});
    expect_refusal({"report", with_summary("other", R"({"command": "explain"})")}, {"the summary of train or compare"});
    expect_refusal({"report", with_summary("half", R"({"command": "compare", "arguments": {}})")}, {"a list of arms"});
    EXPECT_FALSE(fs::exists(folder.path() / "half" / "report.html"));
}

TEST(Report, JoinsRunsInOnePageOrSaysThatTheBuildHasNone) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    std::vector<std::string> words = {"report"};
    for (const char* optimizer : {"sgd", "adam"}) {
        const fs::path run_folder = folder.path() / optimizer;
        output_of({"compare", "--data", data.path(), "--epochs", "1", "--seeds", "1", "--optimizer", optimizer, "--out",
                   run_folder, "--quiet"});
        words.push_back(run_folder);
    }
    const bool with_page = fs::exists(folder.path() / "sgd" / "report.html");
    words.insert(words.end(), {"--out", folder.path() / "both.html"});
    if (!with_page) return expect_refusal(words, {"[report]", "npm"}, 1);
    output_of(words);
    const std::string page = text_of_file(folder.path() / "both.html");
    EXPECT_THAT(page, HasSubstr(R"("optimizer":"sgd")"));
    EXPECT_THAT(page, HasSubstr(R"("optimizer":"adam")"));
    expect_refusal({"report", folder.path() / "sgd", "--out", folder.path()}, {"--out", "a folder"});
}

}  // namespace
}  // namespace evenkeel
