#include "cli/program.hpp"

namespace evenkeel {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string>;

TEST(Usage, AloneItNamesTheThreeCommandsToBeginWith) {
    const std::string text = output_of({});
    for (const char* part : {"evenkeel compare", "evenkeel explain", "evenkeel train", "--help"})
        EXPECT_THAT(text, HasSubstr(part));
    EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 12);
}

TEST(Usage, Version) {
    EXPECT_THAT(output_of({"--version"}), testing::MatchesRegex("evenkeel [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Usage, EveryCommandExplainsItselfWithExamples) {
    const std::string all = output_of({"--help"});
    for (const Words& command : std::vector<Words>{{"train"},
                                                   {"compare"},
                                                   {"explain"},
                                                   {"evaluate"},
                                                   {"predict"},
                                                   {"summary"},
                                                   {"standardize"},
                                                   {"report"},
                                                   {"data", "fetch"},
                                                   {"bench", "step"},
                                                   {"bench", "batchnorm"},
                                                   {"bench", "predict"},
                                                   {"bench", "job"}}) {
        Words words = command;
        words.push_back("--help");
        const std::string text = output_of(words);
        std::string call = "evenkeel";
        for (const std::string& word : command) call += ' ' + word;
        EXPECT_THAT(all, HasSubstr("  " + command.front() + ' '));
        EXPECT_THAT(text, HasSubstr("Usage: " + call));
        EXPECT_THAT(text, HasSubstr("--json"));
        const auto examples = text.find("Example");
        ASSERT_NE(examples, std::string::npos) << call;
        EXPECT_THAT(text.substr(examples), HasSubstr(call));
        EXPECT_LE(widest_line(text), 104U) << call;
    }
}

TEST(Usage, WhatIsNoCommandIsRefused) {
    expect_refusal({"trian"}, {"a command", "trian"});
    expect_refusal({"--trian"}, {"--trian"});
    expect_refusal({"train", "--epoch", "3"}, {"evenkeel train:", "--epoch"});
    expect_refusal({"train", "more", "words"}, {"evenkeel train:", "more"});
    expect_refusal({"data"}, {"evenkeel data:", "subcommand"});
    expect_refusal({"bench"}, {"subcommand"});
    expect_refusal({"evaluate"}, {"[MODEL]"});
    expect_refusal({"standardize"}, {"[--data]"});
    expect_refusal({"train", "--epochs"}, {"--epochs"});
    expect_refusal({"train", "--epochs", "1", "--epochs", "2"}, {"--epochs"});
    expect_refusal({"data", "fetch", "cifar"}, {"mnist", "cifar"});
}

struct Bad {
    Words arguments;
    std::string part;
};

TEST(Usage, EveryOptionsRangeIsChecked) {
    const TemporaryFolder folder, data;
    write_small_idx(data);
    const std::string out = folder.path() / "run";
    std::vector<Bad> all = {
        {{"train", "--seed", "-1"}, "[--seed] expected a whole number"},
        {{"train", "--seed", "1.5"}, "[--seed]"},
        {{"train", "--seed", "9007199254740993"}, "[--seed]"},
        {{"train", "--checkpoint-steps", "-5"}, "[--checkpoint-steps]"},
        {{"compare", "--seeds", "0"}, "[--seeds] expected a whole number from 1 to 10000"},
        {{"compare", "--seeds", "1e3"}, "[--seeds]"},
        {{"compare", "--arms", "none,sideways"}, "[--arms]"},
        {{"compare", "--arms", "none,none"}, "[--arms] expected every arm once"},
        {{"compare", "--arms", "none,"}, "[--arms]"},
        {{"compare", "--arms", ""}, "[--arms]"},
    };
    for (const char* command : {"train", "compare"}) {
        for (const char* value : {"-1", "1000001", "abc", "nan", "", "2.5", "99999999999999999999", "3x", " 3", "0x10"})
            all.push_back({{command, "--epochs", value}, "[--epochs] expected a whole number from 0 to 1000000"});
        for (const char* value : {"0", "-128", "abc", "1048577"})
            all.push_back({{command, "--batch-size", value}, "[--batch-size]"});
        for (const char* value : {"0", "-0.1", "nan", "inf", "-inf", "1e400", "abc", "", "1e7", "0.1.2"})
            all.push_back({{command, "--learning-rate", value}, "[--learning-rate] expected a number above 0"});
        for (const char* value : {"0", "-1", "1025", "many"})
            all.push_back({{command, "--threads", value}, "[--threads]"});
        for (const char* value : {"-1", "abc", "99999999999"})
            all.push_back({{command, "--validation-rows", value}, "[--validation-rows]"});
        all.push_back({{command, "--validation-rows", "240"}, "[--validation-rows] expected fewer than the 240"});
        all.push_back({{command, "--optimizer", "magic"}, "[--optimizer] expected one of sgd, momentum"});
        all.push_back({{command, "--optimizer", ""}, "[--optimizer]"});
        all.push_back({{command, "--scaling", "double"}, "[--scaling] expected one of auto, none, unit, standardize"});
        all.push_back({{command, "--target", "x"}, "[--target]"});
        for (const char* model : {"resnet", "mlp:", "mlp:24", "mlp:24-0-3", "mlp:24--5-3", "mlp:24-x-3", "mlp:23-3",
                                  "mlp:24-64-4", "mlp:24-99999999999999999999-3", "mlp:24-999999999999-3", ""})
            all.push_back({{command, "--model", model}, "mo"});
    }
    for (Bad& bad : all) {
        for (const std::string& word : {std::string("--data"), data.path().string(), std::string("--quiet")})
            bad.arguments.push_back(word);
        bad.arguments.push_back("--out");
        bad.arguments.push_back(out);
        expect_refusal(bad.arguments, {bad.part, "evenkeel " + bad.arguments.front() + ":"});
        EXPECT_FALSE(std::filesystem::exists(out)) << "left behind by " << bad.arguments[1] << ' ' << bad.arguments[2];
    }
}

TEST(Usage, OptionsOfTheOtherCommandsAreCheckedToo) {
    for (const char* value : {"0", "-1", "nan", "abc", "inf"})
        expect_refusal({"explain", "--eta", value}, {"[--eta] expected a number above 0"});
    for (const char* value : {"nan", "inf", "x", ""}) {
        for (const char* option : {"--gamma", "--beta", "--bias"})
            expect_refusal({"explain", option, value}, {option, "a finite number"});
    }
    expect_refusal({"explain", "--gamma", "1e308"}, {"[explain]", "overflow"});  // finite, but what comes of it is not
    expect_refusal({"explain", "--epsilon", "0"}, {"[--epsilon]"});
    expect_refusal({"explain", "--weights", "1,2,3"}, {"weights"});
    expect_refusal({"explain", "--weights", "1,,2"}, {"[--weights]"});
    expect_refusal({"explain", "--activation", "step"}, {"[--activation] expected one of linear, relu, sigmoid, tanh"});
    expect_refusal({"explain", "--target", "y"}, {"[--target]"});
    expect_refusal({"bench", "step", "--batches", "0"}, {"[--batches]"});
    expect_refusal({"bench", "step", "--batches", "32,x"}, {"[--batches]"});
    expect_refusal({"bench", "step", "--threads", "-2"}, {"[--threads]"});
    expect_refusal({"bench", "step", "--repeats", "0"}, {"[--repeats]"});
    expect_refusal({"bench", "step", "--together", "0"}, {"[--together]"});
    for (const char* shape : {"x", "64", "0x4", "3x", "3x4,", "3x4;5", "1x4"})
        expect_refusal({"bench", "batchnorm", "--shape", shape}, {"shape"});
    expect_refusal({"bench", "predict", "--batches", "0"}, {"[--batches]"});
    expect_refusal({"bench", "job", "--epochs", "0"}, {"[--epochs]"});
    expect_refusal({"predict", keras_fixture("lecture.keras"), "--rows", "0"}, {"[--rows]"});
    expect_refusal({"predict", keras_fixture("lecture.keras"), "--split", "half"}, {"[--split]"});
    expect_refusal({"summary", "--model", "mlp:1-2-"}, {"mlp"});
    expect_refusal({"summary", keras_fixture("lecture.keras"), "--model", "model_bn"}, {"ARCHIVE", "both"});
}

}  // namespace
}  // namespace evenkeel
