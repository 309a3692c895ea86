#include "evenkeel/train/sequential.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "evenkeel/core/error.hpp"
#include "evenkeel/train/progress.hpp"
#include "support/small_data.hpp"
#include "support/small_model.hpp"

namespace evenkeel {
namespace {

using testing::HasSubstr;
using tests::message_of;
using tests::small_model;
using tests::three_classes;

TEST(Sequential, LearnsAndPredictsWhatItLearned) {
    const Examples train = three_classes(600), test = three_classes(300, 8, 2);
    Sequential model = small_model();
    const Evaluation before = model.evaluate(test);
    const History history = model.fit(train, {.batch_size = 32, .epochs = 10});
    const Evaluation after = model.evaluate(test);
    EXPECT_EQ(history.epochs.size(), 10U);
    EXPECT_LT(history.epochs.back().train.loss, history.epochs.front().train.loss);
    EXPECT_GT(after.metrics[0], before.metrics[0] + 0.2);

    const std::vector<float> p = model.predict(std::get<std::vector<float>>(test.values));
    ASSERT_EQ(p.size(), 900U);
    int correct = 0;
    for (int r = 0; r < 300; ++r) {
        EXPECT_NEAR(p[r * 3] + p[r * 3 + 1] + p[r * 3 + 2], 1.0, 1e-5);
        correct += std::max_element(&p[r * 3], &p[r * 3] + 3) - &p[r * 3] == test.labels[r];
    }
    EXPECT_DOUBLE_EQ(correct / 300.0, after.metrics[0]);
}

TEST(Sequential, SameSeedSameBitsForAnyNumberOfThreads) {
    const Examples data = three_classes(333);
    const auto weights = [&](int threads, std::uint64_t seed) {
        Sequential model = small_model(seed, threads);
        model.fit(data, {.batch_size = 100, .epochs = 3});  // a last short batch of 33 rows
        return model.get_weights();
    };
    const auto one = weights(1, 5);
    for (const int threads : {1, 2, 3, 8}) EXPECT_EQ(weights(threads, 5), one) << threads << " threads";
    EXPECT_NE(weights(1, 6), one);
}

TEST(Sequential, ValidationSplitHoldsBackTheLastRowsUntouched) {
    const Examples data = three_classes(300);
    Sequential split = small_model(), given = small_model();
    const History a = split.fit(data, {.batch_size = 32, .epochs = 2, .validation_split = 0.2});
    DataView head(data), tail(data);
    head.rows = 240;
    tail.first_row = 240;
    const History b = given.fit(head, {.batch_size = 32, .epochs = 2, .validation_data = &tail});
    EXPECT_EQ(split.get_weights(), given.get_weights());
    ASSERT_TRUE(a.epochs[1].validated);
    EXPECT_EQ(a.epochs[1].validation.rows, 60);
    EXPECT_EQ(a.epochs[1].validation.loss, b.epochs[1].validation.loss);
    EXPECT_EQ(a.epochs[1].validation.loss, given.evaluate(tail).loss);
    EXPECT_EQ(a.epochs[1].train.rows, 240);
}

TEST(Sequential, BytesAndTheSameFloatsTrainAlike) {
    std::vector<std::uint8_t> bytes;
    std::vector<float> floats;
    const Random random(3, 4);
    for (std::uint64_t i = 0; i < 200 * 8; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(random.below(i, 256)));
        floats.push_back(bytes.back());
    }
    const std::vector<std::int32_t> labels = three_classes(200).labels;
    const auto weights = [&](Features x) {
        Sequential model({.threads = 1});
        model.add(Input({8}));
        model.add(Rescaling(1.0 / 255));
        model.add(Dense(3, {.activation = "softmax"}));
        model.compile({.optimizer = SGD{.learning_rate = 0.1}});
        model.fit(DataView(x, labels), {.epochs = 2});
        return model.get_weights();
    };
    EXPECT_EQ(weights(bytes), weights(floats));
}

TEST(Sequential, AFunctionMayFillTheBatches) {
    const Examples data = three_classes(100);
    const auto& values = std::get<std::vector<float>>(data.values);
    GeneratedData generated{.rows = 100,
                            .fill = [&](std::span<const std::uint32_t> rows, std::span<float> x,
                                        std::span<std::int32_t> labels, std::span<float> targets) {
                                EXPECT_TRUE(targets.empty());
                                for (std::size_t r = 0; r < rows.size(); ++r) {
                                    std::copy_n(&values[rows[r] * 8], 8, &x[r * 8]);
                                    if (!labels.empty()) labels[r] = data.labels[rows[r]];  // predict asks for x alone
                                }
                            }};
    Sequential stored = small_model(), filled = small_model();
    stored.fit(data, {.epochs = 3});
    filled.fit(generated, {.epochs = 3});
    EXPECT_EQ(stored.get_weights(), filled.get_weights());

    const Evaluation of_stored = stored.evaluate(data), of_filled = filled.evaluate(generated);
    EXPECT_EQ(of_filled.rows, 100);
    EXPECT_EQ(of_filled.loss, of_stored.loss);
    EXPECT_EQ(of_filled.metrics, of_stored.metrics);
    EXPECT_EQ(filled.predict(generated), stored.predict(Features(values)));
    generated.rows = 0;
    EXPECT_THROW(filled.evaluate(generated), Error);
    EXPECT_THROW(filled.predict(generated), Error);
}

TEST(Sequential, ProgressIsToldAndNotShownByTheLibrary) {
    const Examples data = three_classes(100);
    std::vector<double> shares;
    double loss = 0;
    const auto progress = std::make_shared<Progress>(
        [&](const TrainingProgress& p) {
            shares.push_back(p.share);
            loss = p.loss;
            EXPECT_EQ(p.epochs, 3);
            EXPECT_EQ(p.batches, 4);
            EXPECT_EQ(p.metrics.size(), 1U);
            EXPECT_GT(p.rows_per_second, 0);
            EXPECT_GE(p.seconds_left, 0);
        },
        0.0);
    Sequential model = small_model();
    const History history = model.fit(data, {.epochs = 3, .callbacks = {progress}});
    EXPECT_EQ(shares.size(), 12U) << "after each of 4 batches of 3 epochs, if it may be that often";
    EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
    EXPECT_EQ(shares.back(), 1.0);
    EXPECT_EQ(loss, history.epochs.back().train.loss) << "the last one's mean is the epoch's";

    int calls = 0;
    Sequential again = small_model();
    again.fit(data,
              {.epochs = 3, .callbacks = {std::make_shared<Progress>([&](const TrainingProgress&) { ++calls; }, 1e6)}});
    EXPECT_EQ(calls, 0);
}

TEST(Sequential, ValidationSplitRoundsAsKeras) {
    const Examples data = three_classes(10);
    Sequential model = small_model();
    const History history = model.fit(data, {.batch_size = 4, .epochs = 1, .validation_split = 0.25});
    EXPECT_EQ(history.epochs[0].train.rows, 7);
    EXPECT_EQ(history.epochs[0].validation.rows, 3);
}

TEST(Sequential, SampleWeightsScaleEachRowsLoss) {
    const Examples data = three_classes(64);
    const std::vector<float> ones(64, 1.0F), zeros(64, 0.0F);
    Sequential plain = small_model(), weighted = small_model(), ignored = small_model();
    const auto x = Features(std::get<std::vector<float>>(data.values));
    const Evaluation a = plain.train_on_batch({x, data.labels});
    const Evaluation b = weighted.train_on_batch({x, data.labels, ones});
    const Evaluation c = ignored.train_on_batch({x, data.labels, zeros});
    EXPECT_EQ(a.loss, b.loss);
    EXPECT_EQ(plain.get_weights(), weighted.get_weights());
    EXPECT_EQ(c.loss, 0.0);
}

TEST(Sequential, ACustomLossTrainsLikeTheBuiltInOne) {
    const Examples data = three_classes(60);
    std::vector<float> targets(180, 0.0F);
    for (int r = 0; r < 60; ++r) targets[r * 3 + data.labels[r]] = 1.0F;
    const CustomLoss mse = [](std::span<const float> p, std::span<const float> t, std::int64_t rows, std::int64_t width,
                              std::span<float> gradient) {
        double sum = 0;
        for (std::size_t i = 0; i < p.size(); ++i) {
            const double e = static_cast<double>(p[i]) - t[i];
            sum += e * e;
            gradient[i] = static_cast<float>(2 * e / static_cast<double>(rows * width));
        }
        return sum / static_cast<double>(rows * width);
    };
    const auto trained = [&](const Loss& loss) {
        Sequential model = small_model(0, 2, {.optimizer = SGD{.learning_rate = 0.1}, .loss = loss});
        model.fit(DataView(std::get<std::vector<float>>(data.values), targets), {.epochs = 5});
        return model.get_weights();
    };
    const auto a = trained("mean_squared_error"), b = trained(mse);
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (std::size_t j = 0; j < a[i].size(); ++j) EXPECT_NEAR(a[i][j], b[i][j], 1e-6);
    }
}

