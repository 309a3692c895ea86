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

/// The numbers behind a header of a CSV, row by row, as texts.
std::vector<std::vector<std::string>> rows_of(const std::string& csv) {
    std::vector<std::vector<std::string>> rows(1, std::vector<std::string>(1));
    for (const char c : csv) {
        if (c == ',') {
            rows.back().emplace_back();
        } else if (c == '\n') {
            rows.emplace_back(1);
        } else {
            rows.back().back() += c;
        }
    }
    rows.pop_back();
    return rows;
}

TEST(Train, WritesAWholeRunAndPrintsItsSummary) {
    const TemporaryFolder folder;
    const fs::path run_folder = folder.path() / "a" / "run";
    const json j = json_of({"train", "--data", "digits", "--epochs", "2", "--out", run_folder});
    EXPECT_EQ(json::parse(text_of_file(run_folder / "summary.json")), j);
    EXPECT_EQ(j["command"], "train");
    EXPECT_EQ(j["arguments"]["learning_rate"], 0.1);
    EXPECT_EQ(j["arguments"]["validation_rows"], 5000);
    EXPECT_EQ(j["weights_sha256"].get<std::string>().size(), 64U);
    EXPECT_GT(j["test_accuracy"], 0.85);
    EXPECT_GT(j["test_loss"], 0.0);
    ASSERT_EQ(j["epochs"].size(), 2U);
    EXPECT_LT(j["epochs"][1]["train_loss"], j["epochs"][0]["train_loss"]);
    EXPECT_GT(j["epochs"][1]["validation_accuracy"], 0.85);

    const auto history = rows_of(text_of_file(run_folder / "history.csv"));
    ASSERT_EQ(history.size(), 3U);
    EXPECT_EQ(history[0].front(), "epoch");
    EXPECT_EQ(history[2].size(), history[0].size());
    EXPECT_EQ(std::distance(fs::directory_iterator(run_folder / "checkpoint"), {}), 2);
    const int report = fs::exists(run_folder / "report.html") ? 1 : 0;  // a build without npm has none
    EXPECT_EQ(std::distance(fs::directory_iterator(run_folder), {}), 4 + report) << "something else was left behind";

    const json e = json_of({"evaluate", run_folder / "model.keras", "--data", "digits"});
    EXPECT_EQ(e["accuracy"], j["test_accuracy"]);
    EXPECT_EQ(e["loss"], j["test_loss"]);
    EXPECT_EQ(e["rows"], 2000);
}

TEST(Train, ThreadsDoNotChangeTheWeights) {
    const TemporaryFolder folder;
    std::vector<std::string> hashes;
    for (const char* threads : {"1", "2", "3"}) {
        const json j = json_of({"train", "--data", "digits", "--epochs", "1", "--threads", threads, "--seed", "5",
                                "--out", folder.path() / threads});
        hashes.push_back(j["weights_sha256"]);
    }
    EXPECT_EQ(hashes[0], hashes[1]);
    EXPECT_EQ(hashes[0], hashes[2]);
    const json other =
        json_of({"train", "--data", "digits", "--epochs", "1", "--seed", "6", "--out", folder.path() / "4"});
    EXPECT_NE(other["weights_sha256"], hashes[0]);
}

TEST(Train, TellsItsProgressOnStderrAndItsResultOnStdout) {
    const TemporaryFolder folder, run_folder;
    write_small_idx(folder);
    const Words words = {"train", "--data", folder.path(), "--epochs", "3", "--out", run_folder.path()};
    const Outcome loud = run(words);
    EXPECT_EQ(loud.code, 0);
    EXPECT_THAT(loud.err, testing::ContainsRegex("epoch 3/3  loss [0-9.]+  accuracy"));
    EXPECT_EQ(std::count(loud.err.begin(), loud.err.end(), '\n'), 3);
    EXPECT_THAT(loud.out, HasSubstr("test accuracy"));
    EXPECT_THAT(loud.out, testing::Not(HasSubstr("\x1b"))) << "no escapes where there is no terminal";
    EXPECT_LE(widest_line(loud.out), 100U);
    const Outcome quiet = run(with(words, {"--quiet"}));  // a finished run may be replaced
    EXPECT_EQ(quiet.code, 0);
    EXPECT_EQ(quiet.err, "");
}

