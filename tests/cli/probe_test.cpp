#include "cli/program.hpp"

namespace evenkeel {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using Words = std::vector<std::string>;
namespace fs = std::filesystem;

Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

/// What a page reads: every key, and one entry a step.
void expect_whole(const json& probe, std::size_t arms) {
    EXPECT_EQ(probe.at("seed"), 0);
    EXPECT_EQ(probe.at("rows"), 64);
    EXPECT_GT(probe.at("seconds_share"), 0.0);
    ASSERT_EQ(probe.at("arms").size(), arms);
    for (const json& arm : probe.at("arms")) {
        SCOPED_TRACE(arm.at("name").get<std::string>());
        const std::size_t steps = arm.at("steps").size();
        EXPECT_GE(steps, 3U);
        EXPECT_EQ(arm.at("steps").front(), 0);
        ASSERT_EQ(arm.at("layers").size(), 2U);
        for (const json& layer : arm.at("layers")) {
            EXPECT_TRUE(layer.at("name").is_string());
            EXPECT_EQ(layer.at("activation"), "relu");
            for (const char* what : {"entering", "next_input"}) {
                for (const char* key : {"p15", "p50", "p85", "mean", "std"}) {
                    const json& numbers = layer.at(what).at("pooled").at(key);
                    ASSERT_EQ(numbers.size(), steps) << what << key;
                    EXPECT_TRUE(numbers.back().is_number()) << what << key;
                }
                for (const char* key : {"p15", "p50", "p85"})
                    EXPECT_EQ(layer.at(what).at("unit").at(key).size(), steps) << what << key;
                EXPECT_LT(layer.at(what).at("unit").at("index"), layer.at("units"));
            }
            for (const char* key : {"saturated", "dead", "gradient_norm", "update_norm"})
                ASSERT_EQ(layer.at(key).size(), steps) << key;
            EXPECT_TRUE(layer.at("saturated").back().is_null());
            EXPECT_GE(layer.at("dead").back(), 0.0);
            EXPECT_GT(layer.at("gradient_norm").back(), 0.0);
            EXPECT_TRUE(layer.at("update_norm").front().is_null());
            EXPECT_GT(layer.at("update_norm").back(), 0.0);
        }
        for (const json& normalization : arm.at("gamma_beta")) {
            EXPECT_TRUE(normalization.at("layer").is_string());
            for (const json& gamma : normalization.at("gamma_start")) EXPECT_EQ(gamma, 1.0);
            for (const json& beta : normalization.at("beta_start")) EXPECT_EQ(beta, 0.0);
            EXPECT_EQ(normalization.at("gamma_end").size(), normalization.at("gamma_start").size());
            EXPECT_NE(normalization.at("beta_end"), normalization.at("beta_start"));
        }
    }
}

TEST(CompareProbe, LooksIntoSeedZeroOfEveryArmUnlessTurnedOff) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const Words words = {"compare", "--data", data.path(),    "--epochs", "2",
                         "--seeds", "2",      "--batch-size", "16",       "--out"};
    const json on = json_of(with(words, {folder.path() / "on"}));
    expect_whole(on.at("probe"), 3);
    EXPECT_EQ(on["probe"]["arms"][0]["gamma_beta"].size(), 0U);
    EXPECT_EQ(on["probe"]["arms"][1]["gamma_beta"].size(), 2U);
    EXPECT_EQ(on["probe"]["arms"][0]["layers"][0]["entering"]["unit"]["index"],
              on["probe"]["arms"][2]["layers"][0]["entering"]["unit"]["index"]);
    json off = json_of(with(words, {folder.path() / "off", "--probe", "off"}));
    EXPECT_FALSE(off.contains("probe"));
    for (std::size_t arm = 0; arm < 3; ++arm) {
        for (std::size_t run = 0; run < 2; ++run)
            EXPECT_EQ(on["arms"][arm]["runs"][run]["test_loss"], off["arms"][arm]["runs"][run]["test_loss"]);
    }
    expect_refusal(with(words, {folder.path() / "x", "--probe", "perhaps"}), {"--probe", "on", "off"});
}

TEST(TrainProbe, LooksIntoItsOwnRun) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const Words words = {"train", "--data", data.path(), "--epochs", "2", "--batch-size", "16", "--out"};
    const json on = json_of(with(words, {folder.path() / "on", "--probe"}));
    expect_whole(on.at("probe"), 1);
    const json off = json_of(with(words, {folder.path() / "off"}));
    EXPECT_FALSE(off.contains("probe"));
    EXPECT_EQ(on["weights_sha256"], off["weights_sha256"]);
}

TEST(TensorBoardFolder, GetsARunForEveryArmAndSeed) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    json_of({"compare", "--data", data.path(), "--epochs", "1", "--seeds", "2", "--arms", "none,after", "--out",
             folder.path() / "run", "--tensorboard", folder.path() / "board"});
    for (const char* arm : {"none", "after"}) {
        for (const char* seed : {"seed-0", "seed-1"}) {
            const fs::path run = folder.path() / "board" / arm / seed;
            ASSERT_TRUE(fs::is_directory(run)) << run;
            const std::string events = text_of_file(fs::directory_iterator(run)->path());
            EXPECT_THAT(events, HasSubstr("loss/train"));
            EXPECT_EQ(events.find("dense/entering") != std::string::npos, seed == std::string("seed-0"));
        }
    }
}

TEST(TensorBoardFolder, IsTriedBeforeTheTraining) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    folder.write("file", "x");
    for (const char* command : {"train", "compare"}) {
        expect_refusal(
            {command, "--data", data.path(), "--out", folder.path() / "run", "--tensorboard", folder.path() / "file"},
            {"[--tensorboard] expected a folder or a new name"});
        EXPECT_FALSE(fs::exists(folder.path() / "run"));
    }
}

}  // namespace
}  // namespace evenkeel
