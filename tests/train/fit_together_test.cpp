// Several models on the same batches: each becomes what it would alone.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <variant>

#include "support/small_data.hpp"
#include "support/small_model.hpp"

namespace evenkeel {
namespace {

using testing::HasSubstr;
using tests::message_of;
using tests::small_model;
using tests::three_classes;

/// Asks to stop after so many batches.
struct StopAfter : Callback {
    explicit StopAfter(int batches_) : batches(batches_) {}
    void on_batch_end(Training& t, double) override { t.stop = --batches == 0; }
    int batches;
};

TEST(FitTogether, ModelsBecomeWhatEachWouldAlone) {
    const Examples data = three_classes(330);
    DataView head(data), tail(data);
    head.rows = 250;
    tail.first_row = 250;
    const FitOptions options{.batch_size = 32, .epochs = 3, .validation_data = &tail};
    const auto models = [] {
        std::vector<Sequential> all;
        all.push_back(small_model(3));
        all.push_back(small_model(3, 1, {.optimizer = SGD{.learning_rate = 0.05}, .metrics = {"accuracy"}}));
        all.push_back(small_model(3, 1, {.optimizer = SGD{.learning_rate = 1e30}}));  // does not stay finite
        all.push_back(small_model(3, 1, {.optimizer = RMSprop{}}));
        return all;
    };
    std::vector<Sequential> together = models(), alone = models();
    std::vector<FitTogether> fits;
    for (Sequential& model : together) fits.push_back({.model = model});
    fits[3].callbacks = {std::make_shared<StopAfter>(13)};  // in the second epoch
    Sequential::fit_together(fits, head, options);

    EXPECT_TRUE(fits[2].failure);
    EXPECT_EQ(message_of([&] { alone[2].fit(head, options); }), fits[2].failure->what());
    for (const std::size_t i : {0U, 1U, 3U}) {
        EXPECT_FALSE(fits[i].failure);
        FitOptions own = options;
        if (i == 3) own.callbacks = {std::make_shared<StopAfter>(13)};
        const History expected = alone[i].fit(head, own);
        ASSERT_EQ(fits[i].history.epochs.size(), i == 3 ? 1U : 3U);
        ASSERT_EQ(expected.epochs.size(), fits[i].history.epochs.size());
        for (std::size_t e = 0; e < expected.epochs.size(); ++e) {
            EXPECT_EQ(fits[i].history.epochs[e].train.loss, expected.epochs[e].train.loss);
            EXPECT_EQ(fits[i].history.epochs[e].validation.loss, expected.epochs[e].validation.loss);
            EXPECT_GT(fits[i].history.epochs[e].seconds, 0);
        }
        EXPECT_EQ(fits[i].history.metric_names, expected.metric_names);
        EXPECT_EQ(fits[i].history.stopped_early, i == 3);
    }
    for (std::size_t i = 0; i < together.size(); ++i) EXPECT_EQ(together[i].get_weights(), alone[i].get_weights()) << i;
}

/// 500 features, most of them zero: batches whose zeros are left out.
Examples mostly_zeros() {
    Examples data = three_classes(200, 500);
    auto& values = std::get<std::vector<float>>(data.values);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 5 == 0 ? values[i] : 0.0F;
    return data;
}

TEST(FitTogether, WhatIsFoundInABatchIsOnlyForThoseWhoReadItAlike) {
    const Examples data = mostly_zeros();
    const auto model = [&](std::optional<Layer> scaling, std::int64_t units) {
        Sequential m({.seed = 3, .threads = 1});
        m.add(Input({500}));
        const bool adapts = scaling && std::holds_alternative<Normalization>(*scaling);
        if (scaling) m.add(std::move(*scaling));
        m.add(Dense(units));
        m.add(BatchNormalization());
        m.add(ReLU());
        m.add(Dense(3, {.activation = "softmax"}));
        m.compile({.optimizer = SGD{.learning_rate = 0.1}});
        m.build({500});
        if (adapts) m.adapt(data);
        return m;
    };
    const auto models = [&] {
        std::vector<Sequential> all;
        all.push_back(model({}, 16));
        all.push_back(model(Normalization(), 16));
        all.push_back(model({}, 24));
        all.push_back(model(Rescaling(0.5), 16));
        return all;
    };
    std::vector<Sequential> together = models(), alone = models();
    std::vector<FitTogether> fits;
    for (Sequential& m : together) fits.push_back({.model = m});
    Sequential::fit_together(fits, data, {.batch_size = 32, .epochs = 2});
    for (std::size_t i = 0; i < together.size(); ++i) {
        alone[i].fit(data, {.batch_size = 32, .epochs = 2});
        EXPECT_EQ(together[i].get_weights(), alone[i].get_weights()) << i;
    }
}

TEST(FitTogether, NeedsModelsThatHaveTheSameBatches) {
    const Examples data = three_classes(30);
    Sequential a = small_model(1), b = small_model(2), same = small_model(1);
    const auto fit = [&](std::vector<FitTogether> fits, const FitOptions& options = {}) {
        return message_of([&] { Sequential::fit_together(fits, data, options); });
    };
    EXPECT_EQ(fit({{.model = a}, {.model = same}}), "no error");
    EXPECT_THAT(fit({{.model = a}, {.model = b}}), HasSubstr("[fit_together] expected models of one seed, 1, got 2"));
    EXPECT_THAT(fit({{.model = a}, {.model = a}}), HasSubstr("each model once"));
    EXPECT_THAT(fit({}), HasSubstr("at least one model"));
    Sequential wide({.seed = 1, .threads = 1});
    wide.add(Input({16}));
    wide.add(Dense(3, {.activation = "softmax"}));
    wide.compile({});
    EXPECT_THAT(fit({{.model = a}, {.model = wide}}), HasSubstr("equal input and output sizes"));
    const TrainingPosition position;
    EXPECT_THAT(fit({{.model = a}}, {.resume = &position}), HasSubstr("without callbacks, resume and history"));
}

}  // namespace
}  // namespace evenkeel
