#include "evenkeel/study/compare.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "evenkeel/model/zoo.hpp"
#include "study/run_one.hpp"
#include "support/small_data.hpp"

namespace evenkeel {
namespace {

using tests::small_data;

std::vector<ComparedArm> arms_for(const Dataset& data) {
    std::vector<ComparedArm> arms;
    for (const char* word : {"mlp:8-6-3", "mlp:8-7-3", "mlp:8-5-3"})
        arms.push_back({word, model_from_word(word, data.train.shape, data.classes)});
    return arms;
}

CompareOptions three_seeds(double learning_rate, int threads) {
    CompareOptions options;
    options.compilation.optimizer = SGD{.learning_rate = learning_rate};
    options.compilation.metrics = {"accuracy"};
    options.batch_size = 32;
    options.epochs = 2;
    options.seeds = 3;
    options.threads = threads;
    return options;
}

TEST(Compare, GivesEachRunWhatItWouldGetAlone) {
    const Dataset data = small_data();
    const std::vector<ComparedArm> arms = arms_for(data);
    for (const double rate : {0.1, 1e30}) {        // learns; does not stay finite
        for (const int threads : {1, 2, 3, 16}) {  // all seeds' arms together, those of some, of none
            const CompareOptions options = three_seeds(rate, threads);
            CompareProgress last;
            CompareOptions told = options;
            told.progress = [&](const CompareProgress& p) { last = p; };
            const CompareResult result = compare(data, arms, told);
            EXPECT_EQ(last.runs_done, 9);
            EXPECT_EQ(last.epochs_done, 18);
            ASSERT_EQ(result.arms.size(), 3U);
            for (std::size_t a = 0; a < 3; ++a) {
                ASSERT_EQ(result.arms[a].runs.size(), 3U) << threads << " threads";
                for (std::uint64_t seed = 0; seed < 3; ++seed) {
                    const ComparedRun& run = result.arms[a].runs[seed];
                    const ComparedRun alone = run_one(data, {arms[a].name, arms[a].model, options, seed, 1, {}});
                    EXPECT_EQ(run.seed, seed);
                    EXPECT_EQ(run.diverged, rate > 1);
                    EXPECT_EQ(run.problem, alone.problem);
                    EXPECT_EQ(run.test_accuracy, alone.test_accuracy);
                    EXPECT_EQ(run.test_loss, alone.test_loss);
                    ASSERT_EQ(run.epochs.size(), alone.epochs.size());
                    for (std::size_t e = 0; e < run.epochs.size(); ++e)
                        EXPECT_EQ(run.epochs[e].validation.loss, alone.epochs[e].validation.loss);
                }
            }
        }
    }
}

TEST(Compare, AnInterruptedOneKeepsWholeSeeds) {
    const Dataset data = small_data();
    for (const int threads : {1, 2, 3}) {
        std::atomic<bool> stop = false;
        CompareOptions options = three_seeds(0.1, threads);
        options.interrupted = &stop;
        options.progress = [&](const CompareProgress& p) { stop = stop || p.epochs_done >= 8; };
        const CompareResult result = compare(data, arms_for(data), options);
        EXPECT_TRUE(result.interrupted);
        const std::size_t seeds = result.arms.front().runs.size();
        if (threads == 1) {
            EXPECT_EQ(seeds, 1U) << "it stopped in the second of three";
        }
        for (const ArmResult& arm : result.arms) {
            ASSERT_EQ(arm.runs.size(), seeds);
            for (const ComparedRun& run : arm.runs) EXPECT_EQ(run.epochs.size(), 2U);
        }
    }
}

}  // namespace
}  // namespace evenkeel