TEST(Train, GoesOnWithMoreEpochsAsIfNeverStopped) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const Words words = {"train", "--data", data.path(), "--optimizer", "adam", "--batch-size", "16", "--out"};
    const json straight = json_of(with(words, {folder.path() / "straight", "--epochs", "4"}));
    json_of(with(words, {folder.path() / "halves", "--epochs", "2"}));
    const json resumed = json_of(with(words, {folder.path() / "halves", "--epochs", "4", "--resume"}));
    EXPECT_EQ(resumed["weights_sha256"], straight["weights_sha256"]);
    EXPECT_EQ(resumed["test_loss"], straight["test_loss"]);
    ASSERT_EQ(resumed["epochs"].size(), 4U);
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_EQ(resumed["epochs"][i]["train_loss"], straight["epochs"][i]["train_loss"]);
    // Once more, with nothing left to do.
    EXPECT_EQ(json_of(with(words, {folder.path() / "halves", "--epochs", "4", "--resume"}))["weights_sha256"],
              straight["weights_sha256"]);
}

TEST(Train, ResumesOnlyTheSameTraining) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const Words words = {"train", "--data", data.path(), "--quiet", "--out", folder.path() / "run", "--epochs", "2"};
    output_of(words);
    for (const Words& change : std::vector<Words>{{"--seed", "1"},
                                                  {"--batch-size", "64"},
                                                  {"--learning-rate", "0.2"},
                                                  {"--optimizer", "adam"},
                                                  {"--model", "model_no_bn"},
                                                  {"--scaling", "none"},
                                                  {"--validation-rows", "3"}}) {
        expect_refusal(with(with(words, change), {"--resume"}), {"same training"});
    }
    Words fewer = words;
    fewer.back() = "1";
    expect_refusal(with(fewer, {"--resume"}), {"[--epochs] expected at least 2"});
    const std::string before = json_of(with(words, {"--resume"}))["weights_sha256"];
    // The same name, other contents.
    std::string labels = text_of_file(data.path() / "train-labels-idx1-ubyte");
    std::swap(labels[8], labels[9]);
    data.write("train-labels-idx1-ubyte", labels);
    expect_refusal(with(words, {"--resume"}), {"same training"});
}

TEST(Train, WithoutACheckpointResumeStartsAndSaysSo) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const Outcome o =
        run({"train", "--data", data.path(), "--out", folder.path() / "run", "--epochs", "1", "--resume"});
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_THAT(o.err, HasSubstr("no checkpoint"));
}

TEST(Train, TakesConfigsArchivesAndShapes) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const auto trained = [&](const std::string& model, const char* epochs, const char* name) {
        return json_of({"train", "--model", model, "--data", data.path(), "--batch-size", "16", "--epochs", epochs,
                        "--out", folder.path() / name});
    };
    const json config = trained(keras_fixture("lecture.config.json"), "20", "config");
    EXPECT_GT(config["test_accuracy"], 0.8);
    // The archive's own weights are where training goes on: no epoch changes nothing.
    const std::string archive = folder.path() / "config" / "model.keras";
    EXPECT_EQ(trained(archive, "0", "copy")["weights_sha256"], config["weights_sha256"]);
    EXPECT_LT(trained(archive, "1", "more")["epochs"][0]["train_loss"], config["epochs"][0]["train_loss"]);
    EXPECT_GT(trained("mlp:24-32-3", "20", "mlp")["test_accuracy"], 0.8);
    // What the real Keras wrote trains on, too.
    const json keras = trained(keras_fixture("lecture.keras"), "20", "keras");
    EXPECT_LT(keras["epochs"][19]["train_loss"], 0.7 * keras["epochs"][0]["train_loss"].get<double>());
}

