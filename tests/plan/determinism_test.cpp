// The same bits: for any number of threads, for repeated runs, with taps, and step by step. On numbers, and on pixels, of
// which so many are zero that the first Dense leaves them out.

#include <gtest/gtest.h>

#include <cstring>
#include <string_view>

#include "plan/dense_node.hpp"
#include "support/net.hpp"
#include "support/random_values.hpp"

namespace evenkeel::testing {
namespace {

using Floats = std::vector<float>;

/// 500 inputs make five parts of the first kernel; every kind of node is there.
std::vector<Layer> layers() {
    return {Input({500}),
            Rescaling(0.5),
            Dense(40),
            BatchNormalization(),
            ReLU(),
            Dropout(0.3),
            Dense(24),
            ReLU(),
            BatchNormalization(),
            Dense(24),
            Activation("tanh"),
            Rescaling(1.1, 0.1),
            BatchNormalization(),
            Activation("silu"),
            Dense(10, {.activation = "softmax"})};
}

enum class Source { numbers, pixels };

const Rows& numbers() {
    static const Rows rows = [] {
        Rows r;
        r.features = 500;
        r.x = normal_values<float>(150 * 500, 5);
        for (int i = 0; i < 150; ++i) r.labels.push_back(i * 7 % 10);
        return r;
    }();
    return rows;
}

/// Images whose border is zero, of other width in each row.
const std::vector<std::uint8_t>& pixels() {
    static const std::vector<std::uint8_t> values = [] {
        std::vector<std::uint8_t> v(150 * 500);
        const std::vector<float> noise = normal_values<float>(150 * 500, 6);
        for (std::size_t i = 0; i < v.size(); ++i) {
            const std::size_t row = i / 500, column = i % 500;
            const bool inside = column >= 60 + row % 40 && column < 440 - row % 30 && column % 20 < 12;
            v[i] =
                inside && noise[i] > 0 ? static_cast<std::uint8_t>(2 + 2 * std::min(noise[i], 3.0F)) : std::uint8_t{0};
        }
        return v;
    }();
    return values;
}

BatchView batch_of(Source source, std::int64_t first, std::int64_t rows) {
    BatchView view = numbers().batch(first, rows);
    if (source == Source::pixels) {
        view.x.floats = nullptr;
        view.x.bytes = pixels().data();
    }
    return view;
}

struct Bits {
    Floats weights, statistics, slots;
    std::vector<double> losses;

