#include "evenkeel/study/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "data/support.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/train/sequential.hpp"
#include "support/small_data.hpp"

namespace evenkeel {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using tests::small_data;

SweepBase base_for(const Dataset& data) {
    SweepBase base;
    base.model = model_from_word("mlp:8-6-3", data.train.shape, data.classes);
    base.compilation.optimizer = SGD{.learning_rate = .1};
    base.compilation.metrics = {"accuracy"};
    base.batch_size = 32;
    return base;
}

const std::vector<std::string> rates = {"0.001", "0.1", "1"};

std::vector<SweepPoint> rate_points(const Dataset& data) {
    return sweep_points(data, SweepKey::learning_rate, rates, base_for(data));
}

SweepOptions two_seeds() {
    SweepOptions options;
    options.epochs = 2;
    options.seeds = 2;
    return options;
}

void expect_equal_runs(const ComparedRun& a, const ComparedRun& b) {
    EXPECT_EQ(a.seed, b.seed);
    EXPECT_EQ(a.test_accuracy, b.test_accuracy);
    EXPECT_EQ(a.test_loss, b.test_loss);
    ASSERT_EQ(a.epochs.size(), b.epochs.size());
    for (std::size_t e = 0; e < a.epochs.size(); ++e) {
        EXPECT_EQ(a.epochs[e].train.loss, b.epochs[e].train.loss);
        EXPECT_EQ(a.epochs[e].validation.loss, b.epochs[e].validation.loss);
    }
}

void expect_equal_results(const SweepResult& a, const SweepResult& b) {
    ASSERT_EQ(a.values.size(), b.values.size());
    for (std::size_t v = 0; v < a.values.size(); ++v) {
        for (std::size_t arm = 0; arm < a.values[v].arms.size(); ++arm) {
            for (std::size_t r = 0; r < a.values[v].arms[arm].runs.size(); ++r)
                expect_equal_runs(a.values[v].arms[arm].runs[r], b.values[v].arms[arm].runs[r]);
        }
    }
    for (std::size_t pair = 0; pair < a.pairs.size(); ++pair) EXPECT_EQ(a.pairs[pair].sentence, b.pairs[pair].sentence);
}

std::size_t files_in(const fs::path& folder) {
    std::error_code none;
    const fs::directory_iterator files(folder, none);
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST(Sweep, ArmsOfASeedHaveTheSameWeightsAndBatches) {
    const Dataset data = small_data();
    std::vector<SweepPoint> points = rate_points(data);
    for (SweepPoint& point : points) {
        // Two arms of one model: whatever they did not share, they would end differently.
        point.arms = {point.arms.front(), point.arms.front()};
        point.arms.back().name = "again";
    }
    const SweepResult result = sweep(data, SweepKey::learning_rate, points, two_seeds());
    for (const SweptValue& value : result.values) {
        for (std::size_t seed = 0; seed < 2; ++seed)
            expect_equal_runs(value.arms[0].runs[seed], value.arms[1].runs[seed]);
        EXPECT_NE(value.arms[0].runs[0].test_loss, value.arms[0].runs[1].test_loss);
    }
    const std::vector<SweepPoint> arms = rate_points(data);
    const Sequential none(arms[0].arms[0].model, {.seed = 5}), after(arms[2].arms[2].model, {.seed = 5});
    const auto kernels = [](const Sequential& model) {
        std::vector<std::vector<float>> out;
        for (const Variable& v : model.layout().variables) {
            const auto values = model.values().of(v);
            if (v.role == Role::kernel) out.emplace_back(values.begin(), values.end());
        }
        return out;
    };
    EXPECT_EQ(kernels(none), kernels(after));
}

TEST(Sweep, BitsDoNotDependOnThreads) {
    const Dataset data = small_data();
    SweepOptions one = two_seeds(), three = two_seeds();
    one.threads = 1;
    three.threads = 3;
    expect_equal_results(sweep(data, SweepKey::learning_rate, rate_points(data), one),
                         sweep(data, SweepKey::learning_rate, rate_points(data), three));
}

TEST(Sweep, TheBestValueIsChosenOnHeldOutRowsAndNotOnTestRows) {
    Dataset data = small_data();
    // Whoever learns the training rows is wrong on every test row; who learns nothing is right on a third.
    for (std::int32_t& label : data.test.labels) label = (label + 1) % 3;
    SweepOptions options = two_seeds();
    options.epochs = 8;
    const auto points = sweep_points(data, SweepKey::learning_rate, {"0.1", "1e-9"}, base_for(data));
    const SweepResult result = sweep(data, SweepKey::learning_rate, points, options);
    ASSERT_EQ(result.best.size(), 3U);
    for (std::size_t arm = 0; arm < 3; ++arm) {
        EXPECT_EQ(result.values[result.best[arm].index].point.value, "0.1");
        EXPECT_GT(result.best[arm].held_out_accuracy, .6);
        EXPECT_LT(result.arms[arm].test_accuracy.mean, result.values[0].arms[arm].test_accuracy.mean);
        EXPECT_EQ(result.arms[arm].test_accuracy.mean, result.values[1].arms[arm].test_accuracy.mean);
    }
    EXPECT_THAT(result.pairs[0].sentence,
                HasSubstr("with sgd, each at its own best learning rate of 2 tried (before 0.1, "
                          "none 0.1; chosen on held-out training rows)"));
}

TEST(Sweep, WhatIsInterruptedGoesOnAndFinishedCellsAreNotComputedAgain) {
    const Dataset data = small_data();
    const auto points = rate_points(data);
    const SweepResult undisturbed = sweep(data, SweepKey::learning_rate, points, two_seeds());

    const TemporaryFolder folder;
    std::atomic<bool> stop = false;
    SweepOptions options = two_seeds();
    options.cells = folder.path() / "cells";
    options.threads = 1;
    options.interrupted = &stop;
    options.progress = [&](const SweepProgress& p) { stop = p.done >= 5; };
    const SweepResult first = sweep(data, SweepKey::learning_rate, points, options);
    EXPECT_TRUE(first.interrupted);
    EXPECT_TRUE(first.values.empty());
    EXPECT_EQ(first.cells, 18);
    EXPECT_EQ(first.cells_done, 5);
    EXPECT_EQ(files_in(options.cells), 5U);

    // A mark in every finished cell: it comes through only where the cell is taken as it is.
    for (const auto& entry : fs::directory_iterator(options.cells)) {
        std::ifstream in(entry.path());
        nlohmann::json cell = nlohmann::json::parse(in);
        cell["run"]["seconds"] = 1234.5;
        std::ofstream(entry.path()) << cell;
    }
    stop = false;
    options.progress = {};
    const SweepResult second = sweep(data, SweepKey::learning_rate, points, options);
    EXPECT_FALSE(second.interrupted);
    EXPECT_EQ(second.cells_kept, 5);
    EXPECT_EQ(second.cells_done, 18);
    expect_equal_results(second, undisturbed);
    int marked = 0;
    for (const SweptValue& value : second.values) {
        for (const ArmResult& arm : value.arms) {
            for (const ComparedRun& run : arm.runs) marked += run.seconds == 1234.5 ? 1 : 0;
        }
    }
    EXPECT_EQ(marked, 5);
}

TEST(Sweep, ADamagedCellIsComputedAgain) {
    const Dataset data = small_data();
    const auto points = rate_points(data);
    const TemporaryFolder folder;
    SweepOptions options = two_seeds();
    options.cells = folder.path() / "cells";
    const SweepResult whole = sweep(data, SweepKey::learning_rate, points, options);
    std::size_t n = 0;
    for (const auto& entry : fs::directory_iterator(options.cells)) {
        if (n++ < 3) fs::resize_file(entry.path(), fs::file_size(entry.path()) / n);
        if (n == 4) fs::copy_file(entry.path(), options.cells / "0000000000000000.json");  // under another's name
    }
    const SweepResult again = sweep(data, SweepKey::learning_rate, points, options);
    EXPECT_EQ(again.cells_kept, 16);  // the first was cut to its whole length
    expect_equal_results(again, whole);
}

TEST(Sweep, OnlyCellsOfTheSameCommandAreTaken) {
    const Dataset data = small_data();
    const TemporaryFolder folder;
    SweepOptions options = two_seeds();
    options.cells = folder.path() / "cells";
    const auto kept = [&](SweepKey key, const std::vector<SweepPoint>& points, const SweepOptions& o) {
        return sweep(data, key, points, o).cells_kept;
    };
    const auto points = rate_points(data);
    EXPECT_EQ(kept(SweepKey::learning_rate, points, options), 0);
    EXPECT_EQ(kept(SweepKey::learning_rate, points, options), 18);

    SweepOptions other = options;
    other.epochs = 1;
    EXPECT_EQ(kept(SweepKey::learning_rate, points, other), 0);
    other = options;
    other.fingerprint = "other data";
    EXPECT_EQ(kept(SweepKey::learning_rate, points, other), 0);
    other = options;
    other.train_rows = 100;
    EXPECT_EQ(kept(SweepKey::learning_rate, points, other), 0);
    other = options;
    other.validation_rows = 50;
    EXPECT_EQ(kept(SweepKey::learning_rate, points, other), 0);
    other = options;
    other.seeds = 3;  // two of three are there
    EXPECT_EQ(kept(SweepKey::learning_rate, points, other), 18);

    SweepBase base = base_for(data);
    EXPECT_EQ(kept(SweepKey::learning_rate, sweep_points(data, SweepKey::learning_rate, {"0.1", "0.3"}, base), options),
              6);
    // Batches of 32 at 0.1 are there already, under another key.
    EXPECT_EQ(kept(SweepKey::batch_size, sweep_points(data, SweepKey::batch_size, {"16", "32"}, base), options), 6);
    base.compilation.optimizer = SGD{.learning_rate = .1, .momentum = .9};
    EXPECT_EQ(kept(SweepKey::batch_size, sweep_points(data, SweepKey::batch_size, {"16", "32"}, base), options), 0);
    base = base_for(data);
    base.model = with_arm(base.model, Arm::before);
    for (Layer& layer : base.model.layers) {
        if (auto* bn = std::get_if<BatchNormalization>(&layer)) bn->debias = false;  // Keras has no word for it
    }
    base.arms = {Arm::before};
    EXPECT_EQ(kept(SweepKey::batch_size, sweep_points(data, SweepKey::batch_size, {"32"}, base), options), 0);
}

TEST(Sweep, ADivergedRunScoresChanceAndStaysIn) {
    const Dataset data = small_data();
    SweepBase base = base_for(data);
    base.arms = {Arm::none};
    base.compilation.loss = "sparse_categorical_crossentropy";
    const TemporaryFolder folder;
    SweepOptions options = two_seeds();
    options.epochs = 20;
    options.cells = folder.path();
    const auto points = sweep_points(data, SweepKey::initializer_scale, {"1", "1e6"}, [&] {
        SweepBase exploding = base;
        exploding.model = model_from_word("mlp:8-6-6-6-6-6-6-6-6-3", data.train.shape, data.classes);
        return exploding;
    }());
    for (int call = 0; call < 2; ++call) {  // computed, then read
        const SweepResult result = sweep(data, SweepKey::initializer_scale, points, options);
        EXPECT_EQ(result.cells_kept, call * 4);
        const ArmResult& lost = result.values[1].arms[0];
        ASSERT_EQ(lost.runs.size(), 2U);
        for (const ComparedRun& run : lost.runs) {
            EXPECT_TRUE(run.diverged);
            EXPECT_FALSE(run.problem.empty());
            EXPECT_EQ(run.test_accuracy, 1.0 / 3);
            EXPECT_FALSE(run.test_loss);
        }
        EXPECT_NEAR(lost.test_accuracy.mean, 1.0 / 3, 1e-12);
    }
}

TEST(Sweep, EveryKeyMakesItsPoints) {
    const Dataset data = small_data();
    SweepBase base = base_for(data);
    base.arms = {Arm::none, Arm::before};
    const auto points = [&](SweepKey key, const std::vector<std::string>& values) {
        return sweep_points(data, key, values, base);
    };
    const auto rate = [](const SweepPoint& p) { return learning_rate_at(learning_rate(p.compilation.optimizer), 0); };
    auto p = points(SweepKey::learning_rate, {"3", "0.01", "+.5"});
    EXPECT_EQ(p[0].value, "0.01");  // in ascending order
    EXPECT_EQ(rate(p[1]), .5);
    EXPECT_EQ(p[2].number, 3);
    p = points(SweepKey::batch_size, {"2", "64"});
    EXPECT_EQ(p[1].batch_size, 64);
    EXPECT_EQ(rate(p[0]), .1);
    base.full_rate_batch = 32;
    p = points(SweepKey::batch_size, {"2", "32", "64"});
    EXPECT_EQ(rate(p[0]), .1 * 2 / 32);
    EXPECT_EQ(rate(p[1]), .1);
    EXPECT_EQ(rate(p[2]), .1);
    p = points(SweepKey::optimizer, {"adam", "sgd"});
    EXPECT_EQ(p[0].optimizer_word, "adam");
    EXPECT_TRUE(std::holds_alternative<Adam>(p[0].compilation.optimizer));
    EXPECT_EQ(rate(p[0]), .1);
    base.usual_rate = [](const std::string& word) { return word == "adam" ? .001 : .2; };
    p = points(SweepKey::optimizer, {"adam", "sgd"});
    EXPECT_EQ(rate(p[0]), .001);
    EXPECT_EQ(rate(p[1]), .2);
    EXPECT_EQ(points(SweepKey::initializer_scale, {"0.1", "10"}).size(), 2U);
    p = points(SweepKey::depth, {"1", "4"});
    EXPECT_EQ(VariableLayout(p[1].arms[1].model).batch_normalizations, 4);
    EXPECT_EQ(points(SweepKey::activation, {"sigmoid", "tanh"})[1].value, "tanh");
    p = points(SweepKey::input_scaling, {"none", "standardize", "rescaling"});
    EXPECT_EQ(p[1].value, "normalization");  // --scaling's word for it
    EXPECT_NE(p[0].arms[0].model.layers.size(), p[1].arms[0].model.layers.size());
}

TEST(Sweep, RefusesBadValuesBeforeAnythingRuns) {
    const Dataset data = small_data();
    const SweepBase base = base_for(data);
    const auto message = [&](SweepKey key, const std::vector<std::string>& values) -> std::string {
        try {
            sweep_points(data, key, values, base);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    };
    for (const char* bad : {"", "0", "-1", "nan", "inf", "1e7", "0.1x", " 1"})
        EXPECT_THAT(message(SweepKey::learning_rate, {"0.1", bad}),
                    HasSubstr("[sweep learning_rate] expected a number"));
    for (const char* bad : {"0", "2.5", "9999999", "-8", ""})
        EXPECT_THAT(message(SweepKey::batch_size, {bad}), HasSubstr("[sweep batch_size] expected a whole number"));
    EXPECT_THAT(message(SweepKey::optimizer, {"sgd", "lion"}), HasSubstr("\"lion\""));
    EXPECT_THAT(message(SweepKey::initializer_scale, {"0"}), HasSubstr("above 0"));
    EXPECT_THAT(message(SweepKey::depth, {"0"}), HasSubstr("whole number"));
    EXPECT_THAT(message(SweepKey::depth, {"1001"}), HasSubstr("1000"));
    EXPECT_THAT(message(SweepKey::activation, {"softmax"}), HasSubstr("relu"));
    EXPECT_THAT(message(SweepKey::input_scaling, {"auto"}), HasSubstr("rescaling"));
    EXPECT_THAT(message(SweepKey::learning_rate, {"0.1", "1e-1"}), HasSubstr("every value once"));
    EXPECT_THAT(message(SweepKey::input_scaling, {"unit", "rescaling"}), HasSubstr("every value once"));
    EXPECT_THAT(message(SweepKey::learning_rate, {}), HasSubstr("at least one value"));
    EXPECT_THROW(sweep_key_from_word("speed"), Error);

    const auto refused = [&](const std::vector<SweepPoint>& points, const SweepOptions& options) {
        EXPECT_THROW(sweep(data, SweepKey::batch_size, points, options), Error);
    };
    refused(sweep_points(data, SweepKey::batch_size, {"1", "8"}, base), two_seeds());  // BN of one row
    const auto points = sweep_points(data, SweepKey::batch_size, {"8", "16"}, base);
    SweepOptions options = two_seeds();
    options.validation_rows = 0;  // nothing to choose on
    refused(points, options);
    options.validation_rows = 360;
    refused(points, options);
    options = two_seeds();
    options.epochs = 0;
    refused(points, options);
    options = two_seeds();
    options.seeds = 0;
    refused(points, options);
    options = two_seeds();
    options.useful_accuracy = 0;
    refused(points, options);
    refused({}, two_seeds());
    refused({points[1], points[0]}, two_seeds());
}

}  // namespace
}  // namespace evenkeel
