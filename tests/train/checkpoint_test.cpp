#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "evenkeel/core/error.hpp"
#include "evenkeel/train/saving.hpp"
#include "support/small_data.hpp"

namespace evenkeel {
namespace {

namespace fs = std::filesystem;
using tests::three_classes;

class CheckpointTest : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = fs::path(testing::TempDir()) /
                  ("evenkeel_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
        fs::remove_all(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    static Sequential model() {
        Sequential m({.seed = 3, .threads = 1});
        m.add(Input({8}));
        m.add(Dense(12, {.kernel_regularizer = L2(1e-4)}));
        m.add(BatchNormalization());
        m.add(ReLU());
        m.add(Dropout(0.2));
        m.add(Dense(3, {.activation = "softmax"}));
        m.compile({.optimizer = Adam{.learning_rate = CosineDecay{.initial_learning_rate = 0.02, .decay_steps = 60}},
                   .metrics = {"accuracy"}});
        return m;
    }

    fs::path folder_;
    Examples data_ = three_classes(200);
};

/// Asks the training to stop after so many batches.
struct StopAfter : Callback {
    explicit StopAfter(int n) : left(n) {}
    void on_batch_end(Training& t, double) override { t.stop = --left == 0; }
    int left;
};

TEST_F(CheckpointTest, AResumedTrainingEndsWithTheBitsOfAnUninterruptedOne) {
    Sequential whole = model();
    const History expected = whole.fit(data_, {.batch_size = 32, .epochs = 4, .validation_split = 0.1});
    // Batches an epoch: 6. Stops within the first epoch, at an epoch's last batch, within the third.
    for (const int stop : {2, 6, 15}) {
        fs::remove_all(folder_);
        Sequential first = model();
        auto checkpoint = std::make_shared<Checkpoint>(CheckpointOptions{.folder = folder_, .fingerprint = "test"});
        first.fit(data_, {.batch_size = 32,
                          .epochs = 4,
                          .validation_split = 0.1,
                          .callbacks = {checkpoint, std::make_shared<StopAfter>(stop)}});
        std::optional<SavedTraining> saved = load_checkpoint(folder_, "test", {.seed = 3, .threads = 2});
        ASSERT_TRUE(saved.has_value());
        EXPECT_EQ(saved->model.optimizer_values().iteration, stop);
        const History rest = saved->model.fit(data_, {.batch_size = 32,
                                                      .epochs = 4,
                                                      .validation_split = 0.1,
                                                      .resume = &saved->position,
                                                      .history = saved->history});
        EXPECT_EQ(saved->model.get_weights(), whole.get_weights()) << "stopped after " << stop;
        ASSERT_EQ(rest.epochs.size(), expected.epochs.size());
        for (std::size_t e = 0; e < 4; ++e) {
            EXPECT_EQ(rest.epochs[e].train.loss, expected.epochs[e].train.loss);
            EXPECT_EQ(rest.epochs[e].validation.loss, expected.epochs[e].validation.loss);
        }
    }
}

TEST_F(CheckpointTest, KeepsTheNewestTwoAndSkipsADamagedOne) {
    Sequential m = model();
    m.fit(data_, {.batch_size = 50,
                  .epochs = 3,
                  .callbacks = {std::make_shared<Checkpoint>(CheckpointOptions{.folder = folder_})}});
    EXPECT_FALSE(fs::exists(folder_ / "step-4.keras"));
    EXPECT_TRUE(fs::exists(folder_ / "step-8.keras"));
    EXPECT_TRUE(fs::exists(folder_ / "step-12.keras"));
    fs::resize_file(folder_ / "step-12.keras", fs::file_size(folder_ / "step-12.keras") / 2);
    const auto saved = load_checkpoint(folder_, "", {.seed = 3});
    ASSERT_TRUE(saved.has_value());
    EXPECT_EQ(saved->model.optimizer_values().iteration, 8);
    EXPECT_EQ(saved->position.epoch, 2);
    std::ofstream(folder_ / "step-8.keras") << "junk";
    EXPECT_THROW(load_checkpoint(folder_, "", {}), Error);
}

TEST_F(CheckpointTest, RefusesAnotherTrainingsCheckpoint) {
    EXPECT_FALSE(load_checkpoint(folder_, "mine", {}).has_value());
    Sequential m = model();
    m.fit(data_,
          {.batch_size = 50,
           .callbacks = {std::make_shared<Checkpoint>(CheckpointOptions{.folder = folder_, .fingerprint = "theirs"})}});
    try {
        load_checkpoint(folder_, "mine", {});
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("expected a checkpoint of the same training (mine), got theirs"));
    }
}

TEST_F(CheckpointTest, AModelComesBackFromItsArchiveBitForBit) {
    fs::create_directories(folder_);
    Sequential m = model();
    m.fit(data_, {.epochs = 2});
    save_model(m, folder_ / "m.keras");
    Sequential back = load_model(folder_ / "m.keras", {.seed = 3, .threads = 1});
    EXPECT_EQ(back.get_weights(), m.get_weights());
    EXPECT_EQ(back.evaluate(data_).loss, m.evaluate(data_).loss);
    m.fit(data_, {.epochs = 1});
    back.fit(data_, {.epochs = 1});
    EXPECT_EQ(back.get_weights(), m.get_weights()) << "it trains on as if never saved";
}

TEST_F(CheckpointTest, WhatAKilledProcessLeftHalfWrittenIsClearedAway) {
    fs::create_directories(folder_);
    for (const char* name : {".step-18.keras.29749-17.tmp", "notes.tmp", ".step-notes"})
        std::ofstream(folder_ / name) << "x";
    Sequential m = model();
    m.fit(data_, {.batch_size = 32,
                  .epochs = 1,
                  .callbacks = {std::make_shared<Checkpoint>(CheckpointOptions{.folder = folder_})}});
    EXPECT_FALSE(fs::exists(folder_ / ".step-18.keras.29749-17.tmp"));
    EXPECT_TRUE(fs::exists(folder_ / "notes.tmp") && fs::exists(folder_ / ".step-notes")) << "not ours";
    EXPECT_TRUE(load_checkpoint(folder_, "").has_value());
}

// Training can go well while a validation row overflows; JSON has no word for the loss that comes of it.
TEST_F(CheckpointTest, AValidationLossThatIsInfiniteDoesNotEndTheResuming) {
    const std::vector<float> x = {-1, 0, 1, 2}, y = {0, 0, 1, 1}, huge = {3e38F};
    const DataView rows{Features(x), Answers(y)};
    const DataView validation{Features(huge), Answers(std::span<const float>(y).first(1))};
    Sequential m({.seed = 3, .threads = 1});
    m.add(Input({1}));
    m.add(Dense(1, {.kernel_initializer = Constant(2.0)}));
    m.compile({.optimizer = SGD{}, .loss = "mse"});
    const auto checkpoint = std::make_shared<Checkpoint>(CheckpointOptions{.folder = folder_, .fingerprint = "test"});
    const History h = m.fit(rows, {.epochs = 3, .validation_data = &validation, .callbacks = {checkpoint}});
    ASSERT_FALSE(std::isfinite(h.epochs.back().validation.loss));
    const auto saved = load_checkpoint(folder_, "test");
    ASSERT_TRUE(saved.has_value());
    ASSERT_EQ(saved->history.epochs.size(), 3U);
    EXPECT_EQ(saved->history.epochs.back().validation.loss, h.epochs.back().validation.loss);
    EXPECT_EQ(saved->model.get_weights(), m.get_weights());
}

}  // namespace
}  // namespace evenkeel