TEST(Train, LearnsNumbersAndClassesFromACsv) {
    const TemporaryFolder folder;
    std::string numbers = "a,b,y\n", words = "a,b,kind\n";
    for (int i = 0; i < 300; ++i) {
        const double a = (i * 37 % 101) / 10.0, b = (i * 53 % 97) * 100.0;
        numbers += std::to_string(a) + ',' + std::to_string(b) + ',' + std::to_string(a - b / 1000) + '\n';
        words += std::to_string(a) + ',' + std::to_string(b) + ',' + (a > b / 1000 ? "big" : "small") + '\n';
    }
    const std::string csv = folder.write("numbers.csv", numbers), kinds = folder.write("kinds.csv", words);
    const json r =
        json_of({"train", "--data", csv, "--target", "y", "--model", "mlp:2-16-1", "--optimizer", "adam", "--epochs",
                 "60", "--learning-rate", "0.01", "--batch-size", "16", "--out", folder.path() / "r"});
    EXPECT_TRUE(r["test_accuracy"].is_null());
    EXPECT_LT(r["test_mean_absolute_error"], 1.0);
    const json c =
        json_of({"train", "--data", kinds, "--target", "kind", "--model", "mlp:2-16-2", "--optimizer", "adam",
                 "--epochs", "60", "--learning-rate", "0.01", "--batch-size", "16", "--out", folder.path() / "c"});
    EXPECT_GT(c["test_accuracy"], 0.9);
    const std::string named =
        output_of({"predict", folder.path() / "c" / "model.keras", "--data", kinds, "--target", "kind"});
    EXPECT_THAT(named, HasSubstr(",big,"));
    EXPECT_THAT(named, HasSubstr(",small,"));
    // Without a target, all columns are inputs and all rows are predicted.
    const std::string inputs = folder.write("inputs.csv", "a,b\n1,2000\n5,100\n");
    const auto predicted = rows_of(output_of({"predict", folder.path() / "r" / "model.keras", "--data", inputs}));
    ASSERT_EQ(predicted.size(), 3U);
    EXPECT_NEAR(std::stod(predicted[2].back()), 4.9, 1.5);
    expect_refusal({"compare", "--data", csv, "--target", "y", "--model", "mlp:2-16-1", "--out", folder.path() / "x"},
                   {"classes"});
}

TEST(Predict, WritesCsvAndNpyOfTheSameNumbers) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const std::string model = keras_fixture("lecture.keras");
    const std::string csv = output_of({"predict", model, "--data", data.path(), "--scaling", "unit", "--rows", "5"});
    const auto rows = rows_of(csv);
    ASSERT_EQ(rows.size(), 6U);
    EXPECT_EQ(rows[0][1], "class");
    const std::string file = folder.path() / "p.npy";
    output_of({"predict", model, "--data", data.path(), "--scaling", "unit", "--rows", "5", "--out", file});
    const std::string npy = text_of_file(file);
    ASSERT_GT(npy.size(), 128U);
    EXPECT_EQ(npy.substr(0, 6), "\x93NUMPY");
    EXPECT_THAT(npy, HasSubstr("'shape': (5, "));
    const std::size_t width = rows[0].size() - 2;
    const std::size_t begin = npy.size() - 5 * width * sizeof(float);
    EXPECT_EQ(begin % 64, 0U);
    for (std::size_t r = 0; r < 5; ++r) {
        std::size_t best = 0;
        std::vector<float> row(width);
        std::memcpy(row.data(), npy.data() + begin + r * width * sizeof(float), width * sizeof(float));
        for (std::size_t c = 0; c < width; ++c) {
            EXPECT_FLOAT_EQ(std::stof(rows[r + 1][c + 2]), row[c]);
            if (row[c] > row[best]) best = c;
        }
        EXPECT_EQ(rows[r + 1][1], std::to_string(best));
    }
    const std::string copy = folder.path() / "p.csv";
    output_of({"predict", model, "--data", data.path(), "--scaling", "unit", "--rows", "5", "--out", copy});
    EXPECT_EQ(text_of_file(copy), csv);
    const json j = json_of({"predict", model, "--data", data.path(), "--scaling", "unit", "--rows", "5"});
    EXPECT_EQ(j["predictions"].size(), 5U);
    EXPECT_FLOAT_EQ(j["predictions"][0][0], std::stof(rows[1][2]));
}

