#include "cli/program.hpp"

namespace evenkeel {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(Explain, TheLecturesBatchAsTextAndAsJson) {
    const std::string text = output_of({"explain"});
    EXPECT_LE(widest_line(text), 100U);
    EXPECT_THAT(text, testing::Not(HasSubstr("\x1b")));
    const json j = json_of({"explain"});
    EXPECT_EQ(j["input"]["rows"].size(), 5U);
    // z = 0.5·(−1) − 0.3·2 + 0.1
    EXPECT_NEAR(j["before"]["z"][0], -1.0, 1e-12);
}

TEST(Explain, TakesABatchAndTheNeuron) {
    const TemporaryFolder folder;
    const std::string csv = folder.write("batch.csv", "a,b,y\n1,2,1\n3,4,0\n5,7,1\n");
    const json j = json_of({"explain", "--data", csv, "--target", "y", "--weights", "1,-1", "--bias", "0.5", "--gamma",
                            "2", "--beta", "-1", "--eta", "0.5", "--activation", "tanh"});
    EXPECT_NEAR(j["before"]["z"][2], -1.5, 1e-12);
    EXPECT_EQ(j["input"]["targets"], json::array({1.0, 0.0, 1.0}));
    EXPECT_EQ(j["arguments"]["beta"], -1);
    const double step = j["before"]["d_gamma"];
    EXPECT_NEAR(j["before"]["new_gamma"], 2 - 0.5 * step, 1e-12);
    expect_refusal({"explain", "--data", folder.write("one.csv", "a,b\n1,2\n")}, {"rows"});
    expect_refusal({"explain", "--data", folder.write("wide.csv", "a,b,c,d,e,f,g\n1,2,3,4,5,6,7\n1,2,3,4,5,6,8\n")},
                   {"inputs"});
    expect_refusal({"explain", "--data", folder.write("text.csv", "a,b\n1,2\n3,x\n")}, {"line 3"});
    expect_refusal({"explain", "--data", csv, "--target", "z"}, {"[--target]"});
    expect_refusal({"explain", "--data", "digits"}, {"digits"});
}

TEST(Standardize, BringsColumnsToMeanZeroAndDeviationOne) {
    const TemporaryFolder folder;
    const std::string csv =
        folder.write("people.csv", "age,income,name,id\n20,30000,\"a,b\",7\n40,50000,c,7\n60,70000,d,7\n");
    const std::string out = folder.path() / "scaled.csv";
    const json j = json_of({"standardize", "--data", csv, "--out", out});
    ASSERT_EQ(j["columns"].size(), 3U);
    EXPECT_NEAR(j["columns"][0]["before"]["mean"], 40, 1e-9);
    EXPECT_NEAR(j["columns"][0]["before"]["deviation"], 16.32993161855452, 1e-9);
    EXPECT_NEAR(j["columns"][1]["after"]["mean"], 0, 1e-6);
    EXPECT_NEAR(j["columns"][1]["after"]["deviation"], 1, 1e-6);
    EXPECT_EQ(j["columns"][2]["constant"], true);
    EXPECT_EQ(j["unchanged"], json::array({"name"}));
    EXPECT_EQ(text_of_file(out),
              "age,income,name,id\n-1.2247449,-1.2247449,\"a,b\",0\n0,0,c,0\n1.2247449,1.2247449,d,0\n");
    const std::string text = output_of({"standardize", "--data", csv, "--target", "id"});
    for (const char* part : {"age", "income", "name is left as it is", "id is left as it is", "-1.225"})
        EXPECT_THAT(text, HasSubstr(part));
    EXPECT_LE(widest_line(text), 100U);
    expect_refusal({"standardize", "--data", folder.write("bad.csv", "a,b\n1,nan\n2,3\n")}, {"line 2", "\"b\""});
    expect_refusal({"standardize", "--data", folder.write("mixed.csv", "a,b\n1,x\n2,3\n")}, {"line 2", "\"b\""});
    expect_refusal({"standardize", "--data", folder.write("texts.csv", "a,b\nx,y\n")}, {"numbers"});
    expect_refusal({"standardize", "--data", csv, "--target", "size"}, {"[--target]"});
}

TEST(Standardize, TakesOtherDataToo) {
    const TemporaryFolder folder;
    write_small_idx(folder);
    const json j = json_of({"standardize", "--data", folder.path()});
    EXPECT_EQ(j["columns"].size(), 24U);
    EXPECT_EQ(j["rows"], 240);
    EXPECT_NEAR(j["columns"][3]["after"]["deviation"], 1, 1e-6);
}

TEST(Summary, OfWordsConfigsAndArchives) {
    const std::string text = output_of({"summary"});
    EXPECT_THAT(text, HasSubstr("batch_normalization"));
    EXPECT_THAT(text, HasSubstr("110,154"));
    const json none = json_of({"summary", "--model", "model_no_bn"});
    EXPECT_EQ(none["trainable_parameters"], 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10);
    EXPECT_EQ(none["non_trainable_parameters"], 0);
    EXPECT_EQ(json_of({"summary", "--model", "mlp:8-4-2"})["trainable_parameters"], 8 * 4 + 4 + 4 * 2 + 2);
    EXPECT_EQ(json_of({"summary", keras_fixture("lecture.keras")})["layers"],
              json_of({"summary", keras_fixture("lecture.config.json")})["layers"]);
    EXPECT_THAT(output_of({"summary", "--data", "digits"}), HasSubstr("Rescaling"));
}

TEST(Bench, MeasuresEveryBatchAndThread) {
    const json j = json_of({"bench", "step", "--batches", "32,64", "--threads", "1,2", "--repeats", "3", "--quiet"});
    ASSERT_EQ(j["rows"].size(), 4U);
    EXPECT_EQ(j["rows"][1]["batch"], 32);
    EXPECT_EQ(j["rows"][1]["threads"], 2);
    for (const json& row : j["rows"]) {
        for (const char* key : {"peak_us", "gemm_only_us", "plain_us", "bn_us"}) EXPECT_GT(row[key], 0.0);
        const double bn_us = row["bn_us"];
        EXPECT_EQ(row["bn_over_products"], bn_us / row["gemm_only_us"].get<double>());
        EXPECT_EQ(row["bn_over_plain"], bn_us / row["plain_us"].get<double>());
        EXPECT_EQ(row["speedup"], j["rows"][row["batch"] == 32 ? 0 : 2]["bn_us"].get<double>() / bn_us);
    }
    const Outcome o = run({"bench", "step", "--batches", "16", "--threads", "1", "--repeats", "3", "--data", "digits"});
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_THAT(o.out, HasSubstr("BN/products"));
    EXPECT_THAT(o.out, Not(HasSubstr("× 1 thread")));
    EXPECT_LE(widest_line(o.out), 100U);
}

TEST(Bench, TimesSeveralStepsAsOneAndComparesThreads) {
    const json j = json_of(
        {"bench", "step", "--batches", "16", "--threads", "2,3", "--repeats", "3", "--together", "5", "--quiet"});
    EXPECT_EQ(j["arguments"]["together"], 5);
    ASSERT_EQ(j["rows"].size(), 2U);
    EXPECT_TRUE(j["rows"][0]["speedup"].is_null()) << "one thread was not measured";
    const std::string text = output_of({"bench", "step", "--batches", "16", "--repeats", "3", "--quiet"});
    EXPECT_THAT(text, HasSubstr("× 1 thread"));
    EXPECT_LE(widest_line(text), 100U);
}

TEST(Simd, TheEnvironmentPicksTheInstructionSet) {
    ::setenv("EVENKEEL_SIMD", "portable", 1);
    EXPECT_EQ(json_of({"summary", "--model", "model_bn"})["machine"]["simd"], "portable");
    ::setenv("EVENKEEL_SIMD", "avx1024", 1);
    expect_refusal({"summary", "--model", "model_bn"}, {"avx1024", "portable"});
    ::unsetenv("EVENKEEL_SIMD");
}

TEST(Bench, ComparesTheKernelsWithTheMemory) {
    const json j = json_of({"bench", "batchnorm", "--shape", "300x7,3x4x5x16", "--repeats", "3", "--quiet"});
    ASSERT_EQ(j["rows"].size(), 12U);
    EXPECT_EQ(j["rows"][6]["shape"], (json{3, 4, 5, 16}));
    EXPECT_EQ(j["rows"][3]["threads"], 2);
    EXPECT_EQ(j["rows"][1]["pass"], "backward");
    EXPECT_EQ(j["rows"][1]["streams"], 5);
    for (const json& row : j["rows"]) {
        for (const char* key : {"us", "gb_per_s", "limit_gb_per_s", "share"}) EXPECT_GT(row[key], 0.0);
    }
    EXPECT_LE(widest_line(output_of({"bench", "batchnorm", "--shape", "300x7", "--repeats", "1", "--quiet"})), 100U);
}

TEST(Bench, TimesPredictions) {
    const json j = json_of({"bench", "predict", "--batches", "1,32", "--repeats", "2", "--quiet"});
    ASSERT_EQ(j["rows"].size(), 2U);
    for (const json& row : j["rows"]) {
        for (const char* key : {"plain_us", "bn_us", "plain_rows_per_s", "bn_rows_per_s"}) EXPECT_GT(row[key], 0.0);
        EXPECT_NEAR(row["bn_rows_per_s"].get<double>() * row["bn_us"].get<double>(), 1e6 * row["batch"].get<double>(),
                    1.0);
    }
}

TEST(Bench, RunsAJobInAProcessOfItsOwn) {
    const json j =
        json_of({"bench", "job", "--data", "digits", "--epochs", "1", "--threads", "2", "--repeats", "2", "--quiet"});
    ASSERT_EQ(j["runs"].size(), 2U);
    EXPECT_GT(j["wall_s"], 0.0);
    EXPECT_GT(j["peak_bytes"], 10'000'000) << "the digits alone are as large";
    EXPECT_GT(j["test_accuracy"], 0.5);
    EXPECT_EQ(j["runs"][0]["test_accuracy"], j["runs"][1]["test_accuracy"]);
    expect_refusal({"bench", "job", "--data", "nowhere"}, {"evenkeel bench job:", "exit code 0", "nowhere"});
}

TEST(Output, AReaderThatGoesAwayIsNoFailure) {
    Program explain({"explain"}, "closed pipe");
    EXPECT_EQ(explain.wait().code, 0);
    const TemporaryFolder folder, data;
    write_small_idx(data);
    Program train({"train", "--data", data.path(), "--epochs", "1", "--quiet", "--out", folder.path() / "run"},
                  "closed pipe");
    const Outcome o = train.wait();
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(o.err, "");
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "run" / "summary.json"));
}

TEST(Output, AFullDiskIsOne) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"explain"}, {"explain", "--json"}, {"--help"}, {}}) {
        Program program(words, "/dev/full");
        const Outcome o = program.wait();
        EXPECT_EQ(o.code, 1);
        EXPECT_THAT(o.err, HasSubstr("stdout"));
        EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1);
    }
}

}  // namespace
}  // namespace evenkeel
