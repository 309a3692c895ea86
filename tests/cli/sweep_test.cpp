#include <signal.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "cli/program.hpp"

namespace evenkeel {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using Words = std::vector<std::string>;
namespace fs = std::filesystem;

/// A sweep on a few rows of the drawn digits: seconds for all of it. `more` replaces what it names.
Words tiny(const fs::path& out, const Words& more) {
    Words words = {"compare", "--quiet"};
    const std::map<std::string, std::string> usual = {{"--data", "digits"}, {"--train-rows", "200"},
                                                      {"--seeds", "2"},     {"--epochs", "1"},
                                                      {"--out", out},       {"--validation-rows", "100"}};
    for (const auto& [option, value] : usual) {
        if (std::find(more.begin(), more.end(), option) == more.end()) words.insert(words.end(), {option, value});
    }
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

std::map<std::string, fs::file_time_type> cells_in(const fs::path& out) {
    std::map<std::string, fs::file_time_type> cells;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(out / "cells", none)) {
        const std::string name = entry.path().filename();
        if (!name.starts_with(".")) cells[name] = fs::last_write_time(entry.path(), none);
    }
    return cells;
}

TEST(Sweep, EveryKeyGivesEveryArmAtEveryValue) {
    const TemporaryFolder folder;
    const std::vector<std::pair<std::string, json>> keys = {{"learning_rate=1,0.01", {0.01, 1}},
                                                            {"batch_size=16,50", {16, 50}},
                                                            {"optimizer=sgd,adam", {"sgd", "adam"}},
                                                            {"initializer_scale=0.1,1", {0.1, 1}},
                                                            {"depth=1,3", {1, 3}},
                                                            {"activation=relu,tanh", {"relu", "tanh"}},
                                                            {"input_scaling=none,unit", {"none", "rescaling"}}};
    for (const auto& [sweep, values] : keys) {
        SCOPED_TRACE(sweep);
        const fs::path out = folder.path() / sweep.substr(0, sweep.find('='));
        const json j = json_of(tiny(out, {"--sweep", sweep}));
        EXPECT_EQ(j["sweep"]["key"], sweep.substr(0, sweep.find('=')));
        EXPECT_EQ(j["sweep"]["values"], values);
        EXPECT_EQ(j["sweep"]["preset"], json());
        ASSERT_EQ(j["sweep"]["cells"].size(), 2U);
        for (const json& cell : j["sweep"]["cells"]) {
            ASSERT_EQ(cell["arms"].size(), 3U);
            EXPECT_EQ(cell["pairs"].size(), 3U);
            for (const json& arm : cell["arms"]) {
                ASSERT_EQ(arm["runs"].size(), 2U);
                EXPECT_GT(arm["test_accuracy"]["mean"], 0);
                EXPECT_TRUE(arm["runs"][0]["validation_accuracy"].is_number());
            }
        }
        // "arms" and "pairs" are those of each arm at its own best value.
        ASSERT_EQ(j["arms"].size(), 3U);
        EXPECT_EQ(j["pairs"].size(), 3U);
        for (std::size_t arm = 0; arm < 3; ++arm) {
            EXPECT_EQ(j["sweep"]["best"][arm]["arm"], j["arms"][arm]["name"]);
            EXPECT_EQ(j["sweep"]["best"][arm]["value"], j["arms"][arm]["value"]);
            EXPECT_EQ(j["sweep"]["best"][arm]["chosen_on"], "held-out training rows");
            const auto& at = std::find(values.begin(), values.end(), j["arms"][arm]["value"]) - values.begin();
            EXPECT_EQ(j["arms"][arm]["test_accuracy"],
                      j["sweep"]["cells"][static_cast<std::size_t>(at)]["arms"][arm]["test_accuracy"]);
        }
        EXPECT_EQ(j["sweep"]["useful_range"].size(), values[0].is_number() ? 3U : 0U);
        EXPECT_EQ(json::parse(text_of_file(out / "summary.json")), j);
        EXPECT_EQ(cells_in(out).size(), 12U);
        const std::string csv = text_of_file(out / "history.csv");
        EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 13);
    }
}

