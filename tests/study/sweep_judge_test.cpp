#include "study/sweep_judge.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "study/sweep_json.hpp"

namespace evenkeel {
namespace {

using testing::HasSubstr;

/// A run as if it had been trained: its accuracy on held-out rows and on test rows.
ComparedRun run(std::uint64_t seed, double held_out, double test) {
    ComparedRun r;
    r.seed = seed;
    r.test_accuracy = test;
    r.test_loss = .1;
    EpochLog& log = r.epochs.emplace_back();
    log.epoch = 1;
    log.train.metrics = {held_out};
    log.validated = true;
    log.validation.metrics = {held_out};
    return r;
}

/// Arms "none" and "before" with six seeds at each rate; accuracies[arm][rate] on both kinds of rows.
SweepResult hand_made(const std::vector<double>& rates, const std::vector<std::vector<double>>& accuracies) {
    SweepResult result;
    for (std::size_t v = 0; v < rates.size(); ++v) {
        SweptValue& value = result.values.emplace_back();
        value.point.number = rates[v];
        value.point.value = fmt::format("{}", rates[v]);
        value.point.compilation.optimizer = SGD{.learning_rate = rates[v]};
        for (std::size_t arm = 0; arm < 2; ++arm) {
            ArmResult& at = value.arms.emplace_back();
            at.arm.name = arm == 0 ? "none" : "before";
            for (std::uint64_t seed = 0; seed < 6; ++seed) {
                const double a = accuracies[arm][v] + 1e-4 * static_cast<double>(seed);
                at.runs.push_back(run(seed, a, a));
            }
        }
    }
    return result;
}

TEST(SweepJudge, ADecadeMoreIsSaidWhereItIs) {
    SweepResult r = hand_made({.01, .1, 1, 10, 100}, {{.3, .95, .96, .2, .1}, {.5, .94, .97, .95, .2}});
    judge(r, {}, 10);
    EXPECT_NEAR(r.useful[0].decades, 1, 1e-12);
    EXPECT_NEAR(r.useful[1].decades, 2, 1e-12);
    ASSERT_EQ(r.range_pairs.size(), 1U);
    EXPECT_NEAR(r.range_pairs[0].more_decades, 1, 1e-12);
    EXPECT_EQ(r.range_pairs[0].comparison.verdict, Verdict::better);
    EXPECT_EQ(
        r.range_pairs[0].sentence,
        "Useful range of the learning rate (mean test accuracy ≥ 90 %): before 2.00 decades, none 1.00; +1.00 decades "
        "seed by seed (95 % interval +1.00 to +1.00, p = 0.031, 6 paired seeds). before keeps it over 1.00 decades "
        "more than none: at least one.");
    EXPECT_THAT(r.pairs[0].sentence,
                HasSubstr("with sgd, each at its own best learning rate of 5 tried (before 1, none 1;"));
    EXPECT_THAT(r.values[3].pairs[0].sentence, HasSubstr("with sgd at learning rate 10 — at this learning rate only"));
    const nlohmann::json j = to_json(r, {}, "rates");
    EXPECT_EQ(j["sweep"]["range_pairs"][0]["one_decade_more"], true);
    EXPECT_EQ(j["sweep"]["useful_range"][0]["rule"], "mean test accuracy ≥ 90 %");
    EXPECT_EQ(j["sweep"]["best"][1]["value"], 1);
    EXPECT_EQ(j["arms"][1]["learning_rate"], 1);
}

TEST(SweepJudge, SoIsThatItIsNotAndWhatTheGridCutsOff) {
    SweepResult r = hand_made({.01, .1, 1}, {{.3, .95, .96}, {.95, .94, .97}});
    judge(r, {}, 10);
    EXPECT_THAT(r.range_pairs[0].sentence,
                HasSubstr("before keeps it over 1.00 decades more than none: at least one."));
    EXPECT_THAT(r.range_pairs[0].sentence, HasSubstr("The grid cuts off before's and none's range"));
    r = hand_made({.01, .1, 1, 10}, {{.3, .95, .96, .2}, {.3, .94, .97, .1}});
    judge(r, {}, 10);
    EXPECT_EQ(r.range_pairs[0].comparison.verdict, Verdict::equivalent);
    EXPECT_THAT(r.range_pairs[0].sentence, HasSubstr("before keeps it over no more than none."));
    r = hand_made({.01, .1, 1, 3}, {{.3, .95, .2, .2}, {.3, .94, .97, .91}});
    judge(r, {}, 10);
    EXPECT_THAT(r.range_pairs[0].sentence,
                HasSubstr("before keeps it over 1.48 decades more than none: at least one."));
    r = hand_made({.01, .1, .3, 3}, {{.3, .95, .92, .2}, {.3, .94, .7, .1}});
    judge(r, {}, 10);
    EXPECT_THAT(r.range_pairs[0].sentence, HasSubstr("before keeps it over 0.48 decades less than none."));
    r = hand_made({.01, .1, .3, 3}, {{.3, .95, .2, .2}, {.3, .94, .95, .1}});
    judge(r, {}, 10);
    EXPECT_THAT(r.range_pairs[0].sentence,
                HasSubstr("before keeps it over 0.48 decades more than none: less than one."));
    r = hand_made({.01, .1}, {{.3, .4}, {.5, .6}});
    judge(r, {}, 10);
    EXPECT_THAT(r.range_pairs[0].sentence, HasSubstr("Neither is useful anywhere on this grid."));
}

TEST(SweepJudge, TheBestIsThatOfTheHeldOutRows) {
    SweepResult r = hand_made({.1, 1}, {{.9, .8}, {.8, .9}});
    for (ComparedRun& at : r.values[1].arms[0].runs) at.test_accuracy = .99;  // tempting, and not looked at
    r.values[1].arms[1].runs[0].diverged = true;                              // chance for one of six: .9 becomes .77
    judge(r, {}, 10);
    EXPECT_EQ(r.best[0].index, 0U);
    EXPECT_EQ(r.best[1].index, 0U);
    EXPECT_NEAR(r.best[0].held_out_accuracy, .90025, 1e-12);
}

TEST(SweepJudge, EqualValuesGiveTheFirst) {
    SweepResult r = hand_made({.1, 1, 10}, {{.5, .9, .9}, {.7, .7, .7}});
    judge(r, {}, 10);
    EXPECT_EQ(r.best[0].index, 1U);
    EXPECT_EQ(r.best[1].index, 0U);
}

}  // namespace
}  // namespace evenkeel
