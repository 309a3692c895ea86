// A batch that cannot be learned from leaves no trace; batches with one value per channel follow the policy.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/core/error.hpp"
#include "support/net.hpp"
#include "support/random_values.hpp"

namespace evenkeel::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Floats = std::vector<float>;

struct State {
    Floats weights, statistics, slots;
    std::vector<std::int64_t> updates;
    std::int64_t iteration;

    explicit State(const Net& net)
        : weights(copy_of(net.values.weights)),
          statistics(copy_of(net.values.statistics)),
          updates(net.values.updates),
          iteration(net.optimizer.iteration) {
        for (const auto& slot : net.optimizer.slots) {
            const Floats values = copy_of(slot);
            slots.insert(slots.end(), values.begin(), values.end());
        }
    }
    bool operator==(const State&) const = default;
};

Rows some_rows(std::int64_t rows, std::int64_t features, std::uint64_t seed = 5) {
    Rows r;
    r.features = features;
    r.x = normal_values<float>(rows * features, seed);
    for (int i = 0; i < rows; ++i) r.labels.push_back(i % 3);
    return r;
}

std::vector<std::vector<Layer>> nets() {
    const BatchNormalization frozen({.trainable = false});
    const Layer out = Dense(3, {.activation = "softmax"});
    std::vector<std::vector<Layer>> all = {
        {Input({6}), Dense(8), BatchNormalization(), ReLU(), out},
        {Input({6}), BatchNormalization(), Dense(8, {.activation = "relu"}), out},
        {Input({6}), Dense(8), ReLU(), BatchNormalization(), out},
        {Input({6}), Dense(8), frozen, ReLU(), out},
        {Input({6}), Rescaling(0.5), Dense(8), BatchNormalization(), out},
        {Input({6}), Dense(8), ReLU({.max_value = 6.0}), out},
    };
    // Saturating ones make a finite number of an infinite one; the weight gradient xᵀ·dz then has ∞·0.
    for (const char* g : {"relu", "sigmoid", "tanh", "elu", "gelu", "silu", "softmax", "linear"}) {
        all.push_back({Input({6}), Dense(8, {.activation = g}), out});
        all.push_back({Input({6}), Activation(g), Dense(8), out});
    }
    return all;
}

TEST(Failures, ANonFiniteBatchChangesNothingAndIsNamed) {
    for (const auto& layers : nets()) {
        for (const float bad : {NAN, INFINITY, -INFINITY}) {
            for (const int threads : {1, 3}) {
                Net net(layers, {.optimizer = Adam{}}, {.largest_batch = 40}, 1, threads);
                const std::string what = layer_name(net.description.layers[1]) + ", " + std::to_string(bad);
                Rows rows = some_rows(40, 6);
                for (int step = 0; step < 3; ++step) net.plan.train_step(rows.all(), net.values, net.optimizer, 0);
                const State before(net);
                rows.x[33 * 6 + 2] = bad;
                try {
                    net.plan.train_step(rows.all(), net.values, net.optimizer, 0);
                    ADD_FAILURE() << what << ": accepted";
                } catch (const Error& e) {
                    EXPECT_EQ(e.fault(), Fault::work);
                    EXPECT_THAT(e.what(), AllOf(HasSubstr("step 4"), HasSubstr("channel "))) << what;
                    EXPECT_THAT(e.what(), ::testing::AnyOf(HasSubstr("input"), HasSubstr("batch_normalization")))
                        << what;
                }
                EXPECT_TRUE(State(net) == before) << what;
                // And it goes on as if that batch had never been there.
                rows.x[33 * 6 + 2] = 0;
                net.plan.train_step(rows.all(), net.values, net.optimizer, 0);
                for (const float w : net.values.weights.span()) ASSERT_TRUE(std::isfinite(w)) << what;
            }
        }
    }
}

TEST(Failures, ANaNBetweenZerosIsNamedWhereItStands) {
    Net net({Input({480}), Dense(8), BatchNormalization(), ReLU(), Dense(3, {.activation = "softmax"})}, {},
            {.largest_batch = 40});
    Rows rows = some_rows(40, 480);
    for (int i = 0; i < 40 * 480; ++i) {
        if (i % 4 != 1) rows.x[i] = 0;  // these are left out
    }
    net.plan.train_step(rows.all(), net.values, net.optimizer, 0);
    const State before(net);
    rows.x[33 * 480 + 350] = NAN;
    try {
        net.plan.train_step(rows.all(), net.values, net.optimizer, 0);
        FAIL() << "accepted";
    } catch (const Error& e) {
        EXPECT_THAT(e.what(), AllOf(HasSubstr("channel 350"), HasSubstr("in row 33"), HasSubstr("step 2")));
    }
    EXPECT_TRUE(State(net) == before);
}

TEST(Failures, AnInputThatItsScaleMakesInfiniteIsNamedToo) {
    Net net({Input({480}), Rescaling(10), Dense(3, {.activation = "softmax"})}, {}, {.largest_batch = 40});
    Rows rows = some_rows(40, 480);
    std::fill(rows.x.begin(), rows.x.end(), 0.0F);
    rows.x[33 * 480 + 350] = 1e38F;
    try {
        net.plan.train_step(rows.all(), net.values, net.optimizer, 0);
        FAIL() << "accepted";
    } catch (const Error& e) {
        EXPECT_THAT(e.what(), AllOf(HasSubstr("channel 350"), HasSubstr("inf in row 33")));
    }
}

