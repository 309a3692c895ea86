// Pixels that are zero are left out of the first Dense's products, and nobody can tell from the numbers.

#include "plan/sparse_input.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <numeric>

#include "evenkeel/core/error.hpp"
#include "support/net.hpp"
#include "support/random_values.hpp"

namespace evenkeel::testing {
namespace {

using ::testing::FloatNear;
using ::testing::Pointwise;

constexpr std::int64_t features = 500, rows = 210;

/// Every third pixel and the first 40 are zero, and half of the others; a few rows have pixels that no other row has.
std::vector<std::uint8_t> images(std::int64_t count = rows) {
    std::vector<std::uint8_t> v(count * features);
    const std::vector<float> noise = normal_values<float>(count * features, 3);
    for (std::int64_t r = 0; r < count; ++r) {
        for (std::int64_t f = 40; f < features; ++f) {
            if (f % 3 != 0 && noise[r * features + f] > 0)
                v[r * features + f] =
                    static_cast<std::uint8_t>(1 + std::min(254.0F, 100 * noise[r * features + f] / 2));
        }
    }
    v[7 * features + 3] = v[80 * features + 5] = 255;
    return v;
}

/// A batch of bytes in blocks of 16 rows, looked at.
struct Looked {
    Buffer<float> room;
    kernels::GatherSource source;
    SparseInput sparse;