TEST(Sequential, PredictorsShareWeightsAcrossThreads) {
    const Examples data = three_classes(500);
    Sequential model = small_model();
    model.fit(data, {.epochs = 2});
    const auto& x = std::get<std::vector<float>>(data.values);
    const std::vector<float> expected = model.predict(x);
    std::vector<std::vector<float>> results(4, std::vector<float>(1500));
    {
        std::vector<std::jthread> threads;
        for (auto& out : results) {
            threads.emplace_back([&model, &x, &out] {
                Predictor predictor = model.predictor(64);
                for (int repeat = 0; repeat < 5; ++repeat) predictor.predict(x, out);
            });
        }
    }
    for (const auto& out : results) EXPECT_EQ(out, expected);
}

TEST(Sequential, AdaptGivesNormalizationTheDatasMeanAndVariance) {
    std::vector<float> x;
    const Random random(1, 1);
    for (std::uint64_t i = 0; i < 300; ++i) x.push_back(static_cast<float>(1000.0 + 3.0 * random.normal(i)));
    Sequential model({.threads = 1});
    model.add(Input({1}));
    model.add(Normalization());
    model.add(Dense(1));
    model.build({1});
    model.adapt({x, {}});
    double mean = 0, variance = 0;
    for (const float v : x) mean += v / 300.0;
    for (const float v : x) variance += (v - mean) * (v - mean) / 300.0;
    EXPECT_NEAR(model.get_weights()[0][0], mean, 1e-3);
    EXPECT_NEAR(model.get_weights()[1][0], variance, 1e-4 * variance);
}