    bool operator==(const Bits& other) const {
        const auto same = [](const auto& a, const auto& b) {
            return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0);
        };
        return same(weights, other.weights) && same(statistics, other.statistics) && same(slots, other.slots) &&
               same(losses, other.losses);
    }
};

Bits bits_of(const Net& net, std::vector<double> losses) {
    Bits bits{copy_of(net.values.weights), copy_of(net.values.statistics), {}, std::move(losses)};
    for (const auto& slot : net.optimizer.slots) {
        const Floats values = copy_of(slot);
        bits.slots.insert(bits.slots.end(), values.begin(), values.end());
    }
    return bits;
}

enum class Way { train_step, four_calls };

/// 20 steps; the last batch of 150 rows is a short one.
Bits train(Source source, const Optimizer& optimizer, int threads, bool keep_values = false, Way way = Way::train_step,
           std::int64_t rows = 64) {
    Net net(layers(), {.optimizer = optimizer}, {.largest_batch = rows, .keep_values = keep_values}, 3, threads);
    std::vector<double> losses;
    for (int step = 0; step < 20; ++step) {
        const std::int64_t first = step % ((150 + rows - 1) / rows) * rows;
        const BatchView batch = batch_of(source, first, std::min(rows, 150 - first));
        if (way == Way::train_step) {
            losses.push_back(net.plan.train_step(batch, net.values, net.optimizer, 11).loss);
        } else {
            losses.push_back(net.plan.forward(batch, true, net.values, 11, net.optimizer.iteration + 1).loss);
            net.plan.backward(net.gradients);
            net.plan.update(net.gradients, net.values, net.optimizer);
            net.plan.commit_statistics(net.values);
        }
    }
    EXPECT_LT(losses.back(), losses.front()) << "it learns";
    return bits_of(net, std::move(losses));
}

const std::pair<const char*, Optimizer> optimizers[] = {
    {"sgd", SGD{.learning_rate = 0.05}},
    {"nesterov", SGD{.learning_rate = 0.02, .momentum = 0.9, .nesterov = true}},
    {"clipped", SGD{.learning_rate = 0.05, .momentum = 0.9, .global_clipnorm = 0.5}},
    {"rmsprop", RMSprop{.momentum = 0.5, .centered = true}},
    {"adamw", AdamW{.learning_rate = 0.002}},
};

class Determinism : public ::testing::TestWithParam<Source> {};
INSTANTIATE_TEST_SUITE_P(Sources, Determinism, ::testing::Values(Source::numbers, Source::pixels),
                         [](const auto& source) { return source.param == Source::numbers ? "Numbers" : "Pixels"; });

TEST_P(Determinism, AnyNumberOfThreadsAndAnyRepetitionGivesTheSameBits) {
    for (const auto& [name, optimizer] : optimizers) {
        const Bits one = train(GetParam(), optimizer, 1);
        for (const int threads : {1, 2, 3, 8})
            EXPECT_TRUE(train(GetParam(), optimizer, threads) == one) << name << " " << threads;
    }
}

// Who only predicts has room for one block a thread, where the batch has more blocks than threads.
TEST_P(Determinism, PredictionsAreTheSameWithRoomForABlockAsForTheBatch) {
    Net net(layers(), {.optimizer = SGD{.learning_rate = 0.05}}, {.largest_batch = 150}, 3);
    net.plan.train_step(batch_of(GetParam(), 0, 150), net.values, net.optimizer, 11);
    for (const std::int64_t rows : {150, 70, 1}) {
        const BatchView batch = batch_of(GetParam(), 150 - rows, rows);
        Floats expected(static_cast<std::size_t>(rows * 10));
        std::int64_t room_for_a_block = 0;
        net.plan.predict(batch, net.values, expected);
        for (const int threads : {1, 2, 3, 8}) {
            ThreadPool pool(threads);
            Plan plan(net.description, net.layout, nullptr, pool, {.largest_batch = 150, .training = false});
            if (threads == 1) room_for_a_block = plan.arena_floats();
            if (threads == 8) {
                EXPECT_LT(room_for_a_block, plan.arena_floats());
            }
            for (int repeat = 0; repeat < 3; ++repeat) {
                Floats predictions(expected.size());
                plan.predict(batch, net.values, predictions);
                ASSERT_EQ(predictions, expected) << rows << " rows, " << threads << " threads";
            }
        }
    }
}

// Who only predicts many dense rows copies W into panels; a plan that could train multiplies as in training.
TEST(DeterminismOfPanels, PredictionsOfManyRowsAreTheSameForAnyThreadsAndThoseOfTraining) {
    constexpr std::int64_t most = 600;
    const Floats x = normal_values<float>(most * 500, 5);
    // 160 columns are copied into panels, 64 are read where they lie.
    Net net({Input({500}), Dense(160), ReLU(), Dense(64), ReLU(), Dense(10, {.activation = "softmax"})}, {},
            {.largest_batch = most}, 3);
    for (const std::int64_t rows : {most, DenseNode::fewest_rows_of_panels}) {
        BatchView batch;
        batch.rows = rows;
        batch.x.floats = x.data();
        batch.x.features = 500;
        Floats of_training(static_cast<std::size_t>(rows * 10)), one(of_training.size());
        net.plan.predict(batch, net.values, of_training);
        for (const int threads : {1, 2, 3, 8}) {
            ThreadPool pool(threads);
            Plan plan(net.description, net.layout, nullptr, pool, {.largest_batch = most, .training = false});
            Floats predictions(of_training.size());
            plan.predict(batch, net.values, predictions);
            if (threads == 1) one = predictions;
            ASSERT_EQ(predictions, one) << rows << " rows, " << threads << " threads";
        }
        for (std::size_t i = 0; i < one.size(); ++i) ASSERT_NEAR(one[i], of_training[i], 1e-5F) << i;
    }
}

// One to four rows are multiplied as sums over 56 inputs at a time, more by a matrix product.
TEST(DeterminismOfSingleRows, FewRowsArePredictedAsManyAre) {
    const Floats x = normal_values<float>(20 * 500, 6);
    Net net(layers(), {}, {.largest_batch = 20});
    BatchView batch;
    batch.x.floats = x.data();
    batch.x.features = 500;
    const auto predicted = [&](std::int64_t first, std::int64_t rows) {
        batch.x.first_row = first;
        batch.rows = rows;
        Floats predictions(static_cast<std::size_t>(rows * 10));
        net.plan.predict(batch, net.values, predictions);
        return predictions;
    };
    const Floats many = predicted(0, 20);
    for (const std::int64_t rows : {1, 4}) {
        const Floats few = predicted(7, rows);
        for (std::size_t i = 0; i < few.size(); ++i) ASSERT_NEAR(few[i], many[70 + i], 1e-5F) << rows << ", " << i;
    }
}

TEST_P(Determinism, TapsChangeNoBit) {
    for (const auto& [name, optimizer] : optimizers)
        EXPECT_TRUE(train(GetParam(), optimizer, 2, true) == train(GetParam(), optimizer, 2)) << name;
}

// Plain SGD adds a kernel's gradient up in the weights themselves, which rounds otherwise.
TEST_P(Determinism, TrainStepIsItsFourCalls) {
    for (const auto& [name, optimizer] : optimizers) {
        for (const std::int64_t rows : {64, 150}) {  // the gradient of pixels adds up in one go, and in two
            const Bits calls = train(GetParam(), optimizer, 2, false, Way::four_calls, rows);
            const Bits step = train(GetParam(), optimizer, 2, false, Way::train_step, rows);
            if (std::string_view(name) != "sgd") {
                EXPECT_TRUE(step == calls) << name << ", batches of " << rows;
                continue;
            }
            const auto expect_near = [&](const auto& some, const auto& others) {
                ASSERT_EQ(some.size(), others.size());
                for (std::size_t i = 0; i < some.size(); ++i)
                    ASSERT_NEAR(some[i], others[i], 1e-6) << i << ", batches of " << rows;
            };
            expect_near(step.weights, calls.weights);
            expect_near(step.statistics, calls.statistics);
            expect_near(step.losses, calls.losses);
        }
    }
}

TEST(DeterminismOfDraws, ASeedOfDropoutAndAStepMatter) {
    Net net(layers(), {}, {.largest_batch = 64});
    const auto loss = [&](std::uint64_t seed, std::int64_t step) {
        return net.plan.forward(numbers().batch(0, 64), true, net.values, seed, step).loss;
    };
    EXPECT_EQ(loss(1, 1), loss(1, 1));
    EXPECT_NE(loss(1, 1), loss(2, 1));
    EXPECT_NE(loss(1, 1), loss(1, 2));
}

TEST(DeterminismOfDraws, OneSeedGivesTheSameDenseWeightsWithAndWithoutNormalization) {
    const std::vector<Layer> without = {Input({20}), Dense(16), ReLU(), Dense(12), ReLU(), Dense(10)};
    const std::vector<Layer> before = {
        Input({20}), Dense(16), BatchNormalization(), ReLU(), Dense(12), BatchNormalization(), ReLU(), Dense(10)};
    const std::vector<Layer> after = {Input({20}),          Dense(16), ReLU(), BatchNormalization(), Dense(12), ReLU(),
                                      BatchNormalization(), Dense(10)};
    const auto dense_weights = [](const std::vector<Layer>& l, std::uint64_t seed) {
        const ModelDescription d = describe(l);
        const VariableLayout layout(d);
        const VariableValues values(d, layout, seed);
        Floats all;
        for (const Variable& v : layout.variables) {
            if (v.role == Role::kernel || v.role == Role::bias)
                all.insert(all.end(), values.of(v).begin(), values.of(v).end());
        }
        return all;
    };
    EXPECT_EQ(dense_weights(without, 4), dense_weights(before, 4));
    EXPECT_EQ(dense_weights(without, 4), dense_weights(after, 4));
    EXPECT_NE(dense_weights(without, 4), dense_weights(without, 5));
}

}  // namespace
}  // namespace evenkeel::testing