TEST(Sweep, TheTextNamesItsValuesAndItsVerdicts) {
    const TemporaryFolder folder;
    const Words words = tiny(folder.path() / "run", {"--sweep", "learning_rate=0.01,0.1"});
    std::string text = output_of(words);
    EXPECT_LE(widest_line(text), 100U);
    for (std::size_t at; (at = text.find("\n    ")) != std::string::npos;) text.replace(at, 5, " ");  // a torn sentence
    for (const char* part :
         {"learning rate", "0.01", "2 learning rates × 3 arms × 2 seeds", "useful range", "held-out",
          "each at its own best learning rate of 2 tried", "At the same learning rate, before against none"})
        EXPECT_THAT(text, HasSubstr(part));
    EXPECT_THAT(text, Not(HasSubstr("kept from before")));
    const auto cells = cells_in(folder.path() / "run");
    EXPECT_THAT(output_of(words), HasSubstr("12 of 12 cells were kept from before"));
    EXPECT_EQ(cells_in(folder.path() / "run"), cells);
}

Words long_sweep(const fs::path& out) {
    return tiny(out, {"--sweep", "learning_rate=0.001,0.01,0.1", "--seeds", "6", "--train-rows", "2000", "--json"});
}

bool wait_for_cells(Program& program, const fs::path& out, std::size_t count) {
    while (cells_in(out).size() < count) {
        if (!program.running()) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

/// Everything but what the clock and the command line say.
json timeless(json j) {
    if (j.is_object()) {
        for (const char* key : {"seconds", "arguments", "command_line"}) j.erase(key);
    }
    if (j.is_structured()) {
        for (json& inner : j) inner = timeless(inner);
    }
    return j;
}

void interrupt_and_resume(int signal, int code) {
    const TemporaryFolder folder;
    const fs::path out = folder.path() / "run";
    Program program(long_sweep(out));
    ASSERT_TRUE(wait_for_cells(program, out, 7)) << program.wait().err;
    program.send(signal);
    const Outcome o = program.wait();
    ASSERT_EQ(o.code, code) << o.err;
    EXPECT_EQ(o.out, "");
    EXPECT_FALSE(fs::exists(out / "summary.json"));
    if (signal == SIGINT) {
        EXPECT_THAT(o.err, HasSubstr("of 54 cells are kept"));
        EXPECT_THAT(o.err, HasSubstr("--sweep learning_rate=0.001,0.01,0.1"));
    }
    const auto before = cells_in(out);
    EXPECT_GE(before.size(), 7U);
    EXPECT_LT(before.size(), 54U);
    const json resumed = json::parse(output_of(long_sweep(out)));
    const auto after = cells_in(out);
    EXPECT_EQ(after.size(), 54U);
    for (const auto& [name, written] : before) EXPECT_EQ(after.at(name), written) << name;  // kept, not made again
    const json undisturbed = json::parse(output_of(long_sweep(folder.path() / "undisturbed")));
    EXPECT_EQ(json::diff(timeless(resumed), timeless(undisturbed)), json::array());
}

TEST(Sweep, CtrlCKeepsFinishedCells) {
    interrupt_and_resume(SIGINT, 130);
}
TEST(Sweep, SoDoesAKill) {
    interrupt_and_resume(SIGKILL, -SIGKILL);
}

TEST(Sweep, ResultsDoNotDependOnThreads) {
    const TemporaryFolder folder;
    const Words more = {"--sweep", "depth=1,2"};
    Words one = tiny(folder.path() / "one", more), three = tiny(folder.path() / "three", more);
    one.insert(one.end(), {"--threads", "1"});
    three.insert(three.end(), {"--threads", "3"});
    EXPECT_EQ(json::diff(timeless(json_of(one)), timeless(json_of(three))), json::array());
}

TEST(Sweep, PresetsAreDefaultsThatOptionsReplace) {
    const TemporaryFolder folder;
    for (const auto& [preset, sweep, key] : std::vector<std::tuple<std::string, std::string, std::string>>{
             {"rates", "learning_rate=0.1,1", "learning_rate"},
             {"initialization", "", "initializer_scale"},
             {"batch-sizes", "batch_size=8,64", "batch_size"},
             {"depth", "depth=1,2", "depth"}}) {
        SCOPED_TRACE(preset);
        Words words = tiny(folder.path() / preset, {"--preset", preset, "--seeds", "1"});
        if (!sweep.empty()) words.insert(words.end(), {"--sweep", sweep});
        const json j = json_of(words);
        EXPECT_EQ(j["sweep"]["preset"], preset);
        EXPECT_EQ(j["sweep"]["key"], key);
        EXPECT_EQ(j["sweep"]["cells"].size(), sweep.empty() ? 10U : 2U);
        EXPECT_EQ(j["sweep"]["train_rows"], 200);
        EXPECT_EQ(j["arguments"]["seeds"], 1);
        if (preset == "depth") {
            EXPECT_EQ(j["arguments"]["activation"], "sigmoid");
            EXPECT_EQ(j["arguments"]["model"], "mlp:784-100-100-10");
        }
        if (preset == "batch-sizes") {
            EXPECT_EQ(j["sweep"]["cells"][0]["learning_rate"], 0.025);  // 8 of 32 rows
            EXPECT_EQ(j["sweep"]["cells"][1]["learning_rate"], 0.1);
        }
    }
    // Another key takes the preset's other options along, but not what it replaces itself.
    const json j =
        json_of(tiny(folder.path() / "other", {"--preset", "batch-sizes", "--sweep", "learning_rate=0.1,1"}));
    EXPECT_EQ(j["sweep"]["key"], "learning_rate");
    EXPECT_EQ(j["arguments"]["full_rate_batch"], json());
}

TEST(Sweep, RefusesInOneLine) {
    const TemporaryFolder folder;
    const fs::path out = folder.path() / "run";
    const auto refuse = [&](const Words& more, const std::vector<std::string>& parts) {
        expect_refusal(tiny(out, more), parts);
        EXPECT_FALSE(fs::exists(out)) << more.back();
    };
    refuse({"--sweep", "learning_rate"}, {"[--sweep]", "KEY=V1"});
    refuse({"--sweep", "momentum=0.9"}, {"[sweep]", "learning_rate", "momentum"});
    refuse({"--sweep", "learning_rate="}, {"[sweep learning_rate]"});
    refuse({"--sweep", "learning_rate=0.1,,1"}, {"[sweep learning_rate]", "\"\""});
    refuse({"--sweep", "learning_rate=0.1,1,0.1"}, {"every value once"});
    refuse({"--sweep", "batch_size=1,2"}, {"at least 2 rows", "arm before"});
    refuse({"--sweep", "optimizer=sgd,lion"}, {"lion", "adam"});
    refuse({"--sweep", "depth=2", "--model", "mlp:784-10"}, {"hidden layer"});
    refuse({"--sweep", "learning_rate=0.1,1", "--learning-rate", "0.1"}, {"[--learning-rate]", "learning_rate"});
    refuse({"--sweep", "input_scaling=none,unit", "--scaling", "unit"}, {"[--scaling]"});
    refuse({"--sweep", "depth=1,2", "--full-rate-batch", "32"}, {"[--full-rate-batch]", "batch_size"});
    refuse({"--sweep", "depth=1,2", "--useful-accuracy", "90"}, {"[--useful-accuracy]", "at most 1"});
    refuse({"--sweep", "depth=1,2", "--epochs", "0"}, {"[--epochs]"});
    refuse({"--sweep", "depth=1,2", "--validation-rows", "0"}, {"[--validation-rows]"});
    refuse({"--sweep", "depth=1,2", "--validation-rows", "12000"}, {"[--validation-rows]", "12000"});
    refuse({"--preset", "speed"}, {"[--preset]", "rates"});
    refuse({"--useful-accuracy", "0.5"}, {"[--useful-accuracy]", "--sweep"});
    refuse({"--activation", "softmax"}, {"[--activation]", "relu"});
    refuse({"--train-rows", "0"}, {"[--train-rows]"});
}

TEST(Compare, TrainRowsAndActivationHoldWithoutASweep) {
    const TemporaryFolder folder;
    const json j = json_of(tiny(folder.path() / "run", {"--activation", "tanh", "--arms", "before"}));
    EXPECT_EQ(j["arguments"]["train_rows"], 200);
    EXPECT_THAT(j["arms"][0]["model"].dump(), HasSubstr("\"tanh\""));
    const json all =
        json_of(tiny(folder.path() / "all", {"--activation", "tanh", "--arms", "before", "--train-rows", "400"}));
    EXPECT_NE(all["arms"][0]["runs"][0]["test_loss"], j["arms"][0]["runs"][0]["test_loss"]);
}

}  // namespace
}  // namespace evenkeel
