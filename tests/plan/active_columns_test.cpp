// Pixels that are zero in all rows of a batch are left out of the first Dense's products, and nobody can tell from the numbers.

#include "plan/active_columns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/net.hpp"
#include "support/random_values.hpp"

namespace evenkeel::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

constexpr std::int64_t features = 130, rows = 90;

/// Every third pixel and the first 40 are zero; a few rows have pixels that no other row has.
std::vector<std::uint8_t> images() {
    std::vector<std::uint8_t> v(rows * features);
    const std::vector<float> noise = normal_values<float>(rows * features, 3);
    for (std::int64_t r = 0; r < rows; ++r) {
        for (std::int64_t f = 40; f < features; ++f) {
            if (f % 3 != 0 && noise[r * features + f] > 0.5F)
                v[r * features + f] = static_cast<std::uint8_t>(100 * noise[r * features + f] / 2);
        }
    }
    v[7 * features + 3] = v[80 * features + 5] = 255;
    return v;
}

ActiveColumns looked_at(const std::vector<std::uint8_t>& bytes, std::int64_t width, std::int64_t count) {
    ActiveColumns active(width, 4);
    kernels::GatherSource source;
    source.bytes = bytes.data();
    source.features = width;
    for (std::int64_t b = 0; b < 2; ++b) active.look(source, {b, b * count / 2, (b + 1) * count / 2});
    active.finish(count, 2);
    return active;
}

TEST(ActiveColumns, AreTheOnesThatAnyRowHas) {
    std::vector<std::uint8_t> bytes(64 * 64);
    bytes[1 * 64 + 2] = bytes[40 * 64 + 9] = bytes[63 * 64 + 63] = 1;
    const ActiveColumns active = looked_at(bytes, 64, 64);
    ASSERT_TRUE(active.on());
    EXPECT_THAT(active.columns(), ElementsAre(2, 9, 63));
    EXPECT_THAT(active.columns(3, 63), ElementsAre(9));
    EXPECT_EQ(active.before(10), 2);
    EXPECT_LE(active.stride(), 64);
}

TEST(ActiveColumns, AreNotUsedWhereNothingIsSaved) {
    EXPECT_FALSE(looked_at(std::vector<std::uint8_t>(64 * 64, 1), 64, 64).on()) << "all active";
    EXPECT_FALSE(looked_at(std::vector<std::uint8_t>(64 * 64, 0), 64, 64).on()) << "none";
    std::vector<std::uint8_t> first(64 * 64, 0);
    first[0] = 1;
    EXPECT_TRUE(looked_at(first, 64, 64).on());
    std::vector<std::uint8_t> half(8 * 64, 0);
    std::fill_n(half.begin(), 40, std::uint8_t{1});
    EXPECT_FALSE(looked_at(half, 64, 8).on()) << "so few rows that copying W costs more";
}

/// An offset of next to nothing makes every pixel other than zero: nothing is left out then.
std::vector<Layer> layers(double offset = 0) {
    return {Input({features}),
            Rescaling(1.0 / 255, offset),
            Dense(24),
            BatchNormalization(),
            ReLU(),
            Dense(10, {.activation = "softmax"})};
}

/// Weights and losses of 12 steps.
std::pair<std::vector<float>, std::vector<float>> weights_after(const Optimizer& optimizer, bool as_bytes,
                                                                double offset) {
    Net net(layers(offset), {.optimizer = optimizer}, {.largest_batch = 64});
    const std::vector<std::uint8_t> bytes = images();
    Rows floats;
    floats.features = features;
    floats.x.assign(bytes.begin(), bytes.end());
    for (int r = 0; r < rows; ++r) floats.labels.push_back(r * 3 % 10);
    std::vector<float> losses;
    for (int step = 0; step < 12; ++step) {
        const std::int64_t first = step % 2 * 64;
        BatchView batch = floats.batch(first, std::min<std::int64_t>(64, rows - first));
        if (as_bytes) {
            batch.x.floats = nullptr;
            batch.x.bytes = bytes.data();
        }
        losses.push_back(static_cast<float>(net.plan.train_step(batch, net.values, net.optimizer, 1).loss));
    }
    return {copy_of(net.values.weights), losses};
}

TEST(ActiveColumns, TrainLikeAllColumns) {
    ASSERT_TRUE(looked_at(images(), features, 64).on());
    const std::pair<const char*, Optimizer> optimizers[] = {
        {"sgd", SGD{.learning_rate = 0.1}},
        {"momentum", SGD{.learning_rate = 0.05, .momentum = 0.9}},
        {"decay", SGD{.learning_rate = 0.1, .weight_decay = 0.1}},
        {"clipped", SGD{.learning_rate = 0.1, .global_clipnorm = 0.3}},
        {"adam", Adam{.learning_rate = 0.001}},
        {"rmsprop", RMSprop{.learning_rate = 0.001}},
    };
    for (const auto& [name, optimizer] : optimizers) {
        const auto [weights, losses] = weights_after(optimizer, true, 0);
        const auto [expected_weights, expected_losses] = weights_after(optimizer, true, 1e-30);
        EXPECT_EQ(weights_after(optimizer, false, 0).first, weights) << name << ": the same numbers as floats";
        // Sums of up to 130 products, perhaps in another order, over 12 steps; Adam divides small gradients by small roots.
        EXPECT_THAT(weights, Pointwise(FloatNear(2e-5F), expected_weights)) << name;
        EXPECT_THAT(losses, Pointwise(FloatNear(1e-5F), expected_losses)) << name;
    }
}

TEST(ActiveColumns, WeightsOfInactivePixelsStayAsTheyWereBySgd) {
    Net net(layers(), {.optimizer = SGD{.learning_rate = 0.1}}, {.largest_batch = 64});
    const std::vector<float> before = copy_of(net.values.weights);
    const std::vector<std::uint8_t> bytes = images();
    std::vector<std::int32_t> labels(rows, 4);
    BatchView batch;
    batch.x.bytes = bytes.data();
    batch.x.features = features;
    batch.labels = labels.data();
    batch.rows = 64;
    net.plan.train_step(batch, net.values, net.optimizer, 1);
    const std::vector<float> after = copy_of(net.values.weights);
    const std::int64_t kernel = net.layout.find(2, Role::kernel)->offset;
    const auto row = [&](const std::vector<float>& w, std::int64_t f) {
        return std::vector<float>(w.begin() + kernel + f * 24, w.begin() + kernel + (f + 1) * 24);
    };
    EXPECT_EQ(row(after, 0), row(before, 0));
    EXPECT_EQ(row(after, 5), row(before, 5)) << "a pixel of row 80, which is not in this batch";
    EXPECT_NE(row(after, 3), row(before, 3)) << "a pixel of row 7 alone";
    EXPECT_NE(row(after, 41), row(before, 41));
}

}  // namespace
}  // namespace evenkeel::testing