    Looked(const std::vector<std::uint8_t>& bytes, std::int64_t width, std::int64_t count)
        : room(SparseInput::floats(width, count)), sparse(width, count, kernels::tiles_of(count), room.data(), false) {
        source.bytes = bytes.data();
        source.features = width;
        for (std::int64_t b = 0; b < kernels::tiles_of(count); ++b)
            sparse.look(source, {b, b * 16, std::min((b + 1) * 16, count)});
        sparse.finish(source, count, kernels::tiles_of(count), true);
    }
};

TEST(SparseInput, HasTheBatchTurned) {
    constexpr std::int64_t width = 300;
    std::vector<std::uint8_t> bytes(20 * width);
    bytes[1 * width + 2] = 7;
    bytes[19 * width + 299] = 10;
    const Looked looked(bytes, width, 20);
    ASSERT_TRUE(looked.sparse.on());
    const kernels::TurnedRows& turned = looked.sparse.turned();
    EXPECT_EQ(turned.features, width);
    EXPECT_EQ(turned.bytes[2 * 16 + 1], 7);
    EXPECT_EQ(turned.bytes[300 * 16 + 299 * 16 + 3], 10) << "the second tile's fourth row";
    EXPECT_EQ(turned.masks[0], 1 << 1);
    EXPECT_EQ(turned.masks[100 + 99], 1 << 3);
    EXPECT_EQ(std::accumulate(turned.masks, turned.masks + 200, 0), (1 << 1) + (1 << 3));
}

TEST(SparseInput, HasAllNumbersOfFloatsAtHand) {
    constexpr std::int64_t width = 300;
    const std::vector<std::uint8_t> none(20 * width);
    std::vector<float> floats(20 * width);
    floats[3 * width + 7] = 2;
    floats[19 * width + 299] = 4;
    const float scale = 0.5F;
    Looked looked(none, width, 20);
    looked.source.bytes = nullptr;
    looked.source.floats = floats.data();
    looked.source.scale = &scale;
    looked.sparse.reset();
    EXPECT_FALSE(looked.sparse.on());
    const Block first{0, 0, 16}, second{1, 16, 20};
    looked.sparse.look(looked.source, first);
    looked.sparse.look(looked.source, second);
    looked.sparse.finish(looked.source, 20, 2, true);
    ASSERT_TRUE(looked.sparse.on());
    const auto sum = [&](const Block& block) {
        const auto numbers = looked.sparse.numbers(block);
        return std::accumulate(numbers.begin(), numbers.end(), 0.0F);
    };
    EXPECT_EQ(sum(first), 1.0F);
    EXPECT_EQ(sum(second), 2.0F);
}

/// Dense rows, each other than its neighbours.
std::vector<std::uint8_t> dense_bytes(std::int64_t width, std::int64_t count) {
    std::vector<std::uint8_t> bytes(width * count);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(1 + i * 37 % 251);
    return bytes;
}

TEST(SparseInput, LeavesDenseBytesAsTheyLieWhereTheyAreOnlyPredicted) {
    constexpr std::int64_t width = 300, count = 20;
    const std::vector<std::uint8_t> bytes = dense_bytes(width, count + 2);
    const float scale = 0.5F;
    kernels::GatherSource source;
    source.bytes = bytes.data();
    source.features = width;
    source.first_row = 2;
    source.scale = &scale;
    Buffer<float> room(SparseInput::floats(width, count));
    SparseInput able(width, count, 1, room.data(), true), unable(width, count, 1, room.data(), false);
    const auto look = [&](SparseInput& sparse, bool training) {
        sparse.reset();
        sparse.look(source, {0, 0, count});
        sparse.finish(source, count, 1, training);
        EXPECT_FALSE(sparse.on());
        return sparse.bytes(3);
    };
    EXPECT_EQ(look(able, false), bytes.data() + 5 * width);
    EXPECT_EQ(able.table()[9], 4.5F);
    EXPECT_EQ(look(able, true), nullptr) << "a gradient reads floats";
    EXPECT_EQ(look(unable, false), nullptr);
    std::vector<std::uint32_t> order(count, 1);
    source.rows = order.data();
    EXPECT_EQ(look(able, false), nullptr) << "rows that do not lie one behind another";
}

TEST(SparseInput, IsOffWhereMostThreesAreNotZero) {
    EXPECT_FALSE(Looked(std::vector<std::uint8_t>(20 * 300, 1), 300, 20).sparse.on());
    EXPECT_TRUE(Looked(std::vector<std::uint8_t>(20 * 300, 0), 300, 20).sparse.on());
    // Of each row the first numbers: up to three quarters of the threes.
    const auto filled = [](std::int64_t numbers) {
        std::vector<std::uint8_t> bytes(20 * 300, 0);
        for (std::int64_t r = 0; r < 20; ++r) std::fill_n(bytes.begin() + r * 300, numbers, std::uint8_t{1});
        return bytes;
    };
    EXPECT_TRUE(Looked(filled(225), 300, 20).sparse.on());
    EXPECT_FALSE(Looked(filled(226), 300, 20).sparse.on());
    std::vector<std::uint8_t> scattered(20 * 300, 0);
    for (std::size_t i = 0; i < scattered.size(); i += 3) scattered[i] = 1;
    EXPECT_FALSE(Looked(scattered, 300, 20).sparse.on()) << "a number in each three";
    std::vector<std::uint8_t> late(20 * 300, 0);
    std::fill(late.begin() + 4 * 300, late.end(), std::uint8_t{1});  // not seen from the first row
    EXPECT_FALSE(Looked(late, 300, 20).sparse.on());
}

/// An offset of next to nothing makes every pixel other than zero: nothing is left out then.
std::vector<Layer> layers(double offset = 0, std::int64_t units = 24) {
    return {Input({features}),
            Rescaling(1.0 / 255, offset),
            Dense(units),
            BatchNormalization(),
            ReLU(),
            Dense(10, {.activation = "softmax"})};
}

/// Halves of inputs for themselves, in one group of rows or two; then too many rows for halves, in three groups.
struct Size {
    std::int64_t batch, units, images = rows;
};

/// Weights and losses of 12 steps.
std::pair<std::vector<float>, std::vector<float>> weights_after(const Optimizer& optimizer, const Size& size,
                                                                bool as_bytes, double offset) {
    Net net(layers(offset, size.units), {.optimizer = optimizer}, {.largest_batch = size.batch});
    const std::vector<std::uint8_t> bytes = images(size.images);
    Rows floats;
    floats.features = features;
    floats.x.assign(bytes.begin(), bytes.end());
    for (int r = 0; r < size.images; ++r) floats.labels.push_back(r * 3 % 10);
    std::vector<float> losses;
    for (int step = 0; step < 12; ++step) {
        const std::int64_t first = step % 2 * (size.images - size.batch);
        BatchView batch = floats.batch(first, size.batch);
        if (as_bytes) {
            batch.x.floats = nullptr;
            batch.x.bytes = bytes.data();
        }
        losses.push_back(static_cast<float>(net.plan.train_step(batch, net.values, net.optimizer, 1).loss));
    }
    return {copy_of(net.values.weights), losses};
}

TEST(SparseInput, TrainsLikeADenseOne) {
    ASSERT_TRUE(Looked(images(), features, 64).sparse.on());
    const std::pair<const char*, Optimizer> optimizers[] = {
        {"sgd", SGD{.learning_rate = 0.1}},
        {"momentum", SGD{.learning_rate = 0.05, .momentum = 0.9}},
        {"decay", SGD{.learning_rate = 0.1, .weight_decay = 0.1}},
        {"clipped", SGD{.learning_rate = 0.1, .global_clipnorm = 0.3}},
        {"adam", Adam{.learning_rate = 0.001}},
        {"rmsprop", RMSprop{.learning_rate = 0.001}},
    };
    for (const auto& [name, optimizer] : optimizers) {
        for (const Size& size : {Size{64, 24}, Size{203, 100}, Size{300, 30, 310}}) {
            const auto [weights, losses] = weights_after(optimizer, size, true, 0);
            const auto [expected_weights, expected_losses] = weights_after(optimizer, size, true, 1e-30);
            EXPECT_EQ(weights_after(optimizer, size, false, 0).first, weights)
                << name << ": the same numbers as floats";
            // Sums of up to 500 products in another order, over 12 steps; Adam divides small gradients by small roots.
            EXPECT_THAT(weights, Pointwise(FloatNear(2e-5F), expected_weights)) << name << ", " << size.batch;
            EXPECT_THAT(losses, Pointwise(FloatNear(1e-5F), expected_losses)) << name << ", " << size.batch;
        }
    }
}

TEST(SparseInput, PredictsDenseBytesLikeFloats) {
    constexpr std::int64_t count = 75;
    const std::vector<std::uint8_t> bytes = dense_bytes(features, count);
    const std::vector<float> floats(bytes.begin(), bytes.end());
    for (const std::int64_t units : {24, 100, 200}) {
        Net net(layers(0, units), {.optimizer = SGD{}}, {.largest_batch = 70, .training = false});
        BatchView batch;
        batch.x.features = features;
        batch.x.first_row = 5;
        for (const std::int64_t batch_rows : {1, 4, 5, 33, 70}) {
            batch.rows = batch_rows;
            std::vector<float> of_bytes(10 * batch_rows), of_floats(10 * batch_rows);
            batch.x.bytes = bytes.data();
            batch.x.floats = nullptr;
            net.plan.predict(batch, net.values, of_bytes);
            batch.x.bytes = nullptr;
            batch.x.floats = floats.data();
            net.plan.predict(batch, net.values, of_floats);
            EXPECT_EQ(of_bytes, of_floats) << units << " units, " << batch_rows << " rows";
        }
    }
}

TEST(SparseInput, PassesAFrozenDense) {
    std::vector<Layer> frozen = layers();
    std::get<Dense>(frozen[2]).trainable = false;
    Net net(std::move(frozen), {.optimizer = SGD{.learning_rate = 0.1}}, {.largest_batch = 64});
    const std::vector<std::uint8_t> bytes = images();
    const std::vector<std::int32_t> labels(rows, 4);
    BatchView batch;
    batch.x.bytes = bytes.data();
    batch.x.features = features;
    batch.labels = labels.data();
    batch.rows = 64;
    const std::vector<float> before = copy_of(net.values.weights);
    const double first = net.plan.train_step(batch, net.values, net.optimizer, 1).loss;
    EXPECT_LT(net.plan.train_step(batch, net.values, net.optimizer, 1).loss, first) << "the layers behind it learn";
    const Variable& kernel = *net.layout.find(2, Role::kernel);
    const std::vector<float> after = copy_of(net.values.weights);
    EXPECT_TRUE(std::equal(after.begin() + kernel.offset, after.begin() + kernel.offset + kernel.size,
                           before.begin() + kernel.offset));
}

TEST(SparseInput, LeavesTheWeightsOfPixelsThatNoRowHas) {
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

/// Three networks on the same four batches: the first as it is, the others with units of their own.
struct Trio {
    struct Kind {
        std::vector<Layer> layers;
        Optimizer optimizer;
    };

    static std::vector<Kind> kinds(const Optimizer& first) {
        return {{layers(), first}, {layers(0, 40), SGD{.learning_rate = 0.1}}, {layers(0, 7), Adam{}}};
    }

    /// Weights of all after the steps, which they take in turns beside one another, or each by itself.
    static std::vector<std::vector<float>> weights(std::vector<Kind> kinds, bool beside, int threads = 1) {
        const std::vector<std::uint8_t> bytes = images();
        const std::vector<std::int32_t> labels(rows, 4);
        std::deque<Net> nets;
        for (Kind& kind : kinds) {
            const Plan* first = beside && !nets.empty() ? &nets.front().plan : nullptr;
            nets.emplace_back(std::move(kind.layers), Compilation{.optimizer = kind.optimizer},
                              PlanOptions{.largest_batch = 150, .beside = first}, 1, threads);
        }
        for (std::size_t step = 0; step < 4; ++step) {
            BatchView batch;
            batch.x.bytes = bytes.data();
            batch.x.features = features;
            batch.x.first_row = static_cast<std::int64_t>(step) * 20;
            batch.labels = labels.data();
            batch.rows = 150;
            StepsAround around;
            for (std::size_t turn = 0; turn < nets.size(); ++turn) {
                Net& net = nets[(step + turn) % nets.size()];
                try {
                    net.plan.train_step(batch, net.values, net.optimizer, 1, around);
                    if (beside) around.same_batch = &net.plan;
                } catch (const Error&) {
                }
            }
        }
        std::vector<std::vector<float>> all;
        for (const Net& net : nets) all.push_back(copy_of(net.values.weights));
        return all;
    }
};

TEST(SparseInput, IsFoundOnceForPlansBesideEachOther) {
    for (const int threads : {1, 3}) {
        const auto kinds = Trio::kinds(SGD{.learning_rate = 0.1});
        EXPECT_EQ(Trio::weights(kinds, true, threads), Trio::weights(kinds, false)) << threads << " threads";
    }
    const auto clipped = Trio::kinds(SGD{.learning_rate = 0.1, .global_clipnorm = 0.3});
    EXPECT_EQ(Trio::weights(clipped, true), Trio::weights(clipped, false));
}

TEST(SparseInput, IsSharedWithAFrozenDense) {
    auto kinds = Trio::kinds(SGD{.learning_rate = 0.1});
    std::get<Dense>(kinds[0].layers[2]).trainable = false;  // needs no gradient
    EXPECT_EQ(Trio::weights(kinds, true), Trio::weights(kinds, false));
}

TEST(SparseInput, StaysWholeWhereAStepBesideFails) {
    auto kinds = Trio::kinds(SGD{.learning_rate = 1e38});  // after one step nothing of it is finite
    const auto together = Trio::weights(kinds, true);
    EXPECT_EQ(together, Trio::weights(kinds, false));
}

TEST(SparseInput, IsNotSharedByPlansThatScaleOtherwise) {
    auto kinds = Trio::kinds(SGD{.learning_rate = 0.1});
    std::get<Rescaling>(kinds[1].layers[1]).scale = 1.0 / 128;
    EXPECT_EQ(Trio::weights(kinds, true), Trio::weights(kinds, false));
    std::get<Rescaling>(kinds[2].layers[1]).offset = -0.5;
    EXPECT_EQ(Trio::weights(kinds, true), Trio::weights(kinds, false));
}

TEST(SparseInput, PredictsDenseBytesBesideANarrowerPlanAsAlone) {
    const std::vector<std::uint8_t> bytes = dense_bytes(features, 40);
    BatchView batch;
    batch.x.features = features;
    batch.x.bytes = bytes.data();
    batch.rows = 40;
    for (const auto& [first_units, units] : {std::pair{24, 200}, {200, 24}, {24, 40}}) {
        Net first(layers(0, first_units), {.optimizer = SGD{}}, {.largest_batch = 64});
        Net alone(layers(0, units), {.optimizer = SGD{}}, {.largest_batch = 64});
        Net beside(layers(0, units), {.optimizer = SGD{}}, {.largest_batch = 64, .beside = &first.plan});
        std::vector<float> expected(400), predictions(400), others(400);
        alone.plan.predict(batch, alone.values, expected);
        first.plan.predict(batch, first.values, others);
        beside.plan.predict(batch, beside.values, predictions);
        EXPECT_EQ(predictions, expected) << units << " beside " << first_units;
    }
}

TEST(SparseInput, PlansBesideEachOtherShareItsMemory) {
    const Net first(layers(), {.optimizer = SGD{}}, {.largest_batch = 64});
    const Net beside(layers(), {.optimizer = SGD{}}, {.largest_batch = 64, .beside = &first.plan});
    EXPECT_NEAR(static_cast<double>(first.plan.arena_floats() - beside.plan.arena_floats()),
                static_cast<double>(SparseInput::floats(features, 64)), 32);
}

}  // namespace
}  // namespace evenkeel::testing