TEST(Compare, WithoutRowsHeldOutNoEpochIsSaidToReachATarget) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const Words words = {"compare", "--data", data.path(),           "--epochs",          "1", "--seeds",
                         "2",       "--out",  folder.path() / "run", "--validation-rows", "0"};
    const Outcome o = run(words);
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_THAT(o.out, testing::HasSubstr("no rows were held out"));
    EXPECT_THAT(o.out, testing::Not(testing::HasSubstr(">1")));
    EXPECT_FALSE(json_of(words)["arms"][0].contains("epochs_to_none"));
}

TEST(Compare, TrainsTheArmsAndSaysWhatDiffers) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const Words words = {"compare", "--data", data.path(), "--epochs",           "2",
                         "--seeds", "2",      "--out",     folder.path() / "run"};
    const json j = json_of(words);
    EXPECT_EQ(json::parse(text_of_file(folder.path() / "run" / "summary.json")), j);
    ASSERT_EQ(j["arms"].size(), 3U);
    const char* names[] = {"none", "before", "after"};
    for (std::size_t a = 0; a < 3; ++a) {
        EXPECT_EQ(j["arms"][a]["name"], names[a]);
        EXPECT_EQ(j["arms"][a]["optimizer"], "sgd");
        ASSERT_EQ(j["arms"][a]["runs"].size(), 2U);
        EXPECT_EQ(j["arms"][a]["runs"][1]["seed"], 1);
        EXPECT_EQ(j["arms"][a]["runs"][0]["epochs"].size(), 2U);
        EXPECT_TRUE(j["arms"][a]["test_accuracy"].contains("ci95"));
    }
    ASSERT_EQ(j["pairs"].size(), 3U);
    EXPECT_EQ(j["pairs"][0]["metric"], "test_accuracy");
    EXPECT_THAT(j["command_line"], testing::StartsWith("evenkeel compare --data " + data.path().string()));
    EXPECT_EQ(j["input"]["scaling"], "rescaling");
    EXPECT_EQ(j["explain"]["input"]["rows"].size(), 5U);
    EXPECT_EQ(rows_of(text_of_file(folder.path() / "run" / "history.csv")).size(), 1U + 3 * 2 * 2);

    const Outcome o = run(words);
    EXPECT_EQ(o.code, 0) << o.err;
    for (const char* part : {"test accuracy", "95 % interval", "z → BN → g", "before", "with sgd at learning rate 0.1"})
        EXPECT_THAT(o.out, HasSubstr(part));
    EXPECT_LE(widest_line(o.out), 100U);
    EXPECT_THAT(o.err, HasSubstr("epochs 12/12"));
    // Side by side or one after the other: the same numbers.
    const json one = json_of(with(words, {"--threads", "1"}));
    for (std::size_t a = 0; a < 3; ++a) EXPECT_EQ(one["arms"][a]["test_accuracy"], j["arms"][a]["test_accuracy"]);
}

TEST(Compare, ADivergedRunStaysInAndTheCommandSucceeds) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const json j =
        json_of({"compare", "--data", data.path(), "--epochs", "3", "--seeds", "1", "--arms", "none", "--learning-rate",
                 "1e6", "--scaling", "none", "--model", "mlp:24-64-64-3", "--out", folder.path() / "run"});
    const json& run = j["arms"][0]["runs"][0];
    EXPECT_EQ(run["diverged"], true);
    EXPECT_TRUE(run["test_loss"].is_null());
    EXPECT_NEAR(run["test_accuracy"], 1.0 / 3, 1e-9);
}

TEST(Train, ADivergedTrainingFailsInOneLine) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    expect_refusal({"train", "--quiet", "--data", data.path(), "--epochs", "3", "--learning-rate", "1e6", "--scaling",
                    "none", "--model", "mlp:24-64-64-3", "--out", folder.path() / "run"},
                   {"step"}, 1);
    EXPECT_FALSE(fs::exists(folder.path() / "run" / "model.keras"));
}

}  // namespace
}  // namespace evenkeel