TEST(Sequential, ALoneLastRowJoinsTheBatchBeforeWhereAsked) {
    const Examples data = three_classes(65);
    Sequential model = small_model();
    EXPECT_THAT(message_of([&] { model.fit(data, {.batch_size = 32}); }), HasSubstr("more than one value per channel"));
    EXPECT_NO_THROW(model.fit(data, {.batch_size = 32, .merge_lone_last_row = true}));
}

TEST(Sequential, EarlyStoppingPutsTheBestWeightsBack) {
    const Examples data = three_classes(300);
    Sequential model = small_model(0, 1, {.optimizer = SGD{.learning_rate = 2.0}, .metrics = {"accuracy"}});
    auto stopping = std::make_shared<EarlyStopping>(EarlyStoppingOptions{.monitor = "validation_loss", .patience = 2});
    DataView head(data), tail(data);
    head.rows = 200;
    tail.first_row = 200;
    const History h = model.fit(head, {.epochs = 60, .validation_data = &tail, .callbacks = {stopping}});
    EXPECT_LT(h.epochs.size(), 60U);
    EXPECT_TRUE(h.stopped_early);
    EXPECT_EQ(static_cast<int>(h.epochs.size()), stopping->best_epoch() + 2);
    EXPECT_EQ(model.evaluate(tail).loss, h.epochs[stopping->best_epoch() - 1].validation.loss);
}

/// Shows a callback other validation losses than there are.
struct Shown : Callback {
    Shown(Callback& inner_, std::vector<double> losses_) : inner(inner_), losses(std::move(losses_)) {}
    void on_train_begin(Training& t) override { inner.on_train_begin(t); }
    void on_epoch_end(Training& t, const EpochLog& log) override {
        EpochLog other = log;
        other.validated = true;
        other.validation.loss = losses[static_cast<std::size_t>(log.epoch - 1)];
        inner.on_epoch_end(t, other);
    }
    Callback& inner;
    std::vector<double> losses;
};