TEST(Failures, ANaNIsPredictedAsNaN) {
    for (const auto& layers : nets()) {
        Net net(layers, {}, {.largest_batch = 4});
        Rows rows = some_rows(4, 6);
        rows.x[6 * 2 + 1] = NAN;
        Floats p(12);
        net.plan.predict(rows.all(), net.values, p);
        for (int i = 0; i < 12; ++i)
            EXPECT_EQ(std::isnan(p[i]), i / 3 == 2) << i << " " << layer_name(net.description.layers[1]);
    }
}

TEST(Failures, ALossThatIsNotFiniteChangesNothing) {
    for (const bool value : {true, false}) {
        bool broken = false;
        const CustomLoss function = [&](std::span<const float>, std::span<const float>, std::int64_t, std::int64_t,
                                        std::span<float> g) {
            std::fill(g.begin(), g.end(), 0.1F);
            if (broken && !value) g.back() = NAN;
            return broken && value ? static_cast<double>(INFINITY) : 1.0;
        };
        Net net({Input({6}), Dense(8), BatchNormalization(), ReLU(), Dense(3)}, {.optimizer = Adam{}, .loss = function},
                {.largest_batch = 8});
        Rows rows = some_rows(8, 6);
        rows.targets.resize(24);
        net.plan.train_step(rows.all(), net.values, net.optimizer, 0);
        const State before(net);
        broken = true;
        try {
            net.plan.train_step(rows.all(), net.values, net.optimizer, 0);
            ADD_FAILURE() << "accepted";
        } catch (const Error& e) {
            EXPECT_THAT(e.what(), AllOf(HasSubstr("loss"), HasSubstr("step 2")));
        }
        EXPECT_TRUE(State(net) == before);
    }
}

TEST(Failures, ABatchThatNoMemoryHoldsIsRefusedWithTheAmount) {
    try {
        Net({Input({1}), Dense(1'000'000)}, {.loss = "mse"}, {.largest_batch = 500'000});
        FAIL() << "accepted";
    } catch (const Error& e) {
        EXPECT_EQ(e.fault(), Fault::input);
        EXPECT_THAT(e.what(), AllOf(HasSubstr("batch of 500000 rows"), HasSubstr("got 2000.0 GB")));
    }
}

std::vector<Layer> with_policy(SingleValue policy) {
    return {Input({6}), Dense(8), BatchNormalization({.single_value = policy}), ReLU(),
            Dense(3, {.activation = "softmax"})};
}

TEST(SingleValue, IsAnErrorByDefault) {
    EXPECT_EQ(BatchNormalization().single_value, SingleValue::error);
    Net net(with_policy(SingleValue::error), {.optimizer = Adam{}}, {.largest_batch = 8});
    const Rows rows = some_rows(8, 6);
    const State before(net);
    try {
        net.plan.train_step(rows.batch(0, 1), net.values, net.optimizer, 0);
        FAIL() << "accepted";
    } catch (const Error& e) {
        EXPECT_EQ(e.fault(), Fault::input);
        EXPECT_THAT(e.what(), AllOf(HasSubstr("batch_normalization"), HasSubstr("1 row")));
    }
    EXPECT_TRUE(State(net) == before);
    EXPECT_FALSE(net.plan.train_step(rows.batch(0, 2), net.values, net.optimizer, 0).skipped) << "two rows are enough";
    Floats p(3);
    net.plan.predict(rows.batch(0, 1), net.values, p);  // inference never asks
}

TEST(SingleValue, SkipLeavesEverything) {
    Net net(with_policy(SingleValue::skip), {.optimizer = Adam{}}, {.largest_batch = 8});
    const Rows rows = some_rows(8, 6);
    net.plan.train_step(rows.all(), net.values, net.optimizer, 0);
    const State before(net);
    const BatchResult result = net.plan.train_step(rows.batch(0, 1), net.values, net.optimizer, 0);
    EXPECT_TRUE(result.skipped);
    EXPECT_EQ(result.rows, 1);
    EXPECT_TRUE(State(net) == before);
}

TEST(SingleValue, UseMovingTrainsByTheMovingStatisticsAndKeepsThem) {
    Net net(with_policy(SingleValue::use_moving), {.optimizer = SGD{.learning_rate = 0.1}}, {.largest_batch = 8});
    Net frozen({Input({6}), Dense(8), BatchNormalization({.use_moving_statistics = true}), ReLU(),
                Dense(3, {.activation = "softmax"})},
               {.optimizer = SGD{.learning_rate = 0.1}}, {.largest_batch = 8});
    const Rows rows = some_rows(8, 6);
    net.plan.train_step(rows.all(), net.values, net.optimizer, 0);
    frozen.values = net.values;
    const State before(net);
    const BatchResult result = net.plan.train_step(rows.batch(3, 1), net.values, net.optimizer, 0);
    EXPECT_FALSE(result.skipped);
    EXPECT_EQ(result.loss, frozen.plan.train_step(rows.batch(3, 1), frozen.values, frozen.optimizer, 0).loss);
    EXPECT_EQ(copy_of(net.values.weights), copy_of(frozen.values.weights));
    EXPECT_NE(copy_of(net.values.weights), before.weights);
    EXPECT_EQ(copy_of(net.values.statistics), before.statistics);
    EXPECT_EQ(net.values.updates, before.updates);
}

TEST(SingleValue, IsAboutValuesPerChannelNotRows) {
    Net net({Input({4, 3}), BatchNormalization(), Flatten(), Dense(3, {.activation = "softmax"})}, {},
            {.largest_batch = 2});
    EXPECT_FALSE(net.plan.train_step(some_rows(1, 12).all(), net.values, net.optimizer, 0).skipped);
}

}  // namespace
}  // namespace evenkeel::testing
