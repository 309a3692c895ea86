#include <signal.h>

#include <chrono>
#include <thread>

#include "cli/program.hpp"

namespace evenkeel {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using Words = std::vector<std::string>;
namespace fs = std::filesystem;

// Some 2600 steps, so that there is something to interrupt.
Words training(const fs::path& out, bool resume) {
    Words words = {"train",  "--data",
                   "digits", "--batch-size",
                   "16",     "--epochs",
                   "6",      "--optimizer",
                   "adam",   "--checkpoint-steps",
                   "150",    "--quiet",
                   "--out",  out};
    if (resume) words.push_back("--resume");
    return words;
}

/// What the training gives when nobody disturbs it; trained once.
const json& undisturbed() {
    static const json summary = [] {
        const TemporaryFolder folder;
        return json_of(training(folder.path() / "run", false));
    }();
    return summary;
}

std::int64_t newest_step(const fs::path& run_folder) {
    std::int64_t newest = -1;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(run_folder / "checkpoint", none)) {
        const std::string name = entry.path().filename();
        if (name.starts_with("step-")) newest = std::max(newest, static_cast<std::int64_t>(std::stoll(name.substr(5))));
    }
    return newest;
}

/// Waits until a checkpoint later than `step` is there; false where the program ended before.
bool wait_for_checkpoint(Program& program, const fs::path& run_folder, std::int64_t step) {
    while (newest_step(run_folder) <= step) {
        if (!program.running()) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

void expect_undisturbed(const json& resumed) {
    EXPECT_EQ(resumed["weights_sha256"], undisturbed()["weights_sha256"]);
    EXPECT_EQ(resumed["test_loss"], undisturbed()["test_loss"]);
    ASSERT_EQ(resumed["epochs"].size(), 6U);
    for (std::size_t i = 0; i < 6; ++i)
        EXPECT_EQ(resumed["epochs"][i]["train_loss"], undisturbed()["epochs"][i]["train_loss"]);
}

TEST(Interrupt, KilledAgainAndAgainItEndsWithTheSameBits) {
    const TemporaryFolder folder;
    const fs::path out = folder.path() / "run";
    int kills = 0;
    for (std::int64_t trial = 0; trial < 5; ++trial) {
        Program program(training(out, trial > 0));
        // At a checkpoint, and some way behind it: in the middle of a step, or of writing the next one.
        if (!wait_for_checkpoint(program, out, newest_step(out))) break;
        std::this_thread::sleep_for(std::chrono::microseconds(trial * 3700 % 11000));
        program.send(SIGKILL);
        kills += program.wait().code == -SIGKILL ? 1 : 0;
    }
    EXPECT_GE(kills, 3);
    expect_undisturbed(json_of(training(out, true)));
    for (const auto& entry : fs::directory_iterator(out))
        EXPECT_THAT(entry.path().filename().string(), testing::Not(HasSubstr(".tmp")));
}

TEST(Interrupt, ADamagedCheckpointIsPassedOver) {
    const TemporaryFolder folder;
    const fs::path out = folder.path() / "run";
    Program program(training(out, false));
    ASSERT_TRUE(wait_for_checkpoint(program, out, 150)) << program.wait().err;
    program.send(SIGKILL);
    program.wait();
    const fs::path newest = out / "checkpoint" / ("step-" + std::to_string(newest_step(out)) + ".keras");
    fs::resize_file(newest, fs::file_size(newest) / 2);
    expect_undisturbed(json_of(training(out, true)));
}

void interrupt_and_resume(int signal) {
    const TemporaryFolder folder;
    const fs::path out = folder.path() / "run";
    Program program(training(out, false));
    ASSERT_TRUE(wait_for_checkpoint(program, out, -1)) << program.wait().err;
    const std::int64_t before = newest_step(out);
    program.send(signal);
    const Outcome o = program.wait();
    EXPECT_EQ(o.code, 130) << o.err;
    EXPECT_EQ(o.out, "");
    EXPECT_THAT(o.err, HasSubstr("Interrupted"));
    EXPECT_THAT(o.err, HasSubstr("--resume"));
    EXPECT_FALSE(fs::exists(out / "model.keras"));
    EXPECT_GE(newest_step(out), before);
    // An unfinished training is not overwritten by accident.
    expect_refusal(training(out, false), {"--resume", "unfinished"});
    expect_undisturbed(json_of(training(out, true)));
}

TEST(Interrupt, CtrlCSavesAndResumesToTheSameBits) {
    interrupt_and_resume(SIGINT);
}
TEST(Interrupt, SoDoesSigterm) {
    interrupt_and_resume(SIGTERM);
}

TEST(Interrupt, AComparisonKeepsTheSeedsThatAreDone) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const fs::path out = folder.path() / "run";
    Program program({"compare", "--data", data.path(), "--seeds", "10000", "--epochs", "2", "--out", out, "--json"});
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    ASSERT_TRUE(program.running());
    program.send(SIGINT);
    const Outcome o = program.wait();
    EXPECT_EQ(o.code, 130) << o.err;
    const json j = json::parse(o.out, nullptr, false);
    ASSERT_TRUE(j.contains("arms")) << o.out << o.err;
    EXPECT_EQ(j["interrupted"], true);
    EXPECT_GE(j["arms"][0]["runs"].size(), 1U);
    for (const json& arm : j["arms"]) EXPECT_EQ(arm["runs"].size(), j["arms"][0]["runs"].size());
    EXPECT_EQ(json::parse(text_of_file(out / "summary.json")), j);
}

}  // namespace
}  // namespace evenkeel