TEST(Sequential, EarlyStoppingCountsAsKerasDoes) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    struct Case {
        int patience, epochs, best;
        std::vector<double> losses;
    };
    const Case cases[] = {{0, 3, 2, {3, 2, 2.5, 9, 9}},  {1, 3, 2, {3, 2, 2.5, 9, 9}},
                          {2, 4, 2, {3, 2, 2.5, 9, 9}},  {3, 5, 2, {3, 2, 2.5, 9, 9, 9}},
                          {2, 5, 3, {3, 4, 2, 3, 4, 1}}, {2, 5, 3, {nan, nan, 7, 8, 9, 9}},
                          {0, 2, 1, {3, nan, nan, nan}}};
    for (const Case& c : cases) {
        const Examples data = three_classes(40);
        Sequential model = small_model();
        EarlyStopping stopping(EarlyStoppingOptions{.monitor = "val_loss", .patience = c.patience});
        const auto shown = std::make_shared<Shown>(stopping, c.losses);
        const History h = model.fit(data, {.epochs = static_cast<int>(c.losses.size()), .callbacks = {shown}});
        EXPECT_EQ(static_cast<int>(h.epochs.size()), c.epochs) << c.patience;
        EXPECT_EQ(stopping.best_epoch(), c.best) << c.patience;
    }
}

TEST(Sequential, RefusesWhatDoesNotFit) {
    const Examples data = three_classes(30);
    const auto& x = std::get<std::vector<float>>(data.values);
    Sequential model = small_model();
    const auto fit = [&](const DataView& view, const FitOptions& options = {}) {
        return message_of([&] { model.fit(view, options); });
    };
    EXPECT_THAT(fit({std::span(x).first(239), data.labels}), HasSubstr("whole rows of 8 features"));
    EXPECT_THAT(fit({x, std::span(data.labels).first(29)}), HasSubstr("[y] expected 30 labels"));
    std::vector<std::int32_t> labels = data.labels;
    labels[17] = 3;
    EXPECT_THAT(fit({x, labels}), HasSubstr("labels in [0, 3), got 3 in row 17"));
    labels[17] = -1;
    EXPECT_THAT(fit({x, labels}), HasSubstr("got -1 in row 17"));
    std::vector<float> bad = x;
    bad[8 * 4 + 2] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THAT(fit({bad, data.labels}), HasSubstr("nan in row 4, column 2"));
    EXPECT_THAT(fit({x, data.labels}, {.batch_size = 0}), HasSubstr("[fit.batch_size] expected a positive number"));
    EXPECT_THAT(fit({x, data.labels}, {.validation_split = 1.0}), HasSubstr("a share in [0, 1)"));
    EXPECT_THAT(message_of([&] { model.add(Dense(3)); }), HasSubstr("not built yet"));
    Sequential loose;
    loose.add(Dense(3));
    EXPECT_THAT(message_of([&] { loose.predict(x); }), HasSubstr("an input shape"));
    EXPECT_THAT(message_of([&] { loose.fit(data); }), HasSubstr("compile first"));
}

TEST(Sequential, ANonFiniteStepLeavesTheModelAsItWas) {
    const Examples data = three_classes(64);
    std::vector<float> huge = std::get<std::vector<float>>(data.values);
    huge[5] = 3e38F;
    huge[5 + 8] = 3e38F;  // finite, but their products are not
    Sequential model = small_model();
    model.fit(data, {.epochs = 1});
    const auto weights = model.get_weights();
    const std::int64_t iteration = model.optimizer_values().iteration;
    const std::string problem = message_of([&] { model.fit(DataView(huge, data.labels), {.batch_size = 64}); });
    EXPECT_THAT(problem, HasSubstr("[batch_normalization, channel "));
    EXPECT_THAT(problem, HasSubstr("step 3]"));
    EXPECT_EQ(model.get_weights(), weights);
    EXPECT_EQ(model.optimizer_values().iteration, iteration);
}

}  // namespace
}  // namespace evenkeel
